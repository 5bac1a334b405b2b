using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;

namespace DpSpark.Core.Utility;

/// <summary>One unit's rows in a partition.</summary>
/// <param name="Count">Number of rows.</param>
/// <param name="Sum">Sum of the values.</param>
/// <param name="Partitions">Partitions of the unit in all, at least 1.</param>
public readonly record struct UnitContribution(double Count, double Sum, double Partitions);

/// <summary>What is analysed: bounds, budget and selection.</summary>
/// <param name="L0">Partitions per unit.</param>
/// <param name="Linf">Rows per unit and partition.</param>
/// <param name="MinSum">Lower bound of a unit's sum.</param>
/// <param name="MaxSum">Upper bound of a unit's sum.</param>
/// <param name="MetricEpsilon">Epsilon of each metric, Laplace noise.</param>
/// <param name="SelectionEpsilon">Epsilon of the selection.</param>
/// <param name="SelectionDelta">Delta of the selection.</param>
/// <param name="LaplaceSelection">Laplace thresholding instead of truncated geometric.</param>
public sealed record UtilitySettings(
    int L0, int Linf, double MinSum, double MaxSum, double MetricEpsilon, double SelectionEpsilon, double SelectionDelta, bool LaplaceSelection);

/// <summary>Expected errors of a partition's numbers, and its chance to be shown. NOT private: it looks at raw data.</summary>
/// <param name="KeepProbability">Chance that the partition is shown.</param>
/// <param name="PrivacyIdCount">Number of units.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Sum">Sum with a bound per unit and partition.</param>
/// <remarks>Source: dp-math 6.4. A unit in k partitions keeps this one with chance min(1, L0/k).</remarks>
public sealed record PartitionUtility(double KeepProbability, MetricError PrivacyIdCount, MetricError Count, MetricError Sum)
{
    /// <summary>Analyses a partition.</summary>
    /// <param name="units">Its units.</param>
    /// <param name="settings">What is analysed.</param>
    public static PartitionUtility Analyse(IReadOnlyList<UnitContribution> units, UtilitySettings settings)
    {
        ArgumentNullException.ThrowIfNull(units);
        ArgumentNullException.ThrowIfNull(settings);
        double[] kept = new double[units.Count];
        double[] ones = new double[units.Count];
        double[] counts = new double[units.Count];
        double[] sums = new double[units.Count];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = Math.Min(1, settings.L0 / units[i].Partitions);
            (ones[i], counts[i], sums[i]) = (1, units[i].Count, units[i].Sum);
        }

        double keep = Keep(kept, settings);
        double Noise(Sensitivity sensitivity) =>
            DiscreteDistributions.LaplaceStandardDeviation(DiscreteDistributions.LaplaceScale(sensitivity.L1, settings.MetricEpsilon));
        const NeighbouringRelation Relation = NeighbouringRelation.AddOrRemoveOne;
        return new(
            keep,
            MetricError.Of(ones, kept, 0, 1, Noise(Sensitivity.PrivacyIdCount(Relation, settings.L0)), keep),
            MetricError.Of(counts, kept, 0, settings.Linf, Noise(Sensitivity.Count(Relation, settings.L0, settings.Linf)), keep),
            MetricError.Of(sums, kept, settings.MinSum, settings.MaxSum, Noise(Sensitivity.PartitionSum(Relation, settings.L0, settings.MinSum, settings.MaxSum)), keep));
    }

    private static double Keep(double[] kept, UtilitySettings settings)
    {
        if (settings.LaplaceSelection)
        {
            ThresholdPreview rule = ThresholdPreview.Laplace(settings.SelectionEpsilon, settings.SelectionDelta, settings.L0, 1);
            return PoissonBinomial.Expect(kept, rule.KeepProbability, rule.Threshold + (50 * rule.Spread));
        }

        var optimal = new TruncatedGeometric(SelectionBudget.Basic(settings.SelectionEpsilon, settings.SelectionDelta, settings.L0));
        return PoissonBinomial.Expect(kept, optimal.KeepProbability, optimal.SecondCrossover);
    }
}
