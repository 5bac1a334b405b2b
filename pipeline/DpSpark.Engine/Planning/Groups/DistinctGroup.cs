using System.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The number of distinct values of a column, of which one unit shows at most so many in a partition (dp-math.md 3.6).</summary>
/// <remarks>Adding a unit adds at most V values to a partition and removes none: l1 norm L0 · V, squared l2 norm L0 · V².</remarks>
internal sealed class DistinctGroup : NumberGroup
{
    private readonly ItemSpec _item;

    internal DistinctGroup(PlanContext context, AggregateRequest request)
        : base(context)
    {
        // Rows that are not kept show no value.
        var rows = context.Request.Aggregates.Any(RequestCheck.SamplesRows) ? context.Norms.RowsPerPartition : null;
        var most = (int)BigInteger.Min(request.MaxValues!.Value, rows ?? int.MaxValue);
        _item = new ItemSpec { Kind = ItemKind.Distinct, Column = request.Column!, MaxValues = Math.Min(most, request.MaxValues.Value) };
    }

    /// <inheritdoc/>
    internal override bool ByUnits => true;

    /// <inheritdoc/>
    internal override double LaplaceUnits => (double)PerPartition;

    /// <summary>Distinct values that one unit may add to a partition.</summary>
    internal BigInteger PerPartition => _item.MaxValues;

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var l1 = Context.L1(true) * PerPartition;
        var l2Squared = Context.L2Squared(true, true) * PerPartition * PerPartition;
        var query = Context.CountQuery(true) with { Part = "distinct", Terms = [new(Term.OfItem(Context.ItemOf(_item)), BigInteger.One)], PerPartition = PerPartition, L1 = l1, L2Squared = l2Squared, IsProduct = true };
        return [Draw(query, level, One)];
    }

    /// <inheritdoc/>
    internal override bool IsWhole => true;

    /// <inheritdoc/>
    internal override double Variance(NoiseKind kind, double amount) =>
        NoiseVariance(kind, amount, (double)Context.L1(true) * (double)PerPartition, (double)Context.L2Squared(true, true) * (double)PerPartition * (double)PerPartition);

    /// <inheritdoc/>
    internal override double Reference(AggregateRequest request) => (double)PerPartition;
}
