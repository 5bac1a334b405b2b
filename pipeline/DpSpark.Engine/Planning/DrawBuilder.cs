using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>An integer query over all partitions: what is summed, on which grid, and what one unit may change in integer units.</summary>
/// <param name="Part">Part of the metric bytes.</param>
/// <param name="Terms">The linear combination of accumulators.</param>
/// <param name="Grid">Real value of one unit.</param>
/// <param name="PerPartition">Change of the number in one partition.</param>
/// <param name="L1">l1 norm of the change over all partitions.</param>
/// <param name="L2Squared">Squared l2 norm.</param>
/// <param name="Partitions">Partitions that change.</param>
/// <param name="IsProduct">Whether the norms are those of a bound per partition and a number of partitions.</param>
internal sealed record IntegerQuery(
    string Part, IReadOnlyList<Term> Terms, GridUnit Grid, BigInteger PerPartition, BigInteger L1, BigInteger L2Squared, BigInteger Partitions, bool IsProduct)
{
    /// <summary>What the l1 norm of one unit's presence is multiplied with: 2 where a unit is replaced.</summary>
    internal int L1Factor { get; init; } = 1;

    /// <summary>What the squared l2 norm is multiplied with: where a unit is replaced, 2 for numbers of one sign, which cannot cancel, and 4 for others.</summary>
    internal int L2Factor { get; init; } = 1;
}

/// <summary>A draw and the sensitivities, in its own grid's units, that its noise was made for.</summary>
internal sealed record PlannedDraw(DrawSpec Spec, BigInteger PerPartition, BigInteger L1, BigInteger L2Squared);

/// <summary>Puts exact noise on integer queries.</summary>
internal static class DrawBuilder
{
    /// <summary>Bits of sigma up to which the Gaussian sampler works in 128-bit arithmetic (dp-math.md 1.4, F4).</summary>
    private const int NarrowSigmaBits = 24;

    /// <summary>Bits of a coarsened sensitivity: rounding it up then costs at most 2^-14.</summary>
    private const int SensitivityBits = 14;

    /// <summary>Discrete Laplace noise on the query's own grid: scale at least l1 / epsilon.</summary>
    internal static PlannedDraw Laplace(IntegerQuery query, Rational epsilon)
    {
        var noise = NoiseCalibration.Laplace(query.L1, epsilon.Numerator, epsilon.Denominator);
        return new(
            new DrawSpec
            {
                Part = query.Part,
                Terms = query.Terms,
                Grid = query.Grid,
                Noise = noise,
                StandardDeviation = NoiseCalibration.StandardDeviation(noise) * BoundsGrid.UnitValue(query.Grid).ToDouble(),
            },
            query.PerPartition,
            query.L1,
            query.L2Squared);
    }

    /// <summary>
    /// Discrete Gaussian noise with sigma² at least l2² / mu², on a grid of at least 2^<paramref name="gridBits"/> units per sigma: the query's own, a finer one (the sum is
    /// multiplied by a power of two, exactly), or, where the bounds allow it and sigma is too wide for fast sampling, a coarser one to which the sum is rounded first.
    /// </summary>
    internal static PlannedDraw Gaussian(IntegerQuery query, Rational muSquared, int gridBits)
    {
        var bits = SigmaBits(query.L2Squared, muSquared);
        var perPartition = query.PerPartition;
        var l1 = query.L1;
        var l2Squared = query.L2Squared;
        var terms = query.Terms;
        var grid = query.Grid;
        var shift = 0;
        if (bits < gridBits)
        {
            var finer = gridBits - bits;
            terms = [.. terms.Select(t => t with { Coefficient = t.Coefficient << finer })];
            grid = grid.ShiftedBy(-finer);
            perPartition <<= finer;
            l1 <<= finer;
            l2Squared <<= 2 * finer;
        }
        else if (bits >= NarrowSigmaBits && query.IsProduct)
        {
            // dp-math.md 1.6: coarsen once, after summation; each partition then changes by at most ceil(change / 2^shift).
            shift = Math.Min(Math.Max((int)perPartition.GetBitLength() - 1 - SensitivityBits, bits + 1 - NarrowSigmaBits), bits - gridBits);
            shift = Math.Max(shift, 0);
            perPartition = -((-perPartition) >> shift);
            l1 = perPartition * query.Partitions * query.L1Factor;
            l2Squared = perPartition * perPartition * query.Partitions * query.L2Factor;
            grid = grid.ShiftedBy(shift);
        }

        // A whole number of squared units: for sigma of 2^10 units and more, rounding up costs less than 2^-20.
        var variance = (Rational.From(l2Squared) / muSquared).Ceiling();
        var noise = new NoiseSpec(NoiseKind.DiscreteGaussian, variance, BigInteger.One, NoiseSampler.Choose(NoiseKind.DiscreteGaussian, variance, BigInteger.One));
        return new(
            new DrawSpec
            {
                Part = query.Part,
                Terms = terms,
                Shift = shift,
                Grid = grid,
                Noise = noise,
                StandardDeviation = NoiseCalibration.StandardDeviation(noise) * BoundsGrid.UnitValue(grid).ToDouble(),
            },
            perPartition,
            l1,
            l2Squared);
    }

    /// <summary>floor(log2(sigma)) in units for a squared l2 norm and a mu².</summary>
    internal static int SigmaBits(BigInteger l2Squared, Rational muSquared) => (Rational.From(l2Squared) / muSquared).FloorLog2() >> 1;
}
