using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Quantiles;

/// <summary>How values are put on the leaves and ranks are walked.</summary>
public enum QuantileWalk
{
    /// <summary>Leaves of equal width; the rank is taken as it is given.</summary>
    Native,

    /// <summary>The widespread C++ library's: values spread over one leaf less than there are, ranks kept within 0.005 and 0.995.</summary>
    Reference,
}

/// <summary>The shape of a tree of counts over a range: each value adds one to one node of every level below the root.</summary>
/// <remarks>
/// Guarantee: a unit with L0 partitions and Linf values in each changes L0 height nodes by at most Linf, so Laplace noise of scale L0 height Linf / eps, or Gaussian noise at L2
/// sensitivity Linf sqrt(L0 height), on EVERY node, those without data included, makes the whole tree private; every walk is post-processing, and any number of quantiles share it.
/// Source: Smith, STOC 2011; dp-math 3.8. Proof: docs/proofs/quantile-tree.md.
/// </remarks>
public sealed class QuantileTree
{
    /// <summary>Children that hold less than this share of their parent's total count as empty.</summary>
    public const double NegligibleShare = 0.005;

    private const double RankTolerance = 1e-6;
    private readonly double _width;

    /// <summary>A tree.</summary>
    /// <param name="lower">Lower end of the range.</param>
    /// <param name="upper">Upper end, above the lower.</param>
    /// <param name="height">Levels below the root, at least 1.</param>
    /// <param name="branching">Children per node, at least 2; branching^height at most 2^40.</param>
    /// <param name="walk">How values and ranks are treated.</param>
    public QuantileTree(double lower, double upper, int height, int branching, QuantileWalk walk = QuantileWalk.Native)
    {
        if (!(double.IsFinite(lower) && double.IsFinite(upper) && lower < upper))
        {
            throw new ArgumentOutOfRangeException(nameof(upper), "A range has finite ends, the lower one below the upper one.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(branching, 2);
        long leaves = 1;
        for (int i = 0; i < height; i++)
        {
            leaves *= branching;
            if (leaves > 1L << 40)
            {
                throw new ArgumentOutOfRangeException(nameof(height), "A tree has at most 2^40 leaves.");
            }
        }

        (Lower, Upper, Height, Branching, Walk, Leaves) = (lower, upper, height, branching, walk, leaves);
        _width = upper - lower;
    }

    /// <summary>Lower end of the range.</summary>
    public double Lower { get; }

    /// <summary>Upper end of the range.</summary>
    public double Upper { get; }

    /// <summary>Levels below the root.</summary>
    public int Height { get; }

    /// <summary>Children per node.</summary>
    public int Branching { get; }

    /// <summary>How values and ranks are treated.</summary>
    public QuantileWalk Walk { get; }

    /// <summary>Number of leaves.</summary>
    public long Leaves { get; }

    /// <summary>Laplace scale per node: L0 height Linf / eps.</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="linf">Values per unit and partition.</param>
    /// <param name="height">Levels below the root.</param>
    public static double LaplaceScale(double epsilon, int l0, int linf, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return DiscreteDistributions.LaplaceScale((double)l0 * height * linf, epsilon);
    }

    /// <summary>Gaussian standard deviation per node, at L2 sensitivity Linf sqrt(L0 height).</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">Above 0, below 1.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="linf">Values per unit and partition.</param>
    /// <param name="height">Levels below the root.</param>
    public static double GaussianSigma(double epsilon, double delta, int l0, int linf, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return GaussianPrivacy.Sigma(epsilon, delta, linf * Math.Sqrt((double)l0 * height));
    }

    /// <summary>The leaf of a value; values outside of the range belong to its ends.</summary>
    /// <param name="value">Not NaN.</param>
    public long Leaf(double value)
    {
        if (double.IsNaN(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), "NaN has no leaf: drop it before.");
        }

        double share = (Math.Clamp(value, Lower, Upper) - Lower) / _width;
        double spread = Walk == QuantileWalk.Reference ? Leaves - 1 : Leaves;
        return Math.Min(Leaves - 1, (long)Math.Floor(share * spread));
    }

    /// <summary>The leaf of a value on the integer grid, natively: no rounding at all.</summary>
    /// <param name="units">The value in grid units, clamped.</param>
    /// <param name="lowerUnits">Lower end in grid units.</param>
    /// <param name="upperUnits">Upper end in grid units, above the lower.</param>
    public long Leaf(long units, long lowerUnits, long upperUnits)
    {
        if (lowerUnits >= upperUnits)
        {
            throw new ArgumentOutOfRangeException(nameof(upperUnits), "The range is empty.");
        }

        Int128 above = (Int128)Math.Clamp(units, lowerUnits, upperUnits) - lowerUnits;
        return (long)Int128.Min(Leaves - 1, above * Leaves / ((Int128)upperUnits - lowerUnits));
    }

    /// <summary>The node of a leaf on a level: 1 below the root to <see cref="Height"/> at the leaves.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="level">The level.</param>
    public long Node(long leaf, int level)
    {
        for (int i = Height; i > level; i--)
        {
            leaf /= Branching;
        }

        return leaf;
    }

    /// <summary>The value at a rank: walks to the child where the share of the noisy counts passes the rank, and interpolates where it stops.</summary>
    /// <param name="rank">0 to 1.</param>
    /// <param name="count">The NOISY count of a node, by level and index; asked for nodes without data too.</param>
    public double Quantile(double rank, Func<int, long, double> count)
    {
        ArgumentNullException.ThrowIfNull(count);
        if (!(rank >= 0 && rank <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rank), "A rank lies between 0 and 1.");
        }

        double q = Walk == QuantileWalk.Reference ? Math.Clamp(rank, NegligibleShare, 1 - NegligibleShare) : rank;
        long node = 0;
        int level = 0;
        long leavesBelow = Leaves;
        double[] children = new double[Branching];
        while (level < Height)
        {
            double total = 0;
            for (int i = 0; i < Branching; i++)
            {
                children[i] = count(level + 1, (node * Branching) + i);
                total += children[i];
            }

            if (!(total > 0))
            {
                break;
            }

            double corrected = 0;
            for (int i = 0; i < Branching; i++)
            {
                children[i] = children[i] >= NegligibleShare * total ? children[i] : 0;
                corrected += children[i];
            }

            int chosen = Choose(children, corrected, ref q);
            node = (node * Branching) + chosen;
            level++;
            leavesBelow /= Branching;
        }

        double start = Lower + (_width * ((double)node * leavesBelow / Leaves));
        double end = Lower + (_width * ((double)(node + 1) * leavesBelow / Leaves));
        return start + (q * (end - start));
    }

    /// <summary>The values at several ranks in ascending order of rank: sorted, as a quantile never falls.</summary>
    /// <param name="ranks">Ascending.</param>
    /// <param name="count">The noisy count of a node; the same for the same node.</param>
    public double[] Quantiles(IReadOnlyList<double> ranks, Func<int, long, double> count)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        double[] values = new double[ranks.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (i > 0 && ranks[i] < ranks[i - 1])
            {
                throw new ArgumentException("Ranks are given in ascending order.", nameof(ranks));
            }

            values[i] = Quantile(ranks[i], count);
        }

        Array.Sort(values);
        return values;
    }

    // The first child whose cumulative share reaches q; q becomes the position within it.
    private static int Choose(double[] children, double total, ref double q)
    {
        double before = 0;
        int last = 0;
        for (int i = 0; i < children.Length; i++)
        {
            double share = children[i] / total;
            if (share > 0)
            {
                last = i;
                if (before + share >= q - RankTolerance)
                {
                    q = Math.Clamp((q - before) / share, 0, 1);
                    return i;
                }
            }

            before += share;
        }

        q = 1;
        return last;
    }
}
