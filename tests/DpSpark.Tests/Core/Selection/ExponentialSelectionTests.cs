using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Selection;

namespace DpSpark.Tests.Core.Selection;

public class ExponentialSelectionTests
{
    private static readonly double[] s_utilities = [3, 1, 4, 1.5];

    [Fact]
    public void Probabilities_OfNeighbours_StayWithinEpsilonAndHalfTheDenominatorDoesNot()
    {
        Assert.True(WorstLoss((u, e) => ExponentialSelection.Probabilities(u, e, 1, monotone: false)) <= 1 + 1e-12);
        Assert.True(WorstLoss((u, e) => PermuteAndFlip.Probabilities(u, e, 1)) <= 1 + 1e-12);

        // The factor of monotone utilities where they are not monotone.
        Assert.True(WorstLoss((u, e) => ExponentialSelection.Probabilities(u, e, 1, monotone: true)) > 1.3);
        Assert.True(WorstLoss((u, e) => PermuteAndFlip.Probabilities(u, e, 1, monotone: true)) > 1.1);
    }

    [Fact]
    public void PermuteAndFlip_ManyCandidates_AddsUpToOneAndLosesNoMore()
    {
        double[] utilities = [.. Enumerable.Range(0, 1000).Select(i => i % 37 / 4.0)];

        double[] flip = PermuteAndFlip.Probabilities(utilities, 1, 1);

        Assert.InRange(flip.Sum(), 1 - 1e-9, 1 + 1e-9);
        Assert.True(
            ExponentialSelection.ExpectedLoss(utilities, flip)
            <= ExponentialSelection.ExpectedLoss(utilities, ExponentialSelection.Probabilities(utilities, 1, 1, monotone: false)));
    }

    [Fact]
    public void Sample_BothMechanisms_FollowTheirLaws()
    {
        // Gaps 2, 6, 0, 5 over 4: eps/(2s) = 1/2 on half units. 40 000 draws; a share is off by five deviations with chance 6e-7.
        BigInteger[] gaps = [2, 6, 0, 5];
        var words = new KeyedStream(new byte[32]);
        const int Draws = 40_000;
        int[] exponential = new int[4];
        int[] flip = new int[4];
        for (int i = 0; i < Draws; i++)
        {
            exponential[ExponentialSelection.Sample(words, gaps, 4)]++;
            flip[PermuteAndFlip.Sample(words, gaps, 4)]++;
        }

        double[] byLaw = ExponentialSelection.Probabilities(s_utilities, 1, 1, monotone: false);
        double[] byFlip = PermuteAndFlip.Probabilities(s_utilities, 1, 1);
        for (int i = 0; i < 4; i++)
        {
            Assert.InRange(exponential[i], (Draws * byLaw[i]) - (5 * Math.Sqrt(Draws * byLaw[i])), (Draws * byLaw[i]) + (5 * Math.Sqrt(Draws * byLaw[i])));
            Assert.InRange(flip[i], (Draws * byFlip[i]) - (5 * Math.Sqrt(Draws * byFlip[i])), (Draws * byFlip[i]) + (5 * Math.Sqrt(Draws * byFlip[i])));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => PermuteAndFlip.Sample(words, [1, 2], 4));
    }

    private static double WorstLoss(Func<double[], double, double[]> law)
    {
        double[] here = law(s_utilities, 1);
        double worst = 0;
        for (int change = 0; change < 81; change++)
        {
            double[] moved = [.. s_utilities.Select((u, i) => u + (change / (int)Math.Pow(3, i) % 3) - 1)];
            double[] there = law(moved, 1);
            for (int i = 0; i < 4; i++)
            {
                worst = Math.Max(worst, Math.Abs(Math.Log(here[i] / there[i])));
            }
        }

        return worst;
    }
}
