using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>Gaussian metrics and a threshold on the first of them, the noisy number of units, paid from one delta by the joint rule.</summary>
/// <param name="Sigmas">Standard deviation per metric.</param>
/// <param name="Threshold">The smallest T the joint rule allows.</param>
/// <param name="SumRuleSigma">First metric's standard deviation when delta is halved between noise and threshold.</param>
/// <param name="SumRuleThreshold">T of that split.</param>
/// <remarks>
/// With k of the L0 partitions new to the unit, delta = 1 - (1 - delta_t(k)) (1 - delta_n(eps; L0-k)); the largest over k must not exceed delta. The guarantee, its proof and its
/// conditions: dp-math 4.5, docs/proofs. Continuous noise: for planning; a release evaluates its integer noise and integer T.
/// </remarks>
public sealed record JointPlan(IReadOnlyList<double> Sigmas, double Threshold, double SumRuleSigma, double SumRuleThreshold)
{
    /// <summary>Plans the noise for a fraction of delta at all L0 partitions, then the smallest threshold.</summary>
    /// <param name="epsilon">Total epsilon, above 0.</param>
    /// <param name="delta">Total delta, above 0 and below 1.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="shares">Share of mu per metric, above 0; the first is the number of units. Each changes by at most 1 per partition.</param>
    /// <param name="noiseFraction">Part of delta the noise alone may use, above 0 and below 1.</param>
    public static JointPlan Create(double epsilon, double delta, int l0, IReadOnlyList<double> shares, double noiseFraction)
    {
        ArgumentNullException.ThrowIfNull(shares);
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        if (shares.Count == 0 || !(noiseFraction > 0 && noiseFraction < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(noiseFraction), "A joint plan has a first metric and a fraction of delta between 0 and 1.");
        }

        double mu = GaussianPrivacy.Mu(epsilon, delta * noiseFraction);
        double[] sigmas = Spread(mu, l0, shares);
        double[] noise = new double[l0 + 1];
        for (int k = 0; k <= l0; k++)
        {
            noise[k] = GaussianPrivacy.Delta(epsilon, mu * Math.Sqrt((double)(l0 - k) / l0));
        }

        bool IsSafe(double threshold)
        {
            double pass = Normal.UpperTail((threshold - 1) / sigmas[0]);
            for (int k = 0; k <= l0; k++)
            {
                if (JointGaussianRule.Union(Elementary.OneMinusPower(pass, k), noise[k]) > delta)
                {
                    return false;
                }
            }

            return true;
        }

        double low = 1 - (40 * sigmas[0]);
        double high = 1 + (40 * sigmas[0]);
        double threshold = Elementary.BisectUp(t => IsSafe(t) ? 1 : -1, low, high);
        double halfSigma = Spread(GaussianPrivacy.Mu(epsilon, delta / 2), l0, shares)[0];
        double sumThreshold = 1 + (halfSigma * Normal.UpperQuantile(Elementary.OneMinusPower(delta / 2, 1.0 / l0)));
        return new(sigmas, threshold, halfSigma, sumThreshold);
    }

    private static double[] Spread(double mu, int l0, IReadOnlyList<double> shares)
    {
        double[] sigmas = GaussianSplit.ByWeights(mu, shares);
        for (int i = 0; i < sigmas.Length; i++)
        {
            sigmas[i] *= Math.Sqrt(l0);
        }

        return sigmas;
    }
}
