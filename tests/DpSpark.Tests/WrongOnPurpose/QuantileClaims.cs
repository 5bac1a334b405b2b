using DpSpark.Core.Noise;
using DpSpark.Core.Quantiles;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>What a value changes in a measured tree, and the errors that are stated of ranks that are read off it.</summary>
internal static class QuantileClaims
{
    /// <summary>Laplace noise of scale 3 on a grid is close enough to variance 18; the decoder takes it as that.</summary>
    private const double Variance = 18;

    private static readonly NoiseSpec s_noise = new(NoiseKind.DiscreteLaplace, 3, 1, SamplerVersion.Cks);

    internal static IEnumerable<Claim> All =>
    [
        Claim.About<Func<long[], (double L1, double L2)>>(
            typeof(PrefixCode), "a value moves the measurements of its family by one column of the code, whichever child it is in",
            norms => new[] { 2, 3, 16, 61 }.All(n =>
            {
                long[] code = PrefixCode.Coefficients(n);
                (double l1, double l2) = norms(code);
                return Enumerable.Range(0, n).All(child => Column(code, child) is var column && column.Sum(Math.Abs) <= l1 && Norm(column) <= l2 * (1 + 1e-12));
            }),
            code => (code.Sum(Math.Abs), Norm(code)),
            ("the largest coefficient alone", code => (code.Max(Math.Abs), code.Max(Math.Abs))),
            ("the first coefficient missing", code => (code.Skip(1).Sum(Math.Abs), Norm(code.Skip(1)))),
            ("the last coefficient missing", code => (code.SkipLast(1).Sum(Math.Abs), Norm(code.SkipLast(1)))),
            ("the average of the squares", code => (code.Sum(Math.Abs), Norm(code) / Math.Sqrt(code.Length)))),
        Claim.About<Func<int, (double L1, double L2)>>(
            typeof(PrefixCode), "a unit with two values in a family moves two columns",
            norms => new[] { 2, 16 }.All(n =>
            {
                long[] code = PrefixCode.Coefficients(n);
                (double l1, double l2) = norms(n);
                return Enumerable.Range(0, n * n).All(i => Column(code, i / n).Zip(Column(code, i % n), (a, b) => a + b).ToArray() is var moved && moved.Sum(Math.Abs) <= l1 && Norm(moved) <= l2 * (1 + 1e-12));
            }),
            n => (2 * PrefixCode.Coefficients(n).Sum(Math.Abs), 2 * Norm(PrefixCode.Coefficients(n))),
            ("one value", n => (PrefixCode.Coefficients(n).Sum(Math.Abs), Norm(PrefixCode.Coefficients(n)))),
            ("columns taken for orthogonal", n => (2 * PrefixCode.Coefficients(n).Sum(Math.Abs), Math.Sqrt(2) * Norm(PrefixCode.Coefficients(n))))),
        Claim.About<Func<double, double, double>>(
            typeof(TreeDecoder), "the stated deviation of a rank among four measured counts",
            deviation => Places(4, (rank, below) => Variance * ((below * (1 - rank) * (1 - rank)) + ((4 - below) * rank * rank)), deviation),
            Decoder(4, 1, null).RankDeviation,
            ("the error of the total forgotten", (_, place) => Decoder(4, 1, null).RankDeviation(0, place)),
            ("one count less", (rank, place) => Decoder(4, 1, null).RankDeviation(rank, place - 0.25)),
            ("variance of a scale taken for its square", (rank, place) => Decoder(4, 1, null).RankDeviation(rank, place) / Math.Sqrt(2))),
        Claim.About<Func<double, double, double>>(
            typeof(TreeDecoder), "the stated deviation where the total is measured once more",
            deviation => Places(4, (rank, below) => Gain(Variance, below, rank, 30), deviation),
            Decoder(4, 1, 30).RankDeviation,
            ("the total taken for exact", Decoder(4, 1, 1e-9).RankDeviation),
            ("the total left aside", Decoder(4, 1, null).RankDeviation)),
        Claim.About<Func<double, double, double>>(
            typeof(TreeDecoder), "two levels of two children: a half is measured twice, with a third less variance",
            deviation => Math.Abs(deviation(0, 0.5) - Math.Sqrt(Variance * 2 / 3)) < 1e-9
                && Math.Abs(deviation(0.5, 0.5) - Math.Sqrt(Variance / 3)) < 1e-9
                && Math.Abs(deviation(0, 0.25) - Math.Sqrt(Variance * 2 / 3)) < 1e-9,
            Decoder(2, 2, null).RankDeviation,
            ("the leaves alone", Decoder(4, 1, null).RankDeviation)),
    ];

    private static long[] Column(long[] code, int child) => [.. Enumerable.Range(0, code.Length).Select(row => PrefixCode.Entry(code, row, child))];

    private static double Norm(IEnumerable<long> vector) => Math.Sqrt(vector.Sum(x => (double)x * x));

    private static TreeDecoder Decoder(int branching, int height, double? totalVariance) =>
        new(new TreeSpec { Output = "q", Item = 0, Branching = branching, Levels = [.. Enumerable.Repeat(new TreeLevelSpec { Noise = s_noise }, height)] }, totalVariance);

    private static bool Places(int cells, Func<double, int, double> variance, Func<double, double, double> deviation) =>
        Enumerable.Range(1, cells).All(below => new[] { 0, 0.25, 0.5, 0.9 }.All(rank => Math.Abs(deviation(rank, (double)below / cells) - Math.Sqrt(variance(rank, below))) < 1e-9));

    /// <summary>The variance of (below - rank · all) given one more measurement of all, by the formula of conditional normal laws.</summary>
    private static double Gain(double each, int below, double rank, double other)
    {
        double own = each * ((below * (1 - rank) * (1 - rank)) + ((4 - below) * rank * rank));
        double withAll = each * (below - (4 * rank));
        return own - (withAll * withAll / ((4 * each) + other));
    }
}
