using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The sum of a column's clamped values, or of its units' clamped sums.</summary>
internal sealed class SumGroup : NumberGroup
{
    internal SumGroup(PlanContext context, ValueQuery value)
        : base(context) => Value = value;

    internal ValueQuery Value { get; }

    /// <inheritdoc/>
    internal override bool ByUnits => Value.PerPartition;

    /// <inheritdoc/>
    internal override double LaplaceUnits => Value.IsExact ? (double)Value.Grid.Magnitude * Context.PerPartition(Value) : base.LaplaceUnits;

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level) =>
        Value.Propose(Context.NoiseLog2(Value, Value.Magnitude, level), Value.Magnitude, level.Kind == NoiseKind.DiscreteLaplace || Context.IsProduct(Value));

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level) =>
        [Draw(Context.Scaled("sum", [new(Context.AccumulatorOf(Value.Accumulator()), BigInteger.One)], Value, Value.Grid.Unit, Value.Grid.Magnitude, Value.IsOneSigned), level, One)];

    /// <inheritdoc/>
    internal override bool IsWhole => Value.IsWhole;

    /// <inheritdoc/>
    internal override double Variance(NoiseKind kind, double amount) =>
        NoiseVariance(kind, amount, (double)Context.ContributionsL1(Value) * Change, (double)Context.ContributionsL2Squared(Value, Value.IsOneSigned) * Change * Change);

    /// <inheritdoc/>
    internal override double Reference(AggregateRequest request) => Change * Context.PerPartition(Value);

    private double Change => Value.Magnitude.ToDouble();
}
