using DpSpark.Arrow;
using DpSpark.Core.Stages;

namespace DpSpark.Jobs.Quality;

/// <summary>Adds the columns that a quality rule asks for to a released table.</summary>
internal static class QualityColumns
{
    /// <summary>Name of the one column of all aggregates.</summary>
    public const string Name = "quality";

    /// <summary>Names of the added columns.</summary>
    public static IEnumerable<string> NamesOf(QualityRule rule, IEnumerable<string> outputs) => rule.PerAggregate ? outputs.Select(o => $"{o}_{Name}") : [Name];

    /// <summary>The table with its columns; the same buffers.</summary>
    /// <param name="table">A released table with intervals.</param>
    /// <param name="spec">What it was released by.</param>
    /// <param name="rule">The rule.</param>
    public static RecordBatch Add(RecordBatch table, StageSpec spec, QualityRule rule)
    {
        var low = spec.Nodes.Select(n => LowOf(table, n.Output, rule)).ToList();
        var outputs = spec.Nodes.Select(n => n.Output).ToList();
        var columns = rule.PerAggregate ? low : [[.. Enumerable.Range(0, table.Length).Select(row => low.Any(l => l[row]))]];
        return new RecordBatch(
            table.Schema with { Fields = [.. table.Schema.Fields, .. NamesOf(rule, outputs).Select(n => new Field(n, ArrowType.Utf8, false))] },
            [.. table.Columns, .. columns.Select(c => ArrowArrays.Utf8([.. c.Select(isLow => isLow ? "low" : "high")]))], table.Length);
    }

    private static bool[] LowOf(RecordBatch table, string output, QualityRule rule)
    {
        var numbers = ((string[])["", "_stddev", "_ci_low", "_ci_high"]).Select(s => Numbers(table.Columns[table.Schema.IndexOf(output + s)])).ToArray();
        return [.. Enumerable.Range(0, table.Length).Select(row => rule.IsLow(numbers[0][row], numbers[1][row], numbers[2][row], numbers[3][row]))];
    }

    private static double[] Numbers(ArrowArray array) => array.Type == ArrowType.Double ? array.ValuesAs<double>().ToArray() : Array.ConvertAll(array.ValuesAs<long>().ToArray(), static v => (double)v);
}
