using System.Numerics;
using DpSpark.Core.Parameters;

namespace DpSpark.Core.Selection;

/// <summary>The fewest units with at least an even chance of being shown, by rule: how a plan chooses, from parameters alone.</summary>
/// <param name="TruncatedGeometric">Truncated geometric, basic split.</param>
/// <param name="DiscreteLaplace">Threshold on a count with discrete Laplace noise.</param>
/// <param name="Gaussian">Threshold on a count with Gaussian noise, delta in halves.</param>
/// <param name="WeightedGaussianWeight">Threshold of the weighted Gaussian rule, in weights, which are not units.</param>
public sealed record StrategyComparison(double TruncatedGeometric, double DiscreteLaplace, double Gaussian, double WeightedGaussianWeight)
{
    /// <summary>The rule that needs the fewest units; on a tie the one that gives a noisy count at no further cost.</summary>
    public string Best => Gaussian <= DiscreteLaplace && Gaussian <= TruncatedGeometric ? "gaussian_sum_rule"
        : DiscreteLaplace <= TruncatedGeometric ? "discrete_laplace"
        : "truncated_geometric";

    /// <summary>Compares the rules.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="l0">Partitions per unit.</param>
    public static StrategyComparison Of(double epsilon, double delta, int l0)
    {
        SelectionBudget basic = SelectionBudget.Basic(epsilon, delta, l0);
        (BigInteger numerator, BigInteger denominator) = ExactDecimal.FromShortest(epsilon).ToRational();
        Stages.NoiseSpec noise = Noise.NoiseCalibration.Laplace(l0, numerator, denominator);
        ThresholdRule laplace = ThresholdRule.Laplace(noise.Numerator, noise.Denominator, basic.Delta, 1);
        return new(
            new TruncatedGeometric(basic).UnitsFor(0.5),
            (double)laplace.Threshold,
            ThresholdPreview.Gaussian(epsilon, delta, l0, 1).UnitsForHalf,
            WeightedGaussian.Calibrate(epsilon, delta, l0).Threshold);
    }
}
