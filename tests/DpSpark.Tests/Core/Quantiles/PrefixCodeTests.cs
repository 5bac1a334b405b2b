using DpSpark.Core.Quantiles;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Tests.Core.Quantiles;

public sealed class PrefixCodeTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(61)]
    [InlineData(64)]
    public void Coefficients_EveryColumn_HasOneNorm(int siblings)
    {
        var code = PrefixCode.Coefficients(siblings);

        var norms = Enumerable.Range(0, siblings).Select(j => Enumerable.Range(0, siblings).Sum(i => PrefixCode.Entry(code, i, j) * PrefixCode.Entry(code, i, j))).Distinct();
        Assert.Equal([code.Sum(c => c * c)], norms);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    public void RankDeviation_OfTheMedian_IsThatOfTheBestFactorisation(int siblings)
    {
        // Half the mean singular value of the sign matrix: no factorisation has a smaller largest error (Mathias 1993).
        var best = Enumerable.Range(0, siblings).Sum(k => 1 / Math.Sin(Math.PI * ((2 * k) + 1) / (2 * siblings))) / siblings / 2;
        var code = PrefixCode.Coefficients(siblings);
        var decoder = Decoder(siblings, code, code.Sum(c => c * c));

        foreach (var place in new[] { 0.1, 0.5, 0.9 })
        {
            Assert.InRange(decoder.RankDeviation(0.5, place) / best, 0.9999, 1.003);
        }

        // The plain counts would need half the square root of their number.
        Assert.True(best < Decoder(siblings, [], 1).RankDeviation(0.5, 0.5));
    }

    [Fact]
    public void RankDeviation_OfTwoPlainLevels_IsBelowThatOfEither()
    {
        var two = new TreeDecoder(Tree(8, new TreeLevelSpec { Noise = Unit(4) }, new TreeLevelSpec { Noise = Unit(4) }));
        var leavesAlone = Decoder(64, [], 4);

        Assert.Equal(64, two.Cells);
        Assert.InRange(two.RankDeviation(0.5, 0.5), 0, 0.6 * leavesAlone.RankDeviation(0.5, 0.5));
    }

    private static NoiseSpec Unit(long variance) => new(NoiseKind.DiscreteGaussian, variance, 1, "cks-v1");

    private static TreeSpec Tree(int branching, params TreeLevelSpec[] levels) => new() { Output = "q", Item = 0, Branching = branching, Levels = levels };

    private static TreeDecoder Decoder(int siblings, long[] code, long variance) => new(Tree(siblings, new TreeLevelSpec { Coefficients = code, Noise = Unit(variance) }));
}
