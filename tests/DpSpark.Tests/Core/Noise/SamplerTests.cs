using System.Numerics;
using System.Security.Cryptography;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Testing.Statistics;

namespace DpSpark.Tests.Core.Noise;

/// <summary>
/// Every sampler against its exact distribution: 200 000 draws from a fixed key. False alarms: 1e-6 per check, once for the key that is fixed here. Power: the same check on the same draws
/// rejects the distribution with 0.8 and 1.25 times the scale.
/// </summary>
public class SamplerTests
{
    private const int Draws = 200_000;
    private const double FalseAlarm = 1e-6;

    [Theory]
    [InlineData(NoiseKind.DiscreteLaplace, 1, 1, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteLaplace, 7, 3, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteLaplace, 40, 1, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteLaplace, 1, 1, SamplerVersion.Table)]
    [InlineData(NoiseKind.DiscreteLaplace, 7, 3, SamplerVersion.Table)]
    [InlineData(NoiseKind.DiscreteLaplace, 40, 1, SamplerVersion.Table)]
    [InlineData(NoiseKind.DiscreteGaussian, 1, 1, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteGaussian, 9, 4, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteGaussian, 900, 1, SamplerVersion.Cks)]
    [InlineData(NoiseKind.DiscreteGaussian, 1, 1, SamplerVersion.Table)]
    [InlineData(NoiseKind.DiscreteGaussian, 9, 4, SamplerVersion.Table)]
    [InlineData(NoiseKind.DiscreteGaussian, 900, 1, SamplerVersion.Table)]
    public void Sample_ManyDraws_FollowTheDistributionAndNoOtherScale(NoiseKind kind, int numerator, int denominator, string sampler)
    {
        var noise = new NoiseSampler(new NoiseSpec(kind, numerator, denominator, sampler));
        var stream = new KeyedStream(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{kind} {numerator} {denominator} {sampler}")));
        double parameter = (double)numerator / denominator;
        long[] draws = new long[Draws];

        for (int i = 0; i < draws.Length; i++)
        {
            draws[i] = (long)noise.Sample(stream);
        }

        Assert.True(PValue(draws, kind, parameter, 1) > FalseAlarm);
        Assert.True(PValue(draws, kind, parameter, 0.8) < FalseAlarm);
        Assert.True(PValue(draws, kind, parameter, 1.25) < FalseAlarm);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 3)]
    [InlineData(5, 2)]
    [InlineData(1, 1000)]
    public void BernoulliExp_ManyDraws_HasItsProbability(int numerator, int denominator)
    {
        var stream = new KeyedStream(SHA256.HashData(BitConverter.GetBytes((numerator * 4096) + denominator)));
        double p = Math.Exp(-(double)numerator / denominator);

        int hits = Enumerable.Range(0, Draws).Count(_ => CksSampler.BernoulliExp(stream, numerator, denominator));

        // Five standard deviations: false alarms 6e-7.
        Assert.InRange(hits, (Draws * p) - (5 * Math.Sqrt(Draws * p * (1 - p))), (Draws * p) + (5 * Math.Sqrt(Draws * p * (1 - p))));
    }

    [Fact]
    public void DiscreteGaussian_WideAndNarrowArithmetic_MakeTheSameDraws()
    {
        // The same sigma^2 with terms that fit 128 bits and terms that do not takes other words, but both follow the distribution.
        BigInteger factor = BigInteger.One << 130;
        var stream = new KeyedStream(SHA256.HashData("wide"u8));
        long[] draws = [.. Enumerable.Range(0, 20_000).Select(_ => (long)CksSampler.DiscreteGaussian(stream, 9 * factor, 4 * factor))];

        Assert.True(PValue(draws, NoiseKind.DiscreteGaussian, 2.25, 1) > FalseAlarm);
        Assert.True(PValue(draws, NoiseKind.DiscreteGaussian, 2.25, 1.25) < FalseAlarm);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(1, 1_000_000_000)]
    [InlineData(100, 1)]
    public void DiscreteLaplaceTable_Entries_AreTheDistributionFunction(int t, int s)
    {
        var table = NoiseTable.DiscreteLaplace(t, s);
        double scale = (double)t / s;

        for (int k = 0; k < table.Entries; k++)
        {
            double expected = 1 - (2 * DiscreteDistributions.LaplaceUpperTail(scale, k + 1));
            Assert.Equal(expected, (double)table.Entry(k) * Math.ScaleB(1, -191), 1e-14);
            Assert.True(k == 0 || table.Entry(k) >= table.Entry(k - 1));
        }

        Assert.Equal((BigInteger.One << 191) - 1, table.Entry(table.Entries - 1));
    }

    [Fact]
    public void Entry_OneHalf_IsTheFloorOfTheExactRational()
    {
        // F(0) = tanh(s/(2t)); at scale 1 that is (e - 1)/(e + 1), here to 60 decimals from the series of e.
        BigInteger unit = BigInteger.One << 400;
        BigInteger e = BigInteger.Zero;
        BigInteger term = unit;
        for (int i = 1; term > 0; i++)
        {
            e += term;
            term /= i;
        }

        BigInteger expected = ((e - unit) << 191) / (e + unit);

        Assert.Equal(expected, NoiseTable.DiscreteLaplace(1, 1).Entry(0));
    }

    [Theory]
    [InlineData(NoiseKind.DiscreteLaplace, 3, 1, 5)]
    [InlineData(NoiseKind.DiscreteGaussian, 9, 4, 2)]
    public void Sample_AllBitsEqualAnEntry_IsDecidedByFurtherExactBits(NoiseKind kind, int numerator, int denominator, int k)
    {
        NoiseTable table = kind == NoiseKind.DiscreteLaplace
            ? NoiseTable.DiscreteLaplace(numerator, denominator)
            : NoiseTable.DiscreteGaussian(numerator, denominator);
        BigInteger entry = table.Entry(k);
        ulong top = (ulong)(entry >> 128);
        ulong middle = (ulong)((entry >> 64) & ulong.MaxValue);
        ulong low = (ulong)(entry & ulong.MaxValue);

        Assert.Equal(k, table.Sample(new ScriptedWords(top, middle, low, 0)));
        Assert.Equal(k + 1, table.Sample(new ScriptedWords(top, middle, low, ulong.MaxValue)));
        Assert.Equal(-k, table.Sample(new ScriptedWords(top | (1UL << 63), middle, low - 1)));
        Assert.Equal(k + 1, table.Sample(new ScriptedWords(top, middle, low + 1)));
    }

    [Fact]
    public void Sample_Ordinarily_TakesOneWord()
    {
        var stream = new KeyedStream(SHA256.HashData("one word"u8));
        var table = NoiseTable.DiscreteLaplace(128, 1);

        for (int i = 0; i < 10_000; i++)
        {
            table.Sample(stream);
        }

        Assert.Equal(10_000, stream.WordsConsumed);
    }

    [Fact]
    public void Sample_EpsilonOfABillion_IsAlmostAlwaysZero()
    {
        NoiseSpec spec = NoiseCalibration.Laplace(1, 1_000_000_000, 1);
        var noise = new NoiseSampler(spec);
        var stream = new KeyedStream(SHA256.HashData("huge"u8));

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(Int128.Zero, noise.Sample(stream)));
    }

    [Theory]
    [InlineData(1024, 1, SamplerVersion.Table)]
    [InlineData(1025, 1, SamplerVersion.Cks)]
    public void Choose_LaplaceScale_FollowsTheRule(int numerator, int denominator, string expected) =>
        Assert.Equal(expected, NoiseSampler.Choose(NoiseKind.DiscreteLaplace, numerator, denominator));

    [Fact]
    public void NoiseSampler_UnknownVersion_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseSampler(new NoiseSpec(NoiseKind.DiscreteLaplace, 1, 1, "table-v0")));

    [Fact]
    public void SquareRoot_AroundSquares_IsTheFloor()
    {
        foreach (BigInteger root in new[] { BigInteger.One, 2, 3, 1000, BigInteger.One << 32, (BigInteger.One << 70) + 12345 })
        {
            Assert.Equal(root, CksSampler.SquareRoot(root * root));
            Assert.Equal(root - 1, CksSampler.SquareRoot((root * root) - 1));
            Assert.Equal(root, CksSampler.SquareRoot((root * root) + (2 * root)));
        }
    }

    private static double PValue(long[] draws, NoiseKind kind, double parameter, double factor) => ChiSquare.PValue(
        draws, k => kind == NoiseKind.DiscreteLaplace
            ? DiscreteDistributions.LaplaceProbability(parameter * factor, k)
            : DiscreteDistributions.GaussianProbability(parameter * factor * factor, k));
}
