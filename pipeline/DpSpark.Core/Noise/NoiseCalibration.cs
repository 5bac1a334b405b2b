using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Noise;

/// <summary>From sensitivity and budget to noise with exact rational parameters, never less than what the guarantee needs.</summary>
/// <remarks>Computed once by the planner; hosts take the integers as they are. No formula here forms 1/epsilon as a double.</remarks>
public static class NoiseCalibration
{
    // Exact ratios up to this size keep the reference sampler in 128-bit arithmetic.
    private static readonly BigInteger s_exactLimit = BigInteger.One << 80;

    /// <summary>Discrete Laplace noise of scale l1/epsilon.</summary>
    /// <param name="l1Units">L1 sensitivity in noise units, at least 1.</param>
    /// <param name="epsilonNumerator">Numerator of epsilon, at least 1.</param>
    /// <param name="epsilonDenominator">Denominator of epsilon, at least 1.</param>
    /// <remarks>
    /// Guarantee: epsilon-differential privacy for integer queries of that L1 sensitivity (Ghosh, Roughgarden and Sundararajan, "Universally Utility-Maximizing Privacy Mechanisms",
    /// STOC 2009). The scale is the exact ratio where its reduced terms are below 2^80, else the next multiple of a power of two with 64 significant bits above it.
    /// </remarks>
    public static NoiseSpec Laplace(BigInteger l1Units, BigInteger epsilonNumerator, BigInteger epsilonDenominator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l1Units, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(epsilonNumerator, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(epsilonDenominator, BigInteger.One);
        BigInteger t = l1Units * epsilonDenominator;
        BigInteger s = epsilonNumerator;
        Reduce(ref t, ref s);
        if (t >= s_exactLimit || s >= s_exactLimit)
        {
            int bits = Math.Max(0, 64 - (int)(t.GetBitLength() - s.GetBitLength()));
            t = Rounding.CeilingDivide(t << bits, s);
            s = BigInteger.One << bits;
            Reduce(ref t, ref s);
        }

        return new(NoiseKind.DiscreteLaplace, t, s, NoiseSampler.Choose(NoiseKind.DiscreteLaplace, t, s));
    }

    /// <summary>Discrete Gaussian noise of at least a standard deviation: sigma^2 = n/d rounded up, d a power of two that leaves 40 significant bits.</summary>
    /// <param name="sigmaUnits">The least standard deviation in noise units, above 0, already safe (<see cref="GaussianPrivacy.SafeSigma"/>).</param>
    /// <remarks>
    /// Guarantee: L2^2 / (2 sigma^2) zero-concentrated differential privacy, as for continuous noise (Canonne, Kamath and Steinke, NeurIPS 2020, theorem 4). The (epsilon, delta) statement of
    /// the continuous mechanism carries over only on a grid with sigma of 2^10 units and more, where the gap is below 1e-7 relative; see <see cref="DiscreteGaussianPrivacy"/>.
    /// </remarks>
    public static NoiseSpec Gaussian(double sigmaUnits)
    {
        if (!(sigmaUnits > 0) || double.IsInfinity(sigmaUnits))
        {
            throw new ArgumentOutOfRangeException(nameof(sigmaUnits), "A standard deviation is finite and above 0.");
        }

        (BigInteger numerator, BigInteger denominator) = Rounding.ToRational(Math.BitIncrement(sigmaUnits));
        numerator *= numerator;
        denominator *= denominator;
        int bits = Math.Max(0, 40 - (int)(numerator.GetBitLength() - denominator.GetBitLength()));
        BigInteger n = Rounding.CeilingDivide(numerator << bits, denominator);
        BigInteger d = BigInteger.One << bits;
        Reduce(ref n, ref d);
        return new(NoiseKind.DiscreteGaussian, n, d, NoiseSampler.Choose(NoiseKind.DiscreteGaussian, n, d));
    }

    /// <summary>Scale of Laplace noise, or sigma of Gaussian noise, in noise units.</summary>
    /// <param name="noise">The noise.</param>
    public static double Spread(NoiseSpec noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        double value = Rounding.Nearest(noise.Numerator, noise.Denominator);
        return noise.Kind == NoiseKind.DiscreteLaplace ? value : Math.Sqrt(value);
    }

    /// <summary>Standard deviation of the noise in noise units.</summary>
    /// <param name="noise">The noise.</param>
    public static double StandardDeviation(NoiseSpec noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        double value = Rounding.Nearest(noise.Numerator, noise.Denominator);
        return Math.Sqrt(noise.Kind == NoiseKind.DiscreteLaplace
            ? DiscreteDistributions.LaplaceVariance(value)
            : DiscreteDistributions.GaussianVariance(value));
    }

    /// <summary>Half-width in noise units of the interval around a noisy value that covers the bounded value with this confidence.</summary>
    /// <param name="noise">The noise.</param>
    /// <param name="confidence">The level, between 0 and 1.</param>
    public static double HalfWidth(NoiseSpec noise, double confidence)
    {
        ArgumentNullException.ThrowIfNull(noise);
        double value = Rounding.Nearest(noise.Numerator, noise.Denominator);
        return noise.Kind == NoiseKind.DiscreteLaplace
            ? DiscreteDistributions.DiscreteLaplaceHalfWidth(value, confidence)
            : DiscreteDistributions.DiscreteGaussianHalfWidth(value, confidence);
    }

    private static void Reduce(ref BigInteger numerator, ref BigInteger denominator)
    {
        BigInteger common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        numerator /= common;
        denominator /= common;
    }
}
