using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>
/// The sum of a column's values less their midpoint, and with it, for nothing, the sum of their squares: with u in [-1, 1] the pair (u, u² - 1) has length at most 1, since t + (1 - t)² ≤ 1
/// for t = u² in [0, 1]. Sigmas in the ratio of the two ranges therefore cost what the sum alone costs.
/// </summary>
internal sealed class CentredGroup : QueryGroup
{
    private readonly string _part;

    internal CentredGroup(PlanContext context, ValueQuery value, bool squares, string part)
        : base(context) => (Value, Squares, _part) = (value, squares, part);

    internal ValueQuery Value { get; }

    /// <summary>Whether squares are drawn, too; only with Gaussian noise.</summary>
    internal bool Squares { get; }

    /// <inheritdoc/>
    internal override void SettleGrid(NoiseLevel level) =>
        Value.Propose(Context.NoiseLog2(Value, Value.Width, level), Value.Width, level.Kind == NoiseKind.DiscreteLaplace || (Context.IsProduct(Value) && !Squares));

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var count = Context.RowCount();
        var sum = Context.AccumulatorOf(Value.Accumulator());
        var grid = Value.Grid;
        var width = grid.Width;

        // In half units the centred value z = 2k - (Lo + Hi) is an integer within ±width. Beside squares it is not rounded after summation: the pair has a joint norm.
        var centred = Context.RowQuery(_part, PlanContext.Sparse(new(sum, 2), new(count, -(grid.Lower + grid.Upper))), grid.Unit.ShiftedBy(-1), width, false);
        if (!Squares)
        {
            return [Draw(centred with { IsProduct = Context.IsProduct(Value) }, level, One)];
        }

        // z² - width² = 4w² - 4 width w, w = k - Lo.
        var square = Context.AccumulatorOf(Value.Accumulator() with { Kind = AccumulatorKind.Square });
        var squares = Context.RowQuery(
            "sq", PlanContext.Sparse(new(square, 4), new(sum, -4 * width), new(count, 4 * width * grid.Lower)), grid.Unit.Squared().ShiftedBy(-2), width * width, false);
        return [Draw(centred, level, One), Draw(squares, level, One)];
    }

    /// <summary>Predicted variance of the sum, and of the sum of squares, in units of half the width and its square.</summary>
    internal double Variance(NoiseKind kind, double amount) => kind == NoiseKind.DiscreteLaplace ? Context.LaplaceVariance(amount) : Context.GaussianVariance(amount, false);
}

/// <summary>The sum of products of two columns' values less their midpoints.</summary>
internal sealed class CrossGroup : QueryGroup
{
    internal CrossGroup(PlanContext context, ValueQuery first, ValueQuery second)
        : base(context) => (First, Second) = (first, second);

    internal ValueQuery First { get; }

    internal ValueQuery Second { get; }

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        // z z' = (2w - W)(2w' - W'), in quarter units, within ±W W'.
        var (width, other) = (First.Grid.Width, Second.Grid.Width);
        var terms = Context.Bilinear(First, Second, width * other, -2 * other, -2 * width, 4);
        return [Draw(Context.RowQuery("xy", terms, First.Grid.Unit.Times(Second.Grid.Unit).ShiftedBy(-2), width * other, false), level, One)];
    }

    /// <summary>Predicted variance, in units of the product of half the widths.</summary>
    internal double Variance(NoiseKind kind, double amount) => kind == NoiseKind.DiscreteLaplace ? Context.LaplaceVariance(amount) : Context.GaussianVariance(amount, false);
}
