using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>
/// Weighted Gaussian thresholding: a unit with k partitions adds 1/sqrt(k) to each, so its L2 norm is 1 and sigma does not grow with L0.
/// </summary>
/// <param name="Sigma">Standard deviation, from (epsilon, delta/2) at L2 sensitivity 1.</param>
/// <param name="Threshold">T = max over t up to L0 of 1/sqrt(t) + sigma Phi^-1((1 - delta/2)^(1/t)).</param>
/// <param name="JointDelta">The joint bound of noise and threshold.</param>
/// <remarks>Source: Gopi, Gulhane, Kulkarni, Shen, Shokouhi and Yekhanin, "Differentially Private Set Union", ICML 2020.</remarks>
public sealed record WeightedGaussian(double Sigma, double Threshold, double JointDelta)
{
    /// <summary>Calibrates the rule.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="l0">Partitions per unit; enters through a slowly growing maximum only.</param>
    public static WeightedGaussian Calibrate(double epsilon, double delta, int l0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        double sigma = GaussianPrivacy.Sigma(epsilon, delta / 2, 1);
        double threshold = double.NegativeInfinity;
        for (int t = 1; t <= l0; t++)
        {
            threshold = Math.Max(threshold, (1 / Math.Sqrt(t)) + (sigma * Normal.UpperQuantile(Elementary.OneMinusPower(delta / 2, 1.0 / t))));
        }

        double joint = 0;
        for (int m = 1; m <= l0; m++)
        {
            double pass = Normal.UpperTail((threshold - (1 / Math.Sqrt(m))) / sigma);
            for (int t = 0; t <= m; t++)
            {
                double noise = GaussianPrivacy.Delta(epsilon, Math.Sqrt((double)(m - t) / m) / sigma);
                joint = Math.Max(joint, JointGaussianRule.Union(Elementary.OneMinusPower(pass, t), noise));
            }
        }

        return new(sigma, threshold, joint);
    }

    /// <summary>The chance that a partition with this sum of weights is shown.</summary>
    /// <param name="weightSum">Sum of the units' weights.</param>
    public double KeepProbability(double weightSum) => Normal.LowerTail((weightSum - Threshold) / Sigma);
}
