using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The number of rows or of units per partition; where a unit has one row per partition, both at once.</summary>
internal sealed class CountGroup : NumberGroup
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

    /// <inheritdoc/>
    internal override bool IsWhole => true;

    /// <inheritdoc/>
    internal override double Variance(NoiseKind kind, double amount) =>
        NoiseVariance(kind, amount, (double)Context.L1(_ofUnits), (double)Context.L2Squared(_ofUnits, true));

    /// <inheritdoc/>
    internal override double Reference(AggregateRequest request) => request.Kind == AggregateKind.PrivacyIdCount ? 1 : (double)Context.Norms.RowsPerPartition!.Value;
}
