using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>Soft bins of one column: two for count and sum, three where squares are needed. A row moves them together by exactly one, so one mechanism pays for all (dp-math.md 3.4, 3.5).</summary>
internal sealed class BinsGroup : QueryGroup
{
    internal BinsGroup(PlanContext context, ValueQuery value, bool squares)
        : base(context) => (Value, Squares) = (value, squares);

    internal ValueQuery Value { get; }

    /// <summary>Whether there are three bins.</summary>
    internal bool Squares { get; }

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level) => Value.Propose(Context.NoiseLog2(Value, Value.Width, level), Value.Width, level.Kind == NoiseKind.DiscreteLaplace);

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var count = Context.RowCount();
        var sum = Context.AccumulatorOf(Value.Accumulator());
        var grid = Value.Grid;
        var width = grid.Width;
        if (!Squares)
        {
            return
            [
                Bin("bin0", PlanContext.Sparse(new(count, grid.Upper), new(sum, BigInteger.MinusOne)), grid.Unit, width, level),
                Bin("bin1", PlanContext.Sparse(new(sum, BigInteger.One), new(count, -grid.Lower)), grid.Unit, width, level),
            ];
        }

        // With w = k - Lo: (W - w)² = W² - 2W w + w², 2w(W - w) = 2W w - 2w², w².
        var square = Context.AccumulatorOf(Value.Accumulator() with { Kind = AccumulatorKind.Square });
        Term[] Polynomial(BigInteger constant, BigInteger linear, BigInteger quadratic) =>
            PlanContext.Sparse(new(count, constant - (linear * grid.Lower)), new(sum, linear), new(square, quadratic));
        var unit = grid.Unit.Squared();
        return
        [
            Bin("bin0", Polynomial(width * width, -2 * width, 1), unit, width * width, level),
            Bin("bin1", Polynomial(0, 2 * width, -2), unit, width * width, level),
            Bin("bin2", Polynomial(0, 0, 1), unit, width * width, level),
        ];
    }

    /// <summary>Where a unit has one row per partition, its count is read off the bins, too; without bounding (test modes) it keeps terms of its own.</summary>
    internal override PlannedDraw For(PlannedDraw draw, PlannedOutput output) => output.Request.Kind != AggregateKind.PrivacyIdCount
        ? draw
        : draw with { Spec = draw.Spec with { Terms = [.. draw.Spec.Terms.Select(t => t.Accumulator == Context.RowCount() ? t with { Accumulator = -1 } : t)] } };

    /// <summary>Predicted variance of Σ coefficient · bin, a bin being a number of rows.</summary>
    internal double Variance(double amount, params double[] coefficients) => Context.LaplaceVariance(amount) * coefficients.Sum(c => c * c);

    private PlannedDraw Bin(string part, IReadOnlyList<Term> terms, GridUnit grid, BigInteger change, NoiseLevel level) =>
        Draw(Context.RowQuery(part, terms, grid, change, true), level, One);
}

/// <summary>Four soft bins of two columns: the products of (1 - x, x) and (1 - y, y), which sum to one. One mechanism gives count, both sums and the sum of products.</summary>
internal sealed class PairBinsGroup : QueryGroup
{
    internal PairBinsGroup(PlanContext context, ValueQuery first, ValueQuery second)
        : base(context) => (First, Second) = (first, second);

    internal ValueQuery First { get; }

    internal ValueQuery Second { get; }

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level)
    {
        foreach (var value in new[] { First, Second })
        {
            value.Propose(Context.NoiseLog2(value, value.Width, level), value.Width, level.Kind == NoiseKind.DiscreteLaplace);
        }
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var (width, other) = (First.Grid.Width, Second.Grid.Width);
        var unit = First.Grid.Unit.Times(Second.Grid.Unit);
        PlannedDraw Bin(string part, BigInteger one, BigInteger first, BigInteger second, BigInteger product) =>
            Draw(Context.RowQuery(part, Context.Bilinear(First, Second, one, first, second, product), unit, width * other, true), level, One);
        return
        [
            Bin("bin00", width * other, -other, -width, 1),
            Bin("bin10", 0, other, 0, -1),
            Bin("bin01", 0, 0, width, -1),
            Bin("bin11", 0, 0, 0, 1),
        ];
    }

    /// <summary>Predicted variance of Σ coefficient · bin, a bin being a number of rows.</summary>
    internal double Variance(double amount, params double[] coefficients) => Context.LaplaceVariance(amount) * coefficients.Sum(c => c * c);
}
