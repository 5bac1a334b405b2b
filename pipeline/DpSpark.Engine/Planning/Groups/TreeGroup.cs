using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>One tree of counts over a column's values between two bounds: all of its quantiles, its minimum and its maximum are read off it (dp-math.md 3.8, 3.9).</summary>
/// <remarks>
/// One value lies in one family of every level and changes the family's measurements by one column of its code c, so a unit changes the whole tree by l1 norm rows · sum over levels of |c|_1 and by
/// squared l2 norm rows² · sum over levels of |c|². The levels' noise divides the amount: each gets its share.
/// </remarks>
internal sealed class TreeGroup : QueryGroup
{
    /// <summary>Bits of the range on the grid of a floating-point column: far finer than a leaf, and times the leaves below 2^52.</summary>
    private const int RangeBits = 36;

    internal TreeGroup(PlanContext context, ValueQuery value, AggregateRequest request)
        : base(context)
    {
        Value = value;
        Own = value.IsExact ? value : new ValueQuery(request, context.Request.Columns.First(c => c.Name == request.Column));
        if (!Own.IsExact)
        {
            Own.Settle(Own.Width.FloorLog2() - RangeBits);
        }
    }

    internal ValueQuery Value { get; }

    /// <summary>The values on the tree's own grid.</summary>
    private ValueQuery Own { get; }

    /// <summary>Index of the tree in the stage description, once an output has named it.</summary>
    internal int Tree { get; private set; } = -1;

    /// <summary>Levels of different scales: nothing is assumed of the loss but its pure epsilon.</summary>
    internal override double LaplaceUnits => 1;

    private TreeShape Shape(NoiseKind kind) => TreeShape.For(kind, Own.Grid.Width + 1);

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        Tree = -1;
        var shape = Shape(level.Kind);
        var draws = new List<PlannedDraw>();
        foreach (var share in shape.Shares)
        {
            // One grid for all: a code's unit is 1/256 of a value or less, counts are whole.
            var l1 = Context.L1(false) * shape.NormL1;
            var l2Squared = Context.L2Squared(false, false) * shape.NormL2Squared;
            var amount = level.Amount * share;
            var scale = BigInteger.One;
            if (level.Kind == NoiseKind.DiscreteGaussian && DrawBuilder.SigmaBits(l2Squared, amount) is var bits && bits < level.GridBits)
            {
                scale <<= level.GridBits - bits;
            }

            var noise = level.Kind == NoiseKind.DiscreteLaplace ? NoiseCalibration.Laplace(l1, amount.Numerator, amount.Denominator) : Gaussian(l2Squared * scale * scale, amount);
            draws.Add(new(
                new DrawSpec
                {
                    Part = $"node{draws.Count + 1}",
                    Terms = [.. shape.Coefficients.Select(c => new Term(int.MaxValue, c * scale))],
                    Noise = noise,
                    Grid = GridUnit.One,
                    StandardDeviation = NoiseCalibration.StandardDeviation(noise),
                },
                Context.Norms.RowsPerPartition!.Value * scale * shape.NormL1,
                l1 * scale,
                l2Squared * scale * scale));
        }

        return draws;
    }

    /// <summary>The tree in the stage description, under the name of the output that pays for it.</summary>
    internal int TreeOf(string output, IReadOnlyList<PlannedDraw> draws)
    {
        if (Tree < 0)
        {
            var grid = Own.Grid;
            var item = Context.ItemOf(new ItemSpec
            {
                Kind = ItemKind.Leaf,
                Column = Own.Column,
                Grid = grid.Unit,
                Lower = (long)grid.Lower,
                Upper = (long)grid.Upper,
                Leaves = Shape(Kind).Leaves,
            });
            Tree = Context.AddTree(new TreeSpec
            {
                Output = output,
                Item = item,
                Branching = Shape(Kind).Branching,
                Levels = [.. draws.Select(d => new TreeLevelSpec { Coefficients = [.. d.Spec.Terms.Select(t => (long)t.Coefficient)], Noise = d.Spec.Noise })],
            });
        }

        return Tree;
    }

    /// <summary>Predicted standard deviation of the rank error, in values, where a partition has many; read with a noisy total of this variance, if there is one.</summary>
    internal double RankDeviation(double rank, NoiseKind kind, double amount, double? totalVariance = null)
    {
        var shape = Shape(kind);
        var share = amount * shape.Shares[0].ToDouble();
        var noise = kind == NoiseKind.DiscreteLaplace
            ? Math.Sqrt(2) * (double)(Context.L1(false) * shape.NormL1) / share
            : Math.Sqrt((double)(Context.L2Squared(false, false) * shape.NormL2Squared) / share);
        return noise * (totalVariance is { } total ? shape.RankDeviation(rank, total / (noise * noise)) : shape.RankDeviation(rank));
    }

    private static NoiseSpec Gaussian(BigInteger l2Squared, Rational muSquared)
    {
        var variance = (Rational.From(l2Squared) / muSquared).Ceiling();
        return new(NoiseKind.DiscreteGaussian, variance, BigInteger.One, NoiseSampler.Choose(NoiseKind.DiscreteGaussian, variance, BigInteger.One));
    }
}

/// <summary>Quantiles, a minimum or a maximum.</summary>
internal sealed class QuantileOutput : PlannedOutput
{
    internal QuantileOutput(PlanContext context, int aggregate, TreeGroup tree)
        : base(context, aggregate, tree)
    {
    }

    /// <inheritdoc/>
    internal override string NodeName => AggregateColumns.Of(Request)[0];

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws)
    {
        var tree = ((TreeGroup)Groups[0]).TreeOf(NodeName, draws[0]);
        var names = AggregateColumns.Of(Request);
        return
        [
            .. names.Select((name, i) => Node(name, NodeForm.Quantile) with
            {
                Tree = tree,
                Rank = Request.Kind == AggregateKind.Quantile ? Request.Ranks![i].ToString() : null,
            }),
        ];
    }

    /// <summary>Predicted standard deviation of the rank error, in values, at the rank where it is largest.</summary>
    /// <param name="totalVariance">Variance of the noisy number of rows that the tree is read with, or null.</param>
    internal double RankDeviation(double? totalVariance) => Ranks().Max(r => ((TreeGroup)Groups[0]).RankDeviation(r, Groups[0].Kind, Groups[0].Level.Value, totalVariance));

    /// <summary>Of the rank, in squared values: what a rank error is worth in the column's units depends on the data.</summary>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount)
    {
        return Ranks().Average(r => Math.Pow(((TreeGroup)group).RankDeviation(r, kind, amount), 2));
    }

    /// <summary>A rank weighs as much as a count: what a tree's ranks cost more than a count at the same amount is in the nature of a tree, and not a reason to take from the other numbers.</summary>
    internal override double Reference
    {
        get
        {
            var tree = Groups[0];
            var count = tree.Kind == NoiseKind.DiscreteLaplace ? Context.LaplaceVariance(1) : Context.GaussianVariance(1, true);
            return (double)Context.Norms.RowsPerPartition!.Value * Math.Sqrt(Variance(tree, tree.Kind, 1) / count);
        }
    }

    private double[] Ranks() => Request.Ranks is { } asked ? [.. asked.Select(r => r.ToDouble())] : [Request.Kind == AggregateKind.Min ? 0.02 : 0.98];
}
