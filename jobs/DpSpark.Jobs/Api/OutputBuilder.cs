using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Says where the release goes.</summary>
public sealed class OutputBuilder
{
    internal OutputBuilder()
    {
    }

    internal YamlMap Node { get; } = new();

    /// <summary>Writes Parquet.</summary>
    /// <param name="path">The directory; <c>${name}</c> is a variable.</param>
    public OutputBuilder Parquet(string path) => To(path, "parquet");

    /// <summary>Writes CSV with a header.</summary>
    /// <param name="path">The directory; <c>${name}</c> is a variable.</param>
    public OutputBuilder Csv(string path) => To(path, "csv");

    /// <summary>Writes Arrow IPC.</summary>
    /// <param name="path">The directory; <c>${name}</c> is a variable.</param>
    public OutputBuilder Arrow(string path) => To(path, "arrow");

    /// <summary>Writes a table of Spark's catalog.</summary>
    /// <param name="name">Its name; <c>${name}</c> is a variable.</param>
    public OutputBuilder Table(string name) => Set("table", Tree.Template(name));

    /// <summary>Replaces what the directory or table holds; otherwise that is refused.</summary>
    public OutputBuilder Replace() => Set("mode", Tree.Word("replace"));

    /// <summary>Adds standard deviation and interval to each aggregate.</summary>
    /// <param name="level">Level between 0 and 1, e.g. 0.95.</param>
    public OutputBuilder ConfidenceInterval(DpNumber level) => Set("ci", Tree.Number(level));

    /// <summary>Raises negative numbers to zero, after noise.</summary>
    public OutputBuilder NonNegative() => Set("post", Tree.List([Tree.Word("non_negative")]));

    /// <summary>Marks numbers whose error is too large for their use, after noise; needs <see cref="ConfidenceInterval"/>.</summary>
    /// <param name="lowWhen">When a number is of low quality, e.g. <c>stddev &gt; 0.5 * abs(value)</c>.</param>
    /// <param name="perAggregate">One column <c>&lt;as&gt;_quality</c> for each aggregate; otherwise one column <c>quality</c>.</param>
    public OutputBuilder Quality(string lowWhen, bool perAggregate = false) =>
        Set("quality", new YamlMap().Set("low_when", Tree.Text(lowWhen)).Set("per", Tree.Word(perAggregate ? "aggregate" : "row")));

    private OutputBuilder To(string path, string format) => Set("path", Tree.Template(path)).Set("format", Tree.Word(format));

    private OutputBuilder Set(string key, YamlNode value)
    {
        Node.Set(key, value);
        return this;
    }
}
