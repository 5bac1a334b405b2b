using DpSpark.Core.Aggregation;
using DpSpark.Core.Numerics;

namespace DpSpark.Tests.Core.Aggregation;

/// <summary>Intervals of what is read off noisy moments cover the truth, and are not much wider than they must be.</summary>
public sealed class MomentIntervalTests
{
    private const int Draws = 10_000;
    private const double Level = 0.95;

    /// <summary>Five deviations below 94.3 % of the draws.</summary>
    private static readonly double s_least = 0.943 - (5 * Math.Sqrt(0.943 * 0.057 / Draws));

    public static TheoryData<bool, double, double, double> Spreads()
    {
        var data = new TheoryData<bool, double, double, double>();
        foreach (var gaussian in new[] { true, false })
        {
            foreach (var deviations in new double[] { 1, 5, 10, 30, 1000 })
            {
                data.Add(gaussian, deviations, 0, 0.05);
                data.Add(gaussian, deviations, 0.5, 0.1);
                data.Add(gaussian, deviations, 0, 0.6);
                data.Add(gaussian, deviations, -0.9, 0.02);
                data.Add(gaussian, deviations, 0, 0);
            }
        }

        return data;
    }

    /// <summary>Bounds [-1, 1], noise of 20 rows; the count is so many of its noise's deviations.</summary>
    [Theory]
    [MemberData(nameof(Spreads))]
    public void Variance_OverManyDraws_CoversAndIsAtMostTwiceTheShortest(bool gaussian, double deviations, double mean, double variance)
    {
        const double Noise = 20;
        var random = new Random(11);
        var count = deviations * Noise;

        // Three bins, or a centred sum, squares less one each, and a count.
        double[][] rows = gaussian
            ? [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 1]]
            : [[1, 1, 1], [-1, 0, 1], [-1, 0, 1], [1, -1, 1]];
        double[] truth = [count, count * mean, count * mean, count * (variance + (mean * mean))];
        var noise = new MomentNoise(rows, [Noise, Noise, Noise], gaussian);
        var covered = 0;
        double width = 0;
        var errors = new double[Draws];
        for (var i = 0; i < Draws; i++)
        {
            var moments = Noisy(random, rows, truth, Noise, gaussian);
            var interval = MomentInterval.Variance(moments, noise, 1, Level);
            covered += interval.Lower <= variance + 1e-12 && variance - 1e-12 <= interval.Upper ? 1 : 0;
            width += interval.Upper - interval.Lower;
            var c = Math.Max(1, moments.Count);
            errors[i] = Math.Abs(Math.Clamp((moments.Product / c) - (moments.First / c * (moments.First / c)), 0, 1) - variance);
        }

        Array.Sort(errors);
        Assert.True(covered >= s_least * Draws, $"covered {covered}");
        Assert.True(width / Draws <= 2 * 2 * errors[(int)(Level * Draws)], $"width {width / Draws} shortest {2 * errors[(int)(Level * Draws)]}");
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 6)]
    [InlineData(true, 100)]
    [InlineData(false, 1)]
    [InlineData(false, 6)]
    [InlineData(false, 100)]
    public void Covariance_OverManyDraws_Covers(bool gaussian, double deviations)
    {
        const double Noise = 20;
        var random = new Random(13);
        var count = deviations * Noise;
        double[][] rows = gaussian
            ? [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
            : [[1, 1, 1, 1], [-1, 1, -1, 1], [-1, -1, 1, 1], [1, -1, -1, 1]];
        double[] devs = [Noise, Noise, Noise, Noise];
        foreach (var (first, second, covariance) in new[] { (0.0, 0.0, 0.3), (0.5, -0.5, -0.1), (0.8, 0.7, 0.05) })
        {
            double[] truth = [count, count * first, count * second, count * (covariance + (first * second))];
            var noise = new MomentNoise(rows, devs, gaussian);
            var covered = 0;
            for (var i = 0; i < Draws; i++)
            {
                var interval = MomentInterval.Covariance(Noisy(random, rows, truth, Noise, gaussian), noise, 1, 1, Level);
                covered += interval.Lower <= covariance && covariance <= interval.Upper ? 1 : 0;
            }

            Assert.True(covered >= s_least * Draws, $"covered {covered}");
        }
    }

    [Fact]
    public void Variance_WithTheNoiseTakenHalfAsWide_DoesNotCover()
    {
        const double Noise = 20;
        var random = new Random(17);
        double[][] rows = [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 1]];
        double[] truth = [2000, 0, 0, 200];
        var half = new MomentNoise(rows, [Noise / 2, Noise / 2, Noise / 2], true);
        var covered = 0;
        for (var i = 0; i < Draws; i++)
        {
            var interval = MomentInterval.Variance(Noisy(random, rows, truth, Noise, true), half, 1, Level);
            covered += interval.Lower <= 0.1 && 0.1 <= interval.Upper ? 1 : 0;
        }

        Assert.True(covered < 0.8 * Draws);
    }

    [Theory]
    [InlineData(0, 1.0, 0.0, 0.0, 2.99573)]
    [InlineData(1, 0.0, 0.0, 0.0, 1.95996)]
    [InlineData(0, 1.0, 1.0, 0.0, 4.113)]
    public void HalfWidth_OfKnownMixtures_IsTheirs(double sigma, double a, double b, double c, double expected) =>
        Assert.Equal(expected, MixedNoise.HalfWidth(sigma, [a, b, c], Level), 2e-2);

    [Theory]
    [InlineData(0, 60, 60, 60)]
    [InlineData(0, 100, 50, 3)]
    [InlineData(50, 100, 50, 0)]
    [InlineData(80, 20, 20, 20)]
    public void HalfWidth_OfMixtures_CoversNoMoreThanItSays(double sigma, double a, double b, double c)
    {
        var random = new Random(19);
        var half = MixedNoise.HalfWidth(sigma, [a, b, c], Level);
        const int Many = 200_000;
        var covered = 0;
        for (var i = 0; i < Many; i++)
        {
            covered += Math.Abs((sigma * Normal(random)) + (a * Laplace(random)) + (b * Laplace(random)) + (c * Laplace(random))) <= half ? 1 : 0;
        }

        Assert.InRange((double)covered / Many, 0.947, 0.953);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(49)]
    [InlineData(55)]
    [InlineData(90)]
    public void HalfWidth_OfDiscreteNoiseOfAnyWidth_IsFound(int log2)
    {
        var sigma = Math.ScaleB(1, log2);
        Assert.Equal(1.959964, DiscreteDistributions.DiscreteGaussianHalfWidth(sigma * sigma, Level) / sigma, 1e-5);
        Assert.Equal(2.995732, DiscreteDistributions.DiscreteLaplaceHalfWidth(sigma, Level) / sigma, 1e-5);
    }

    private static NoisyMoments Noisy(Random random, double[][] rows, double[] truth, double deviation, bool gaussian)
    {
        var moments = (double[])truth.Clone();
        for (var d = 0; d < rows[0].Length; d++)
        {
            var noise = deviation * (gaussian ? Normal(random) : Laplace(random) / Math.Sqrt(2));
            for (var m = 0; m < 4; m++)
            {
                moments[m] += rows[m][d] * noise;
            }
        }

        return new NoisyMoments { Count = moments[0], First = moments[1], Second = moments[2], Product = moments[3] };
    }

    private static double Laplace(Random random)
    {
        var u = random.NextDouble() - 0.5;
        return -Math.Sign(u) * Math.Log(1 - (2 * Math.Abs(u)));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
