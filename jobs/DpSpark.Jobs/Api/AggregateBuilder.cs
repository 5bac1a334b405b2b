using DpSpark.Core.Parameters;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Says what is released. Each aggregate has a share of the budget: a weight (1 where nothing is said), or an epsilon of its own.</summary>
public sealed partial class AggregateBuilder
{
    internal AggregateBuilder(YamlList node) => Node = node;

    internal YamlList Node { get; }

    /// <summary>Rows.</summary>
    /// <param name="output">Name of the output column.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Count(string output = "count", DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) => Add("count", "*", output, [], weight, epsilon, delta);

    /// <summary>Privacy units.</summary>
    /// <param name="output">Name of the output column.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder PrivacyIdCount(string output = "privacy_id_count", DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("privacy_id_count", "*", output, [], weight, epsilon, delta);

    /// <summary>Sum of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Sum(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("sum", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Sum of a column, each unit's sum in a partition clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="minSum">Lower bound of a unit's sum in a partition.</param>
    /// <param name="maxSum">Upper bound of a unit's sum in a partition.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder SumPerPartition(string column, DpNumber minSum, DpNumber maxSum, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("sum", column, output ?? column, [("min_sum_per_partition", minSum), ("max_sum_per_partition", maxSum)], weight, epsilon, delta);

    /// <summary>Mean of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Mean(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("mean", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Quantiles of a column, each value clamped: one column of the output per rank, named like <c>fare_p25</c>.</summary>
    /// <param name="column">The column.</param>
    /// <param name="ranks">Ranks, 0 to 1; 0.5 is the median.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Beginning of the output columns' names; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Quantile(string column, IReadOnlyList<DpNumber> ranks, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        Add("quantile", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);
        var list = new YamlList();
        foreach (var rank in ranks)
        {
            list.Items.Add(Tree.Number(rank));
        }

        ((YamlMap)Node.Items[^1]).Set("ranks", list);
        return this;
    }

    /// <summary>Approximate minimum of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Min(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("min", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Approximate maximum of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Max(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("max", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Distinct values of a column of any type.</summary>
    /// <param name="column">The column.</param>
    /// <param name="maxValues">How many values of one unit in one partition count.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder CountDistinct(string column, int maxValues, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("count_distinct", column, output ?? column, [("max_values", maxValues)], weight, epsilon, delta);

    /// <summary>Variance of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Variance(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("variance", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Standard deviation of a column, each value clamped.</summary>
    /// <param name="column">The column.</param>
    /// <param name="min">Lower bound of a value.</param>
    /// <param name="max">Upper bound of a value.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Stddev(string column, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("stddev", column, output ?? column, [("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Counts of a column's values in bins [a, b), the last one closed; one output column per bin.</summary>
    /// <param name="column">The column.</param>
    /// <param name="edges">The bins' edges, rising.</param>
    /// <param name="output">What the names of the output columns begin with; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Histogram(string column, IReadOnlyList<DpNumber> edges, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("histogram", Tree.Text(column), output ?? column, [("edges", Numbers(edges))], weight, epsilon, delta);

    /// <summary>Counts of a column's values in bins of one width; one output column per bin.</summary>
    /// <param name="column">The column.</param>
    /// <param name="width">The bins' width.</param>
    /// <param name="min">The first edge.</param>
    /// <param name="max">The last edge.</param>
    /// <param name="output">What the names of the output columns begin with; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Histogram(string column, DpNumber width, DpNumber min, DpNumber max, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("histogram", column, output ?? column, [("width", width), ("min_value", min), ("max_value", max)], weight, epsilon, delta);

    /// <summary>Sums of several columns, each row clipped as a vector; one output column per column.</summary>
    /// <param name="columns">The columns.</param>
    /// <param name="norm">The norm that a row is clipped to.</param>
    /// <param name="maxNorm">Its bound.</param>
    /// <param name="output">What the names of the output columns begin with; vector_sum where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder VectorSum(IReadOnlyList<string> columns, VectorNorm norm, DpNumber maxNorm, string output = "vector_sum", DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("vector_sum", Texts(columns), output, [("norm", Tree.Text(norm switch { VectorNorm.L1 => "l1", VectorNorm.L2 => "l2", _ => "linf" })), ("max_norm", Tree.Number(maxNorm))], weight, epsilon, delta);

    /// <summary>Covariance of two columns, each value clamped.</summary>
    /// <param name="first">A column.</param>
    /// <param name="second">Another column.</param>
    /// <param name="min">Lower bounds of their values.</param>
    /// <param name="max">Upper bounds of their values.</param>
    /// <param name="output">Name of the output column; covariance where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Covariance(string first, string second, (DpNumber First, DpNumber Second) min, (DpNumber First, DpNumber Second) max, string output = "covariance", DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        Add("covariance", Texts([first, second]), output, [("min_values", Numbers([min.First, min.Second])), ("max_values", Numbers([max.First, max.Second]))], weight, epsilon, delta);

    private AggregateBuilder Add(string kind, string column, string output, (string Key, DpNumber Value)[] bounds, DpNumber? weight, DpNumber? epsilon, DpNumber? delta) =>
        Add(kind, Tree.Text(column), output, [.. bounds.Select(b => (b.Key, (YamlNode)Tree.Number(b.Value)))], weight, epsilon, delta);

    private static YamlList Texts(IReadOnlyList<string> texts) => Tree.List(texts.Select(Tree.Text));

    private static YamlList Numbers(IReadOnlyList<DpNumber> numbers) => Tree.List(numbers.Select(n => Tree.Number(n)));

    private AggregateBuilder Add(string kind, YamlNode what, string output, (string Key, YamlNode Value)[] parameters, DpNumber? weight, DpNumber? epsilon, DpNumber? delta)
    {
        var map = new YamlMap().Set(kind, what);
        foreach (var (key, value) in parameters)
        {
            map.Set(key, value);
        }

        map.Set("as", Tree.Text(output));
        if (Tree.Share(weight, epsilon, delta) is { } share)
        {
            map.Set("budget", share);
        }

        Node.Items.Add(map);
        return this;
    }
}
