using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Noise;

public class NoiseCalibrationTests
{
    /// <summary>The defining inequality in exact rationals: scale · epsilon at least the sensitivity.</summary>
    private static bool IsPrivate(NoiseSpec noise, BigInteger l1, BigInteger epsilonNumerator, BigInteger epsilonDenominator) =>
        noise.Numerator * epsilonNumerator >= l1 * noise.Denominator * epsilonDenominator;

    [Theory]
    [InlineData("1", "1", "1")]
    [InlineData("32", "1", "10")]
    [InlineData("1099511627776", "10986122886681098", "10000000000000000")]
    [InlineData("4611686018427387904", "1", "1125899906842624")]
    [InlineData("1", "1073741824", "1")]
    [InlineData("123456789012345678901234567890", "98765432109876543210987654321098765", "1000000000000000000000000000000000")]
    public void Laplace_AnySensitivityAndEpsilon_IsPrivateAndHalfOfItIsNot(string l1, string numerator, string denominator)
    {
        BigInteger sensitivity = BigInteger.Parse(l1, null);
        BigInteger n = BigInteger.Parse(numerator, null);
        BigInteger d = BigInteger.Parse(denominator, null);

        NoiseSpec noise = NoiseCalibration.Laplace(sensitivity, n, d);

        Assert.True(IsPrivate(noise, sensitivity, n, d));
        Assert.False(IsPrivate(noise with { Denominator = noise.Denominator * 2 }, sensitivity, n, d));
        Assert.True(noise.Numerator * n * (BigInteger.One << 60) <= sensitivity * noise.Denominator * d * ((BigInteger.One << 60) + 1));
    }

    [Theory]
    [InlineData(1, 1e-6, 8)]
    [InlineData(0.1, 1e-9, 100)]
    [InlineData(8, 1e-5, 2)]
    public void SafeSigma_WithManyPartitions_IsPrivateAndWithoutTheRootIsNot(double epsilon, double delta, int l0)
    {
        double sigma = GaussianPrivacy.SafeSigma(epsilon, delta, Math.Sqrt(l0));

        Assert.True(GaussianPrivacy.DeltaOf(epsilon, sigma, Math.Sqrt(l0)) <= delta);
        Assert.True(GaussianPrivacy.DeltaOf(epsilon, sigma / Math.Sqrt(l0), Math.Sqrt(l0)) > delta);
        Assert.True(GaussianPrivacy.DeltaOf(epsilon, sigma / 2, Math.Sqrt(l0)) > delta);
        Assert.True(GaussianPrivacy.DeltaOf(epsilon, sigma * (1 - 1e-7), Math.Sqrt(l0)) > delta);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(1)]
    [InlineData(3.7306)]
    [InlineData(1234567.89)]
    [InlineData(1e20)]
    public void Gaussian_AnySigma_IsNeverBelowItAndCloseToIt(double sigma)
    {
        NoiseSpec noise = NoiseCalibration.Gaussian(sigma);
        (BigInteger n, BigInteger d) = Rounding.ToRational(sigma);

        Assert.True(noise.Numerator * d * d >= n * n * noise.Denominator);
        Assert.InRange(NoiseCalibration.Spread(noise), sigma, sigma * (1 + 1e-11));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    public void DiscreteGaussian_OnAFineGrid_CostsWhatTheContinuousOneDoes(int bits)
    {
        double sigma = Math.ScaleB(1, bits);
        long sensitivity = (long)(sigma / 4);

        double discrete = DiscreteGaussianPrivacy.Delta(1, sigma * sigma, sensitivity);

        Assert.InRange(discrete / GaussianPrivacy.DeltaOf(1, sigma, sensitivity), 1 - 1e-5, 1 + 1e-5);
    }
}
