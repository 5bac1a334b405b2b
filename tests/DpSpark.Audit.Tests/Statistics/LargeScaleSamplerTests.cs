using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Testing.Statistics;

namespace DpSpark.Audit.Tests.Statistics;

/// <summary>
/// The samplers at the scales that sums use: 60 000 draws in 64 cells of about equal and exactly known probability. False alarms 1e-6 per check; the same draws reject 0.8 and 1.25 times
/// the scale, with a power above 1 - 1e-6: the expected chi-square then exceeds 1000 where 138 is the limit. Small scales are tested value by value with the core.
/// </summary>
public sealed class LargeScaleSamplerTests
{
    private const int Draws = 60_000;
    private const int Cells = 64;
    private const double FalseAlarm = 1e-6;

    public static TheoryData<NoiseKind, string, string, string> Noises => new()
    {
        { NoiseKind.DiscreteLaplace, "1000", "1", SamplerVersion.Table },
        { NoiseKind.DiscreteLaplace, "3071", "3", SamplerVersion.Table },
        { NoiseKind.DiscreteLaplace, "1000", "1", SamplerVersion.Cks },
        { NoiseKind.DiscreteLaplace, "1000003", "7", SamplerVersion.Cks },
        { NoiseKind.DiscreteLaplace, "2748779069440", "1", SamplerVersion.Cks },
        { NoiseKind.DiscreteGaussian, "4000000", "1", SamplerVersion.Table },
        { NoiseKind.DiscreteGaussian, "1048576", "1", SamplerVersion.Cks },
        { NoiseKind.DiscreteGaussian, "494568617", "1", SamplerVersion.Cks },
        { NoiseKind.DiscreteGaussian, "1000000000000000", "3", SamplerVersion.Cks },
    };

    [Theory]
    [MemberData(nameof(Noises))]
    public void Sample_ManyDraws_FollowTheDistributionAndNoOtherScale(NoiseKind kind, string numerator, string denominator, string sampler)
    {
        var (n, d) = (BigInteger.Parse(numerator), BigInteger.Parse(denominator));
        var noise = new NoiseSampler(new NoiseSpec(kind, n, d, sampler));
        var stream = new KeyedStream(SHA256.HashData(Encoding.UTF8.GetBytes($"large {kind} {numerator} {denominator} {sampler}")));
        var parameter = (double)n / (double)d;
        var draws = new double[Draws];

        for (var i = 0; i < Draws; i++)
        {
            draws[i] = (double)noise.Sample(stream);
        }

        Assert.True(PValue(draws, kind, parameter, 1) > FalseAlarm);
        Assert.True(PValue(draws, kind, parameter, 0.8) < FalseAlarm);
        Assert.True(PValue(draws, kind, parameter, 1.25) < FalseAlarm);
    }

    private static double PValue(double[] draws, NoiseKind kind, double parameter, double factor)
    {
        var scaled = kind == NoiseKind.DiscreteLaplace ? parameter * factor : parameter * factor * factor;
        var spread = kind == NoiseKind.DiscreteLaplace ? scaled : Math.Sqrt(scaled);
        double UpperTail(double k) => kind == NoiseKind.DiscreteLaplace ? DiscreteDistributions.LaplaceUpperTail(scaled, k) : DiscreteDistributions.GaussianUpperTail(scaled, k);

        // Cells [from_c, from_(c+1)) symmetric about one half; where they begin is free, their probabilities are exact.
        var half = Cells / 2;
        var from = Enumerable.Range(1, half - 1)
            .Select(c => Math.Round(spread * (kind == NoiseKind.DiscreteLaplace ? -Math.Log(1 - ((double)c / half)) : Normal.UpperQuantile(0.5 * (1 - ((double)c / half))))))
            .ToArray();
        double[] begins = [.. from.Reverse().Select(k => 1 - k), 1, .. from.Select(k => k + 1)];
        double Above(double k) => k >= 1 ? UpperTail(k) : 1 - UpperTail(1 - k);
        var probabilities = new double[begins.Length + 1];
        for (var c = 0; c < probabilities.Length; c++)
        {
            probabilities[c] = (c == 0 ? 1 : Above(begins[c - 1])) - (c == begins.Length ? 0 : Above(begins[c]));
        }

        var cells = Array.ConvertAll(draws, x => Array.BinarySearch(begins, x) is var at && at >= 0 ? at + 1L : ~at);
        return ChiSquare.PValue(cells, c => probabilities[c]);
    }
}
