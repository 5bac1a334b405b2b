using System.Numerics;

namespace DpSpark.Core.Noise;

/// <summary>Exact noise parameters from sensitivities and budget shares, rounded so that the noise is never too small (dp-math.md 1.5).</summary>
public static class NoiseScale
{
    private const int FractionBits = 40;
    private static readonly BigInteger s_wholeFrom = BigInteger.One << 20;

    /// <summary>Scale of the discrete Laplace noise for an integer query: the smallest multiple of 2^-40, or the smallest integer from 2^20 on, that is at least l1 / epsilon; in lowest terms.</summary>
    /// <param name="l1">l1 sensitivity in units, at least 1.</param>
    /// <param name="epsilonNumerator">Numerator of the exact epsilon, positive.</param>
    /// <param name="epsilonDenominator">Its denominator, positive.</param>
    /// <remarks>Guarantee: numerator/denominator · epsilon is at least l1 in exact arithmetic, so the query with this noise is epsilon-differentially private.</remarks>
    public static (BigInteger Numerator, BigInteger Denominator) Laplace(BigInteger l1, BigInteger epsilonNumerator, BigInteger epsilonDenominator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l1, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(epsilonNumerator, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(epsilonDenominator, BigInteger.One);
        var whole = CeilingOf(l1 * epsilonDenominator, epsilonNumerator);
        if (whole >= s_wholeFrom)
        {
            return (whole, BigInteger.One);
        }

        var scaled = CeilingOf((l1 * epsilonDenominator) << FractionBits, epsilonNumerator);
        var common = BigInteger.GreatestCommonDivisor(scaled, BigInteger.One << FractionBits);
        return (scaled / common, (BigInteger.One << FractionBits) / common);
    }

    /// <summary>sigma² of discrete Gaussian noise as a whole number of squared units: the smallest integer at least l2² / mu².</summary>
    /// <param name="l2Squared">Squared l2 sensitivity in squared units, at least 1.</param>
    /// <param name="muSquaredNumerator">Numerator of mu², positive; already rounded down.</param>
    /// <param name="muSquaredDenominator">Its denominator, positive.</param>
    /// <remarks>Meant for sigma of 2^10 units and more, where rounding sigma² up to an integer costs less than a relative 2^-20.</remarks>
    public static BigInteger GaussianVariance(BigInteger l2Squared, BigInteger muSquaredNumerator, BigInteger muSquaredDenominator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l2Squared, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(muSquaredNumerator, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(muSquaredDenominator, BigInteger.One);
        return CeilingOf(l2Squared * muSquaredDenominator, muSquaredNumerator);
    }

    private static BigInteger CeilingOf(BigInteger numerator, BigInteger denominator) => (numerator + denominator - 1) / denominator;
}
