using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>
/// What one row changes in several draws together, recomputed from a plan's integers for its audit: soft bins, a centred sum beside its squares, the bins of a histogram, the coordinates of
/// a vector. Everything else is the sum of its draws.
/// </summary>
/// <param name="Noise">The noise that the change is compared with: the narrowest.</param>
/// <param name="L1">l1 norm of the change by one row, in its units.</param>
/// <param name="L2Squared">Squared l2 norm.</param>
internal sealed record JointChange(NoiseSpec Noise, BigInteger L1, BigInteger L2Squared)
{
    /// <summary>Whether no row changes a number down, so that a unit that is replaced by another moves the numbers by less than both together.</summary>
    internal bool IsOneSigned { get; init; }

    /// <summary>The changes of a node's paid draws, or null where they are no moments or are rounded after summation.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="draws">The draws that the node pays for.</param>
    /// <param name="unitsAreRows">Whether a unit has at most one row per partition.</param>
    internal static IReadOnlyList<JointChange>? OfMoments(StageSpec spec, IReadOnlyList<DrawSpec> draws, bool unitsAreRows)
    {
        if (draws.Any(d => d.Shift != 0 || !IsValid(d.Noise)) || RowPolynomial.Of(spec, draws, unitsAreRows) is not { } rows)
        {
            return null;
        }

        if (draws.Count > 1 && draws.All(d => d.Noise.Kind == NoiseKind.DiscreteLaplace) && rows.All(p => p.IsNonNegative) && rows.Aggregate((a, b) => a + b) is { IsConstant: true } sum)
        {
            // Soft bins: nothing negative, and the same in sum whatever the value. Their l2 norm is at most their l1 norm.
            return [new(Narrowest(draws), sum.One, sum.One * sum.One)];
        }

        var changes = new List<JointChange>();
        var beside = -1;
        for (var i = 0; i < draws.Count; i++)
        {
            if (beside < 0 && i + 1 < draws.Count && BesideSquares(draws[i], rows[i], draws[i + 1], rows[i + 1]) is { } pair)
            {
                changes.Add(pair);
                beside = i++;
                continue;
            }

            var change = rows[i].Largest;
            changes.Add(new(draws[i].Noise, change, change * change) { IsOneSigned = rows[i].IsNonNegative });
        }

        return changes;
    }

    /// <summary>The change of histogram bins or coordinates that are drawn once each.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="draws">The draws, each of one accumulator.</param>
    internal static JointChange? OfColumns(StageSpec spec, IReadOnlyList<DrawSpec> draws)
    {
        var accumulators = draws.Select(d => d.Terms[0].Accumulator).ToList();
        var first = spec.Accumulators[accumulators[0]];
        var factor = draws.Max(d => BigInteger.Abs(d.Terms[0].Coefficient));
        if (accumulators.Distinct().Count() != accumulators.Count || draws.Any(d => d.Shift != 0 || !IsValid(d.Noise) || d.Noise.Kind != draws[0].Noise.Kind))
        {
            return null;
        }

        if (first.Kind == AccumulatorKind.Bin)
        {
            return new(Narrowest(draws), factor, factor * factor) { IsOneSigned = draws.All(d => d.Terms[0].Coefficient.Sign > 0) };
        }

        // A vector that the kernel clips to the first coordinate's norm.
        var bound = factor * first.Upper;
        BigInteger dimension = draws.Count;
        return first.Norm switch
        {
            VectorNorm.L1 => new(Narrowest(draws), bound, bound * bound),
            VectorNorm.L2 => new(Narrowest(draws), CeilingRoot(bound * bound * dimension), bound * bound),
            VectorNorm.LInf => new(Narrowest(draws), bound * dimension, bound * bound * dimension),
            _ => null,
        };
    }

    /// <summary>
    /// a(2w - W) beside b((2w - W)² - W²) with Gaussian noise: the sum of squares over variances is convex in t = (2w - W)²/W², so it is largest at t = 0 or t = 1, where one of both is 0.
    /// </summary>
    private static JointChange? BesideSquares(DrawSpec first, RowPolynomial sum, DrawSpec second, RowPolynomial squares)
    {
        var width = sum.WidthW;
        var a = sum.W / 2;
        var b = squares.WW / 4;
        var isPair = first.Noise.Kind == NoiseKind.DiscreteGaussian && second.Noise.Kind == NoiseKind.DiscreteGaussian
            && sum is { WW.IsZero: true, V.IsZero: true, WV.IsZero: true } && sum.W == 2 * a && sum.One == -a * width
            && squares is { V.IsZero: true, WV.IsZero: true, One.IsZero: true } && !b.IsZero && squares.WW == 4 * b && squares.W == -4 * b * width;
        if (!isPair)
        {
            return null;
        }

        var one = new JointChange(first.Noise, BigInteger.Abs(a) * width, a * a * width * width);
        var other = new JointChange(second.Noise, BigInteger.Abs(b) * width * width, b * b * width * width * width * width);
        return one.Cost() >= other.Cost() ? one : other;
    }

    private static bool IsValid(NoiseSpec noise) => noise.Numerator.Sign > 0 && noise.Denominator.Sign > 0;

    private Rational Cost() => Rational.From(L2Squared) * new Rational(Noise.Denominator, Noise.Numerator);

    private static NoiseSpec Narrowest(IReadOnlyList<DrawSpec> draws) => draws.Select(d => d.Noise).MinBy(n => new Rational(n.Numerator, n.Denominator))!;

    private static BigInteger CeilingRoot(BigInteger square)
    {
        if (square.IsZero)
        {
            return square;
        }

        // Newton's iteration from above ends at the floor.
        var root = BigInteger.One << (int)((square.GetBitLength() + 1) / 2);
        while (root * root > square && (root + (square / root)) / 2 is var next && next < root)
        {
            root = next;
        }

        return root * root == square ? root : root + 1;
    }
}
