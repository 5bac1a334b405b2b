using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <content>Aggregates whose bounds a first pass finds.</content>
public sealed partial class AggregateBuilder
{
    /// <summary>Sum of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Sum(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("sum", column, auto, "value", output, weight, epsilon, delta);

    /// <summary>Sum of a column, each unit's sum in a partition clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder SumPerPartition(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("sum", column, auto, "partition_sum", output, weight, epsilon, delta);

    /// <summary>Mean of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Mean(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("mean", column, auto, null, output, weight, epsilon, delta);

    /// <summary>Variance of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Variance(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("variance", column, auto, null, output, weight, epsilon, delta);

    /// <summary>Standard deviation of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Stddev(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("stddev", column, auto, null, output, weight, epsilon, delta);

    /// <summary>Quantiles of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="ranks">Ranks, 0 to 1; 0.5 is the median.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Beginning of the output columns' names; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Quantile(string column, IReadOnlyList<DpNumber> ranks, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        AddAuto("quantile", column, auto, null, output, weight, epsilon, delta);
        ((YamlMap)Node.Items[^1]).Set("ranks", Tree.List(ranks.Select(r => Tree.Number(r))));
        return this;
    }

    /// <summary>Approximate minimum of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Min(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("min", column, auto, null, output, weight, epsilon, delta);

    /// <summary>Approximate maximum of a column, each value clamped to bounds that a first pass finds.</summary>
    /// <param name="column">The column.</param>
    /// <param name="auto">What finding the bounds costs.</param>
    /// <param name="output">Name of the output column; the column's where nothing is said.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    public AggregateBuilder Max(string column, BudgetPart auto, string? output = null, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null) =>
        AddAuto("max", column, auto, null, output, weight, epsilon, delta);

    private AggregateBuilder AddAuto(string kind, string column, BudgetPart auto, string? clamp, string? output, DpNumber? weight, DpNumber? epsilon, DpNumber? delta)
    {
        ArgumentNullException.ThrowIfNull(auto);
        Add(kind, column, output ?? column, [], weight, epsilon, delta);
        ((YamlMap)Node.Items[^1]).Set("auto", auto.Auto(clamp));
        return this;
    }
}
