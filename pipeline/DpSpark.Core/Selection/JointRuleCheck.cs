using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>The joint rule against the truth in a world small enough to enumerate.</summary>
/// <param name="NewPartitions">k, the partitions only the unit is in.</param>
/// <param name="AbsentVersusPresent">The exact hockey-stick divergence of the world without the unit from the one with it.</param>
/// <param name="PresentVersusAbsent">The other direction.</param>
/// <param name="Bound">1 - (1 - delta_t(k)) (1 - delta_n(eps; L0-k)).</param>
/// <remarks>
/// Number of units with discrete Laplace noise, released where it is at least T; a partition without units is never released. Outcomes of one partition with equal ratio of their
/// chances in both worlds are taken together, which keeps every divergence.
/// </remarks>
public sealed record JointRuleCheck(int NewPartitions, double AbsentVersusPresent, double PresentVersusAbsent, double Bound)
{
    /// <summary>Enumerates every number of new partitions.</summary>
    /// <param name="noiseRate">a, the noise having P(k) in proportion to exp(-a |k|).</param>
    /// <param name="threshold">T.</param>
    /// <param name="l0">Partitions of the unit, at most 12.</param>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="others">Other units in each shared partition, at least 1.</param>
    public static IReadOnlyList<JointRuleCheck> Enumerate(double noiseRate, long threshold, int l0, double epsilon, long others)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(noiseRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(l0, 12);
        ArgumentOutOfRangeException.ThrowIfLessThan(others, 1);
        double scale = 1 / noiseRate;
        double pass = DiscreteDistributions.LaplaceUpperTail(scale, threshold - 1);
        List<(double Present, double Absent)> shared = SharedPartition(scale, threshold, others);
        List<(double Present, double Absent)> fresh = [(pass, 0), (1 - pass, 1)];
        var checks = new List<JointRuleCheck>();
        for (int k = 0; k <= l0; k++)
        {
            List<(double Present, double Absent)> world = [(1, 1)];
            for (int i = 0; i < l0; i++)
            {
                world = Product(world, i < k ? fresh : shared);
            }

            double forward = 0;
            double backward = 0;
            foreach ((double present, double absent) in world)
            {
                forward += Math.Max(0, present - (Math.Exp(epsilon) * absent));
                backward += Math.Max(0, absent - (Math.Exp(epsilon) * present));
            }

            double noise = OptimalComposition.Delta(noiseRate, 0, l0 - k, epsilon);
            checks.Add(new(k, backward, forward, JointGaussianRule.Union(Elementary.OneMinusPower(pass, k), noise)));
        }

        return checks;
    }

    private static List<(double Present, double Absent)> SharedPartition(double scale, long threshold, long others)
    {
        // Not shown; shown at others or below, where the unit's world is the less likely one; shown above.
        long above = Math.Max(threshold, others + 1);
        double Tail(long value, long units) => DiscreteDistributions.LaplaceUpperTail(scale, value - units);
        List<(double Present, double Absent)> classes =
        [
            (1 - Tail(threshold, others + 1), 1 - Tail(threshold, others)),
            (Tail(above, others + 1), Tail(above, others)),
        ];
        if (threshold <= others)
        {
            classes.Add((Tail(threshold, others + 1) - Tail(above, others + 1), Tail(threshold, others) - Tail(above, others)));
        }

        return classes;
    }

    private static List<(double Present, double Absent)> Product(List<(double Present, double Absent)> left, List<(double Present, double Absent)> right)
    {
        var product = new List<(double Present, double Absent)>(left.Count * right.Count);
        foreach ((double present, double absent) in left)
        {
            foreach ((double nextPresent, double nextAbsent) in right)
            {
                product.Add((present * nextPresent, absent * nextAbsent));
            }
        }

        return product;
    }
}
