using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>Everything a mean needs: two soft bins with Laplace noise, the centred sum and the count with Gaussian noise (dp-math.md 3.4).</summary>
internal sealed class MeanGroup : QueryGroup
{
    /// <summary>sqrt(3) / (1 + sqrt(3)), to four digits; any share is private, this one is the most accurate.</summary>
    private static readonly Rational s_centredShare = new(6340, 10000);

    internal MeanGroup(PlanContext context, ValueQuery value)
        : base(context) => Value = value;

    internal ValueQuery Value { get; }

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level) =>
        Value.Propose(Context.NoiseLog2(Value, Value.Width, level), Value.Width, level.Kind == NoiseKind.DiscreteLaplace || Context.IsProduct(Value));

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var sum = Context.AccumulatorOf(Value.Accumulator());
        var count = Context.RowCount();
        var grid = Value.Grid;
        if (level.Kind == NoiseKind.DiscreteLaplace)
        {
            // A row moves the pair by exactly the width, so one mechanism at the full epsilon pays for both bins (dp-math.md 3.4).
            var low = Context.Scaled("bin0", Sparse(new(count, grid.Upper), new(sum, BigInteger.MinusOne)), Value, grid.Unit, grid.Width);
            var high = Context.Scaled("bin1", Sparse(new(sum, BigInteger.One), new(count, -grid.Lower)), Value, grid.Unit, grid.Width);
            return [DrawBuilder.Laplace(low, level.Amount), DrawBuilder.Laplace(high, level.Amount)];
        }

        // In half units the centred value 2k - (Lo + Hi) is an integer within ±width. Division of mu² by dp-math.md 5.10 with costs 1 and width²/12: as
        // l2 of the sum is width/2 times that of the count, the shares are as 1/2 to 1/sqrt(12), that is sqrt(3) : 1 in sum.
        var centred = Context.Scaled("ns", Sparse(new(sum, 2), new(count, -(grid.Lower + grid.Upper))), Value, grid.Unit.ShiftedBy(-1), grid.Width);
        return [Draw(centred, level, s_centredShare), Draw(Context.CountQuery(false), level, One - s_centredShare)];
    }

    /// <summary>Predicted variance of the mean times the count: delta method with the prior (mean - mid)² = width² / 12 (dp-math.md 3.4).</summary>
    internal double Variance(NoiseKind kind, double amount)
    {
        var width = Value.Width.ToDouble();
        var l1 = (double)Context.ContributionsL1(Value);
        var l2Squared = (double)Context.ContributionsL2Squared(Value);
        var centred = s_centredShare.ToDouble();

        // Two bins of variance 2 (l1 width / eps)² each: ns = (S1 - S0)/2, count = (S0 + S1)/width.
        var (sum, count) = kind == NoiseKind.DiscreteLaplace
            ? (Math.Pow(l1 * width / amount, 2), 4 * Math.Pow(l1 / amount, 2))
            : (l2Squared * width * width / 4 / (amount * centred), l2Squared / (amount * (1 - centred)));
        return sum + (width * width / 12 * count);
    }

    private static Term[] Sparse(params Term[] terms) => Array.FindAll(terms, t => !t.Coefficient.IsZero);
}

/// <summary>A mean.</summary>
internal sealed class MeanOutput : PlannedOutput
{
    internal MeanOutput(PlanContext context, int aggregate, MeanGroup mean)
        : base(context, aggregate, mean)
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
            Form = draws[0][0].Spec.Part == "bin0" ? NodeForm.TwoBinMean : NodeForm.NormalizedMean,
            Draws = [.. draws[0].Select(d => d.Spec)],
            Grid = Value!.Grid.Unit,
            Lower = (long)Value.Grid.Lower,
            Upper = (long)Value.Grid.Upper,
        },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount) => ((MeanGroup)group).Variance(kind, amount);
}
