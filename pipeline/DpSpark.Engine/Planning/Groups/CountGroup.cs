using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The number of rows or of units per partition; where a unit has one row per partition, both at once.</summary>
internal sealed class CountGroup : QueryGroup
{
    private readonly bool _ofUnits;

    /// <summary>A count.</summary>
    /// <param name="context">What the groups share.</param>
    /// <param name="ofUnits">Whether the draw counts units.</param>
    internal CountGroup(PlanContext context, bool ofUnits)
        : base(context) => _ofUnits = ofUnits;

    /// <summary>Whether it is the number of units, or as many rows.</summary>
    internal bool CountsUnits => _ofUnits || Context.Norms.RowsPerPartition is { IsOne: true };

    /// <inheritdoc/>
    internal override bool ByUnits => _ofUnits;

    /// <inheritdoc/>
    internal override double LaplaceUnits => _ofUnits ? 1 : (double)Context.Norms.RowsPerPartition!.Value;

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level) => [Draw(Context.CountQuery(_ofUnits), level, One)];

    /// <summary>Where a unit has one row per partition, rows and units are one number; without bounding (test modes) they are two, so each output keeps its own terms.</summary>
    internal override PlannedDraw For(PlannedDraw draw, PlannedOutput output)
    {
        var accumulator = output.Request.Kind == AggregateKind.PrivacyIdCount || output.Value is { PerPartition: true } ? -1 : Context.RowCount();
        return draw with { Spec = draw.Spec with { Terms = [.. draw.Spec.Terms.Select(t => t with { Accumulator = accumulator })] } };
    }

    /// <summary>Predicted variance of the count.</summary>
    internal double Variance(NoiseKind kind, double amount)
    {
        return kind == NoiseKind.DiscreteLaplace ? 2 * Math.Pow((double)Context.L1(_ofUnits) / amount, 2) : (double)Context.L2Squared(_ofUnits, true) / amount;
    }
}

/// <summary>A count, released as it is.</summary>
internal sealed class CountOutput : PlannedOutput
{
    internal CountOutput(PlanContext context, int aggregate, CountGroup count)
        : base(context, aggregate, count)
    {
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        new NodeSpec { Output = Request.Output, Aggregate = Request.Kind, AggregateIndex = Aggregate, Form = NodeForm.Direct, Draws = [draws[0][0].Spec], IsInteger = true },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => ((CountGroup)group).Variance(kind, amount);

    /// <inheritdoc/>
    internal override double Reference => Request.Kind == AggregateKind.PrivacyIdCount ? 1 : (double)Context.Norms.RowsPerPartition!.Value;
}
