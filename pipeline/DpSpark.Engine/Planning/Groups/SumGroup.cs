using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The sum of a column's clamped values, or of its units' clamped sums.</summary>
internal sealed class SumGroup : QueryGroup
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

    /// <summary>Predicted variance of the sum.</summary>
    internal double Variance(NoiseKind kind, double amount)
    {
        var change = Value.Magnitude.ToDouble();
        return kind == NoiseKind.DiscreteLaplace
            ? 2 * Math.Pow((double)Context.ContributionsL1(Value) * change / amount, 2)
            : (double)Context.ContributionsL2Squared(Value, Value.IsOneSigned) * change * change / amount;
    }
}

/// <summary>A sum, released as it is.</summary>
internal sealed class SumOutput : PlannedOutput
{
    internal SumOutput(PlanContext context, int aggregate, SumGroup sum)
        : base(context, aggregate, sum)
    {
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        new NodeSpec { Output = Request.Output, Aggregate = Request.Kind, AggregateIndex = Aggregate, Form = NodeForm.Direct, Draws = [draws[0][0].Spec], IsInteger = Value!.IsWhole },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => ((SumGroup)group).Variance(kind, amount);

    /// <inheritdoc/>
    internal override double Reference => Value!.Magnitude.ToDouble() * Context.PerPartition(Value);
}

/// <summary>The sum of values that are all the same: that value times a count that is released anyway, at no cost of its own (dp-math.md 0.4).</summary>
internal sealed class EqualSumOutput : PlannedOutput
{
    internal EqualSumOutput(PlanContext context, int aggregate, CountGroup count)
        : base(context, aggregate, count)
    {
    }

    /// <summary>How many times the count's errors its own are.</summary>
    internal double Factor => Value!.Magnitude.ToDouble();

    /// <summary>The count carries the draw.</summary>
    internal override bool PaysLast => true;

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        new NodeSpec
        {
            Output = Request.Output,
            Aggregate = Request.Kind,
            AggregateIndex = Aggregate,
            Form = NodeForm.Scaled,
            Draws = [draws[0][0].Spec],
            Grid = Value!.Grid.Unit,
            Lower = (long)Value.Grid.Lower,
            Upper = (long)Value.Grid.Upper,
            IsInteger = Value.IsWhole,
        },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => Factor * Factor * ((CountGroup)group).Variance(kind, amount);

    /// <inheritdoc/>
    internal override double Reference => Factor * Context.PerPartition(Value!);
}
