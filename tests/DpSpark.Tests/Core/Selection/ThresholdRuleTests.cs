using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Selection;

public class ThresholdRuleTests
{
    [Theory]
    [InlineData(1, 1, 1e-5, 1)]
    [InlineData(40, 1, 1e-12, 20)]
    [InlineData(1, 3, 1e-9, 1)]
    [InlineData(5, 1, 0.7, 1)]
    [InlineData(1_000_000, 7, 1e-10, 3)]
    public void Laplace_SingleUnit_PassesWithAtMostDeltaAndOneLessWouldNot(int t, int s, double delta0, int preThreshold)
    {
        ThresholdRule rule = ThresholdRule.Laplace(t, s, delta0, preThreshold);
        double scale = (double)t / s;
        double alone = rule.LaplaceKeepProbability(scale, preThreshold);
        double oneLess = (rule with { Threshold = rule.Threshold - 1 }).LaplaceKeepProbability(scale, preThreshold);

        Assert.True(alone <= delta0 * (1 + 1e-12));
        Assert.True(oneLess > delta0 * (1 - 1e-12));
        Assert.True((rule with { PreThreshold = preThreshold }).LaplaceKeepProbability(scale, preThreshold - 1) == 0);
    }

    [Theory]
    [InlineData(3.88, 5e-6, 1, 1)]
    [InlineData(43.65, 5e-9, 1, 1)]
    [InlineData(993.2, 1e-9, 5, 256)]
    public void Gaussian_SingleUnit_PassesWithAtMostDeltaAndALittleLessWouldNot(double sigma, double delta0, int preThreshold, int units)
    {
        ThresholdRule rule = ThresholdRule.Gaussian(sigma * sigma, delta0, preThreshold, units);

        Assert.True(rule.GaussianKeepProbability(sigma * sigma, preThreshold) <= delta0);
        Assert.True((rule with { Threshold = rule.Threshold - 1 }).GaussianKeepProbability(sigma * sigma, preThreshold) > delta0 * (1 - 1e-6));
        Assert.True((rule with { Threshold = rule.Threshold - units }).GaussianKeepProbability(sigma * sigma, preThreshold) > delta0 * (1 - 1e-6));
    }

    [Fact]
    public void Laplace_ScaleOfManyBits_IsFoundWithoutCountingSteps()
    {
        BigInteger t = BigInteger.One << 78;

        ThresholdRule rule = ThresholdRule.Laplace(t, 1, 1e-9, 1);

        Assert.InRange(rule.LaplaceKeepProbability((double)t, 1), 1e-9 * (1 - 1e-9), 1e-9 * (1 + 1e-9));
    }

    [Theory]
    [InlineData(4, 100, true)]
    [InlineData(5, -1, false)]
    [InlineData(5, 0, true)]
    [InlineData(3, 1_000_000, false)]
    public void Keep_CountNoiseAndPreThreshold_DecideTogether(long units, int noise, bool expected) =>
        Assert.Equal(expected, new ThresholdRule(20, 4, 4).Keep(units, noise));

    [Fact]
    public void JointRule_NoiseAndThreshold_IsNeverAboveTheSumAndNeverBelowEither()
    {
        JointGaussianRule rule = JointGaussianRule.Evaluate(1, 16, 15, 70);

        Assert.InRange(rule.JointDelta, rule.SumRuleDelta / 2, rule.SumRuleDelta);
    }

    [Fact]
    public void Threshold_FromTheExactScaleOfABudget_IsThatOfTheVectors()
    {
        NoiseSpec noise = NoiseCalibration.Laplace(10, 2, 1);

        Assert.Equal(125, ThresholdRule.Laplace(noise.Numerator, noise.Denominator, SelectionBudget.Basic(2, 1e-10, 10).Delta, 1).Threshold);
    }
}
