using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A group whose draws are released as they are, each as a number of its own.</summary>
internal abstract class NumberGroup : QueryGroup
{
    private protected NumberGroup(PlanContext context)
        : base(context)
    {
    }

    /// <summary>Whether the numbers are whole.</summary>
    internal abstract bool IsWhole { get; }

    /// <summary>Predicted variance of one number, squared real units.</summary>
    /// <param name="kind">Noise family.</param>
    /// <param name="amount">Epsilon (Laplace) or mu² (Gaussian).</param>
    internal abstract double Variance(NoiseKind kind, double amount);

    /// <summary>What one unit's contribution to a partition can be, in real units.</summary>
    /// <param name="request">The aggregate that releases the numbers.</param>
    internal abstract double Reference(AggregateRequest request);

    /// <summary>Variance of noise that hides a change.</summary>
    private protected static double NoiseVariance(NoiseKind kind, double amount, double l1, double l2Squared) =>
        kind == NoiseKind.DiscreteLaplace ? 2 * Math.Pow(l1 / amount, 2) : l2Squared / amount;
}

/// <summary>Numbers that are released as they are drawn: one column per draw.</summary>
internal sealed class NumbersOutput : PlannedOutput
{
    private readonly NumberGroup _numbers;

    internal NumbersOutput(PlanContext context, int aggregate, NumberGroup numbers)
        : base(context, aggregate, numbers) => _numbers = numbers;

    /// <inheritdoc/>
    internal override string DrawName(int draw) => AggregateColumns.Of(Request)[draw];

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
        [.. draws[0].Zip(AggregateColumns.Of(Request), (draw, name) => Node(name, NodeForm.Direct, draw.Spec) with { IsInteger = _numbers.IsWhole })];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => _numbers.Variance(kind, amount);

    /// <inheritdoc/>
    internal override double Reference => _numbers.Reference(Request);
}
