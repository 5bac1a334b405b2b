using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A partition selection that pays for itself: a table of chances, or a number of units that is compared with a threshold and not released.</summary>
internal sealed class SelectionGroup : QueryGroup
{
    internal SelectionGroup(PlanContext context, SelectionStrategy strategy)
        : base(context)
    {
        IsTable = strategy == SelectionStrategy.TruncatedGeometric;
        Kind = strategy == SelectionStrategy.GaussianThreshold ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        Selects = true;
    }

    /// <inheritdoc/>
    internal override bool IsTable { get; }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level) => IsTable ? [] : [Draw(Context.CountQuery(true), level, One)];
}
