using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

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
        Node(Request.Output, NodeForm.Scaled, draws[0][0].Spec) with
        {
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
