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
        IsWeighted = strategy is SelectionStrategy.WeightedGaussian or SelectionStrategy.Sips;
        Rounds = strategy == SelectionStrategy.Sips ? context.Request.Selection!.Rounds : 0;
        Kind = strategy is SelectionStrategy.GaussianThreshold or SelectionStrategy.WeightedGaussian or SelectionStrategy.Sips ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        Selects = true;
    }

    /// <inheritdoc/>
    internal override bool IsTable { get; }

    /// <inheritdoc/>
    internal override bool IsWeighted { get; }

    /// <summary>Rounds that divide what it may cost; 0 for a selection of one step.</summary>
    internal int Rounds { get; }

    /// <inheritdoc/>
    internal override bool ByUnits => true;

    /// <inheritdoc/>
    internal override double LaplaceUnits => 1;

    /// <inheritdoc/>
    internal override GroupCost? OwnCost => IsTable ? new TableCost(Rounding.Outward(Budget!.Value.Epsilon), Rounding.Outward(Budget.Value.Delta), Epsilon.ToDouble(), SelectionDelta.ToDouble()) : null;

    /// <summary>Of a table: what one of the unit's partitions may cost.</summary>
    internal SelectionBudget? Budget { get; set; }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level) => IsTable ? []
        : Rounds > 0 ? [.. Enumerable.Range(1, Rounds).Select(r => Draw(Context.RoundQuery(), level, PartOf(r)))]
        : [Draw(IsWeighted ? Context.WeightQuery() : Context.CountQuery(true), level, One)];

    /// <summary>The part of mu² and of delta that a round has.</summary>
    /// <param name="round">The round, from 1.</param>
    internal Rational PartOf(int round)
    {
        var (part, sum) = SelectionRounds.PartOf(round, Rounds);
        return new(part, sum);
    }
}
