using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A partition selection that pays for itself: a table of chances, or a number of units or a sum of their weights that is compared with a threshold and not released.</summary>
internal sealed class SelectionGroup : QueryGroup
{
    internal SelectionGroup(PlanContext context, SelectionStrategy strategy)
        : base(context)
    {
        IsTable = strategy == SelectionStrategy.TruncatedGeometric;
        IsWeighted = strategy == SelectionStrategy.WeightedGaussian;
        Kind = strategy is SelectionStrategy.GaussianThreshold or SelectionStrategy.WeightedGaussian ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        Selects = true;
    }

    /// <inheritdoc/>
    internal override bool IsTable { get; }

    /// <inheritdoc/>
    internal override bool IsWeighted { get; }

    /// <inheritdoc/>
    internal override bool ByUnits => true;

    /// <inheritdoc/>
    internal override double LaplaceUnits => 1;

    /// <inheritdoc/>
    internal override GroupCost? OwnCost => IsTable ? new TableCost(Rounding.Outward(Budget!.Value.Epsilon), Rounding.Outward(Budget.Value.Delta), Epsilon.ToDouble(), SelectionDelta.ToDouble()) : null;

    /// <summary>Of a table: what one of the unit's partitions may cost.</summary>
    internal SelectionBudget? Budget { get; set; }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level) => IsTable ? [] : [Draw(IsWeighted ? Context.WeightQuery() : Context.CountQuery(true), level, One)];
}
