using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A number that the bounds alone decide: no noise, no cost.</summary>
internal sealed class PublicOutput : PlannedOutput
{
    internal PublicOutput(PlanContext context, int aggregate)
        : base(context, aggregate)
    {
    }

    /// <summary>Whether it is a measure of spread, which is 0 for values that are all the same.</summary>
    private bool IsSpread => Request.Kind is AggregateKind.Variance or AggregateKind.Stddev or AggregateKind.Covariance;

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        .. AggregateColumns.Of(Request).Select(name => Node(name, NodeForm.Constant) with
        {
            Grid = IsSpread ? GridUnit.One : Value!.Grid.Unit,
            Lower = IsSpread ? 0 : (long)Value!.Grid.Lower,
            Upper = IsSpread ? 0 : (long)Value!.Grid.Upper,
            IsInteger = Request.Kind == AggregateKind.Sum && Value!.IsWhole,
        }),
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => 0;

    /// <inheritdoc/>
    internal override double Reference => 1;
}
