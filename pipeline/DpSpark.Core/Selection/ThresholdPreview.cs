using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>Thresholding with continuous noise: a partition is shown when its noisy number of units is above T. For previews, comparisons and tests; releases use <see cref="ThresholdRule"/>.</summary>
/// <param name="Threshold">T, with the shift N - 1 of the pre-threshold.</param>
/// <param name="Spread">Scale of the Laplace noise or standard deviation of the Gaussian noise.</param>
/// <param name="PreThreshold">N.</param>
/// <param name="IsGaussian">Which noise.</param>
public sealed record ThresholdPreview(double Threshold, double Spread, int PreThreshold, bool IsGaussian)
{
    /// <summary>Laplace: b = L0/eps; P(1 + X above T) = delta0 of the basic split.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="preThreshold">N.</param>
    /// <remarks>
    /// T = 1 - b ln(2 delta0) for delta0 at most 1/2, else 1 + b ln(2 (1 - delta0)): the branch looks at delta0, not at the total.
    /// Source: Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020.
    /// </remarks>
    public static ThresholdPreview Laplace(double epsilon, double delta, int l0, int preThreshold)
    {
        double delta0 = SelectionBudget.Basic(epsilon, delta, l0).Delta;
        double b = l0 / epsilon;
        double threshold = delta0 <= 0.5 ? 1 - (b * Math.Log(2 * delta0)) : 1 + (b * Math.Log(2 * (1 - delta0)));
        return new(threshold + preThreshold - 1, b, preThreshold, false);
    }

    /// <summary>Gaussian: sigma from (eps, noiseDelta) at L2 sensitivity sqrt(L0); P(1 + X above T) = 1 - (1 - thresholdDelta)^(1/L0).</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="noiseDelta">Delta of the noise.</param>
    /// <param name="thresholdDelta">Delta of the threshold; both add up.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="preThreshold">N.</param>
    public static ThresholdPreview Gaussian(double epsilon, double noiseDelta, double thresholdDelta, int l0, int preThreshold)
    {
        double sigma = GaussianPrivacy.Sigma(epsilon, noiseDelta, Math.Sqrt(l0));
        double delta0 = Elementary.OneMinusPower(thresholdDelta, 1.0 / l0);
        return new(1 + (sigma * Normal.UpperQuantile(delta0)) + preThreshold - 1, sigma, preThreshold, true);
    }

    /// <summary>Gaussian with delta in halves: one for the noise, one for the threshold.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="preThreshold">N.</param>
    public static ThresholdPreview Gaussian(double epsilon, double delta, int l0, int preThreshold) =>
        Gaussian(epsilon, delta / 2, delta / 2, l0, preThreshold);

    /// <summary>The chance that a partition of n units is shown.</summary>
    /// <param name="units">Units in the partition.</param>
    public double KeepProbability(double units)
    {
        if (units < PreThreshold)
        {
            return 0;
        }

        double x = (units - Threshold) / Spread;
        return IsGaussian ? Normal.LowerTail(x) : x < 0 ? Math.Exp(x) / 2 : 1 - (Math.Exp(-x) / 2);
    }

    /// <summary>The smallest number of units with at least an even chance.</summary>
    public double UnitsForHalf => Math.Max(PreThreshold, Math.Ceiling(Threshold));
}
