using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Says what is released. Each aggregate has a share of the budget: a weight (1 where nothing is said), or an epsilon of its own.</summary>
public sealed class AggregateBuilder
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

    private AggregateBuilder Add(string kind, string column, string output, (string Key, DpNumber Value)[] bounds, DpNumber? weight, DpNumber? epsilon, DpNumber? delta)
    {
        var map = new YamlMap().Set(kind, Tree.Text(column));
        foreach (var (key, value) in bounds)
        {
            map.Set(key, Tree.Number(value));
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
