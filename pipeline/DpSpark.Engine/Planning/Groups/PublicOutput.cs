using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A number that the bounds alone decide: no noise, no cost.</summary>
internal sealed class PublicOutput : PlannedOutput
{
    internal PublicOutput(PlanContext context, int aggregate)
        : base(context, aggregate)
    {
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        new NodeSpec
        {
            Output = Request.Output,
            Aggregate = Request.Kind,
            AggregateIndex = Aggregate,
            Form = NodeForm.Constant,
            Draws = [],
            Grid = Value!.Grid.Unit,
            Lower = (long)Value.Grid.Lower,
            Upper = (long)Value.Grid.Upper,
            IsInteger = Request.Kind == AggregateKind.Sum && Value.IsWhole,
        },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => 0;
}
