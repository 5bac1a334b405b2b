using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>The joint privacy of noisy counts and of the keys that a threshold on them shows.</summary>
/// <param name="SumRuleDelta">Delta of the noise plus delta of the threshold.</param>
/// <param name="JointDelta">The joint bound.</param>
/// <param name="NewPartitions">The number of new partitions at which the joint bound is attained; the smallest such number.</param>
/// <remarks>
/// A unit touches L0 partitions, k of them new. With delta_t(k) = 1 - (1-p1)^k, p1 the chance of a new partition to pass, and delta_n(eps; j) the noise's delta on j shared
/// partitions, the release of keys and counts is (eps, delta)-private with delta = max over k of 1 - (1 - delta_t(k)) (1 - delta_n(eps; L0 - k)). Proof: dp-math 4.5.
/// Conditions: one bounded set for selection and all metrics; "new" means never released without the unit; independent noise.
/// </remarks>
public sealed record JointGaussianRule(double SumRuleDelta, double JointDelta, int NewPartitions)
{
    /// <summary>Evaluates both rules for continuous Gaussian noise of one sigma.</summary>
    /// <param name="epsilon">Epsilon.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="sigma">Standard deviation of the noise on the number of units.</param>
    /// <param name="threshold">T.</param>
    public static JointGaussianRule Evaluate(double epsilon, int l0, double sigma, double threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        double p1 = Normal.UpperTail((threshold - 1) / sigma);
        double joint = 0;
        int argument = 0;
        for (int k = 0; k <= l0; k++)
        {
            double delta = Union(Elementary.OneMinusPower(p1, k), GaussianPrivacy.Delta(epsilon, Math.Sqrt(l0 - k) / sigma));
            // Equal up to rounding is equal: the argument is the smallest one.
            if (delta > joint * (1 + 1e-9))
            {
                argument = k;
            }

            joint = Math.Max(joint, delta);
        }

        double sum = GaussianPrivacy.Delta(epsilon, Math.Sqrt(l0) / sigma) + Elementary.OneMinusPower(p1, l0);
        return new(Math.Min(1, sum), joint, argument);
    }

    /// <summary>1 - (1-a)(1-b) without cancellation.</summary>
    internal static double Union(double a, double b) => a + ((1 - a) * b);
}
