using System.Numerics;
using System.Security.Cryptography;
using DpSpark.Core.Accounting;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Testing.Statistics;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Noise of a scale, on a grid, from a sampler and from a stream.</summary>
internal static class NoiseClaims
{
    private const int Draws = 20_000;

    internal static IEnumerable<Claim> All =>
    [
        Claim.About(
            typeof(NoiseCalibration), "Laplace noise of a count pays for L0 partitions of Linf rows",
            noise => Worlds.All(Worlds.Additions(2, 3), s => Worlds.Laplace(Worlds.ScaleOf(noise), s), 1),
            NoiseCalibration.Laplace(6, 1, 1),
            ("L0 missing", NoiseCalibration.Laplace(3, 1, 1)), ("Linf missing", NoiseCalibration.Laplace(2, 1, 1)),
            ("half of the scale", Worlds.Times(NoiseCalibration.Laplace(6, 1, 1), 1, 2)), ("one row less", NoiseCalibration.Laplace(5, 1, 1))),
        Claim.About(
            typeof(Sensitivity), "Laplace noise of a count under replacement",
            l1 => Worlds.All(Worlds.Replacements(2, 2), s => Worlds.Laplace(l1, s), 1),
            Sensitivity.Count(NeighbouringRelation.ReplaceOne, 2, 2).L1,
            ("replacement counted as addition", Sensitivity.Count(NeighbouringRelation.AddOrRemoveOne, 2, 2).L1)),
        Claim.About(
            typeof(GaussianPrivacy), "Gaussian noise of a count pays for L0 partitions of Linf rows",
            l2 => Worlds.All([[20, 20], [20, 0], [10, 20]], s => Worlds.Gaussian(GaussianPrivacy.SafeSigma(2, 0.01, l2) * 10, s), 2, 0.01 * (1 + 1e-3)),
            Math.Sqrt(2) * 2,
            ("root of L0 missing", 2), ("Linf missing", Math.Sqrt(2)), ("half", Math.Sqrt(2)), ("root of Linf", Math.Sqrt(2 * 2))),
        Claim.About(
            typeof(Sensitivity), "Gaussian noise under replacement",
            l2 => Worlds.All([[10, 10], [10, -10]], s => Worlds.Gaussian(GaussianPrivacy.SafeSigma(2, 0.01, l2) * 10, s), 2, 0.01 * (1 + 1e-3)),
            Sensitivity.PrivacyIdCount(NeighbouringRelation.ReplaceOne, 1).L2,
            ("replacement counted as addition", Sensitivity.PrivacyIdCount(NeighbouringRelation.AddOrRemoveOne, 1).L2)),
        Claim.About<Func<BigInteger, int, BigInteger>>(
            typeof(NoiseGrid), "rounding after summation moves a difference by no more than its sensitivity",
            coarsen => Covers(coarsen, 1),
            NoiseGrid.Coarsen,
            ("half to even", HalfToEven)),
        Claim.About(
            typeof(NoiseGrid), "a joint norm over several numbers grows by each number that is rounded",
            l1 => 16 * Worst(4, 3) <= l1,
            (int)NoiseGrid.CoarsenSensitivity(64, 3) + 16,
            ("the norm alone", (int)NoiseGrid.CoarsenSensitivity(64, 3))),
        Claim.About<Func<long, long, double>>(
            typeof(NoiseGrid), "a value and its noise live on one grid",
            release => DpSpark.Testing.Privacy.NeighbourPair.Of(k => release(1, k), k => release(0, k), -200, 200).Keeps(1, 0),
            (sum, k) => DiscreteDistributions.LaplaceProbability(4, k - sum),
            ("coarse noise on a fine value", (sum, k) => (k - sum) % 4 == 0 ? DiscreteDistributions.LaplaceProbability(1, (k - sum) / 4) : 0)),
        Sampler(typeof(CksSampler), new(NoiseKind.DiscreteLaplace, 7, 2, SamplerVersion.Cks), k => DiscreteDistributions.LaplaceProbability(3.5, k)),
        Sampler(typeof(NoiseTable), new(NoiseKind.DiscreteLaplace, 7, 2, SamplerVersion.Table), k => DiscreteDistributions.LaplaceProbability(3.5, k)),
        Sampler(typeof(NoiseSampler), new(NoiseKind.DiscreteGaussian, 30, 2, SamplerVersion.Table), k => DiscreteDistributions.GaussianProbability(15, k)),
        Sampler(typeof(CksSampler), new(NoiseKind.DiscreteGaussian, 30, 2, SamplerVersion.Cks), k => DiscreteDistributions.GaussianProbability(15, k)),
        Claim.About(
            typeof(MetricBytes), "two parts of an output draw from different streams",
            part => !Words(MetricBytes.Of("x", "sum"), "p").SequenceEqual(Words(MetricBytes.Of("x", part), "p")),
            "count",
            ("the part missing", "sum")),
        Claim.About<Func<string, string, byte[]>>(
            typeof(StreamKeys), "metric and partition are told apart by their lengths",
            stream => !stream("ab", "c").SequenceEqual(stream("a", "bc")),
            (metric, partition) => Words(System.Text.Encoding.UTF8.GetBytes(metric), partition),
            ("no lengths", (metric, partition) => HMACSHA256.HashData(new byte[32], System.Text.Encoding.UTF8.GetBytes(metric + partition)))),
        Claim.About<Func<int, byte[]>>(
            typeof(KeyedStream), "a repeated task draws the same noise",
            stream => stream(1).SequenceEqual(stream(2)),
            _ => Words("x"u8.ToArray(), "p"),
            ("a generator for each attempt", attempt => SHA256.HashData(BitConverter.GetBytes(attempt)))),
    ];

    private static Claim Sampler(Type of, NoiseSpec spec, Func<long, double> law) => Claim.About<Func<KeyedStream, long>>(
        of, $"draws of {spec.Kind} with {spec.Sampler} follow the exact law",
        draw =>
        {
            var stream = new KeyedStream(SHA256.HashData("draws"u8));
            return ChiSquare.PValue([.. Enumerable.Range(0, Draws).Select(_ => draw(stream))], law) > 1e-6;
        },
        stream => (long)Shared(spec).Sample(stream),
        ("zero counted for both signs", stream =>
        {
            long draw = (long)Shared(spec).Sample(stream);
            return draw != 0 && stream.NextWord() % 8 == 0 ? 0 : draw;
        }
    ),
        ("a scale 1.25 times as large", stream => (long)Shared(spec.Kind == NoiseKind.DiscreteLaplace ? Worlds.Times(spec, 5, 4) : Worlds.Times(spec, 25, 16)).Sample(stream)),
        ("a scale 0.8 times as large", stream => (long)Shared(spec.Kind == NoiseKind.DiscreteLaplace ? Worlds.Times(spec, 4, 5) : Worlds.Times(spec, 16, 25)).Sample(stream)),
        ("the sign missing", stream => Math.Abs((long)Shared(spec).Sample(stream))),
        ("off by one", stream => (long)Shared(spec).Sample(stream) + 1));

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<NoiseSpec, NoiseSampler> s_samplers = new();

    private static NoiseSampler Shared(NoiseSpec spec) => s_samplers.GetOrAdd(spec, s => new NoiseSampler(s));

    private static byte[] Words(byte[] metric, string partition)
    {
        using var keys = new StreamKeys(new byte[32], "release"u8, metric);
        var stream = new KeyedStream();
        keys.Open(System.Text.Encoding.UTF8.GetBytes(partition), stream);
        return BitConverter.GetBytes(stream.NextWord());
    }

    private static bool Covers(Func<BigInteger, int, BigInteger> coarsen, int shift) =>
        Enumerable.Range(-20, 41).All(a => Enumerable.Range(0, 12).All(d => coarsen(a + d, shift) - coarsen(a, shift) <= NoiseGrid.CoarsenSensitivity(d, shift)));

    private static int Worst(int distance, int shift) => Enumerable.Range(-20, 41).Max(a => (int)(NoiseGrid.Coarsen(a + distance, shift) - NoiseGrid.Coarsen(a, shift)));

    private static BigInteger HalfToEven(BigInteger sum, int shift)
    {
        BigInteger unit = BigInteger.One << shift;
        BigInteger down = BigInteger.Divide(sum - (((sum % unit) + unit) % unit), unit);
        BigInteger rest = sum - (down * unit);
        return rest * 2 < unit || (rest * 2 == unit && down.IsEven) ? down : down + 1;
    }
}
