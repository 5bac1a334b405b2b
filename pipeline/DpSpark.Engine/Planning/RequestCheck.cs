using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>Finds everything in a request that no plan can be made for, whoever wrote it: the manifest reader has checked most of it, the C# API less.</summary>
internal static class RequestCheck
{
    /// <summary>Reserved: selection draws its noise under this name.</summary>
    internal const string SelectionName = "partition_selection";

    private static readonly Rational s_smallestEpsilon = new(BigInteger.One, BigInteger.One << 50);
    private static readonly Rational s_largestEpsilon = Rational.From(BigInteger.One << 30);

    /// <summary>The faults, in manifest order; empty when the request can be planned.</summary>
    internal static List<PlanFault> Find(ReleaseRequest request)
    {
        var faults = new List<PlanFault>();
        CheckUnit(request, faults);
        CheckPartitions(request, faults);
        CheckNames(request, faults);
        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            CheckAggregate(request, i, faults);
        }

        CheckPrivacy(request, faults);
        return faults;
    }

    /// <summary>Whether an aggregate keeps single rows of a unit, and so needs a bound on their number.</summary>
    internal static bool SamplesRows(AggregateRequest aggregate) => aggregate.Kind switch
    {
        AggregateKind.Count or AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev => true,
        AggregateKind.Histogram or AggregateKind.VectorSum or AggregateKind.Covariance => true,
        AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max => true,
        AggregateKind.Sum => aggregate.MinSumPerPartition is null && (aggregate.AutoBounds is null || aggregate.AutoBoundsPerValue),
        _ => false,
    };

    /// <summary>The value columns that an aggregate reads.</summary>
    internal static IEnumerable<string> ValueColumns(AggregateRequest aggregate) => aggregate.Columns ?? (aggregate.Column is { } column ? [column] : []);

    private static void CheckUnit(ReleaseRequest request, List<PlanFault> faults)
    {
        var unit = request.Unit;
        foreach (var (value, key) in new[]
        {
            (unit.MaxPartitionsContributed, "max_partitions_contributed"),
            (unit.MaxContributionsPerPartition, "max_contributions_per_partition"),
            (unit.MaxContributions, "max_contributions"),
        })
        {
            if (value < 1)
            {
                faults.Add(new("DPS2503", $"privacy_unit.{key}", "A contribution bound is below 1.", ["Use a whole number of at least 1."]));
            }
        }

        if (unit.IdColumns.Count == 0)
        {
            return;
        }

        if (unit.MaxPartitionsContributed is null && unit.MaxContributions is null)
        {
            faults.Add(new(
                "DPS2503", "privacy_unit", "Nothing bounds how many partitions one privacy unit may contribute to, so no noise would be enough.",
                ["Set max_partitions_contributed and max_contributions_per_partition, or max_contributions."]));
        }
        else if (unit.MaxContributionsPerPartition is null && unit.MaxContributions is null && request.Aggregates.Any(SamplesRows))
        {
            faults.Add(new(
                "DPS2503", "privacy_unit", "Nothing bounds how many rows of one privacy unit a partition may hold, and an aggregate counts or adds rows.",
                ["Set max_contributions_per_partition.", "Clamp each unit's sum instead: min_sum_per_partition and max_sum_per_partition."]));
        }
    }

    private static void CheckPartitions(ReleaseRequest request, List<PlanFault> faults)
    {
        if ((request.Keyset is null) == (request.Selection is null))
        {
            faults.Add(new("DPS2512", "keyset", "A release needs either a keyset or partition_selection, and not both.", ["Name the public keys in keyset, or ask for partition_selection."]));
        }

        if (request.Selection is { } selection)
        {
            if (selection.PreThreshold < 1)
            {
                faults.Add(new("DPS2516", "partition_selection.pre_threshold", "pre_threshold is below 1.", ["Use a whole number of at least 1; 1 means none."]));
            }

            if (selection.Strategy == SelectionStrategy.Sips && selection.Rounds is < 2 or > SelectionRounds.MostRounds)
            {
                faults.Add(new("DPS2516", "partition_selection.rounds", $"rounds is outside of 2 to {SelectionRounds.MostRounds}.", ["Use 3.", "For one round write strategy: weighted_gaussian."]));
            }

            CheckShare(selection.Budget, "partition_selection", faults);
            if (request.Delta.Sign == 0)
            {
                faults.Add(new(
                    "DPS2504", "privacy.delta", "Private partition selection is impossible with delta 0: a key that one unit alone has could never be shown, and every other key only by luck.",
                    ["Set a small delta, for example 1e-9 (below one over the number of units).", "Name the keys in keyset if they are public."]));
            }
        }

        if (request.Aggregates.Count == 0 && (request.Selection is null || request.PartitionBy.Count == 0))
        {
            faults.Add(new("DPS2516", "aggregates", "There is nothing to release.", ["Add an aggregate.", "Ask for partition_selection: its keys alone are a release."]));
        }
    }

    private static void CheckNames(ReleaseRequest request, List<PlanFault> faults)
    {
        var taken = new HashSet<string>(request.PartitionBy.Select(p => p.Name), StringComparer.Ordinal) { SelectionName };
        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            if (string.IsNullOrEmpty(request.Aggregates[i].Output) || request.Aggregates[i].Output.Contains('\0', StringComparison.Ordinal))
            {
                faults.Add(new("DPS2508", $"aggregates[{i}].as", "An output name is empty or holds a NUL.", ["Give the column a name."]));
                continue;
            }

            foreach (var name in AggregateColumns.Of(request.Aggregates[i]))
            {
                if (!taken.Add(name))
                {
                    faults.Add(new(
                        "DPS2508", $"aggregates[{i}].as", $"The output name '{name}' is taken by another column or reserved. Two columns of one name would carry the same noise.",
                        ["Choose another name."]));
                }
            }
        }
    }

    private static void CheckAggregate(ReleaseRequest request, int index, List<PlanFault> faults)
    {
        var aggregate = request.Aggregates[index];
        var path = $"aggregates[{index}]";
        CheckShare(aggregate.Budget, path + ".budget", faults);
        if (aggregate is { AutoBounds: not null, Kind: not (AggregateKind.Sum or AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev or AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max) })
        {
            faults.Add(new("DPS2519", path, $"Finding the bounds of {MechanismTable.Word(aggregate.Kind)} is not supported yet.", ["Give them."]));
            return;
        }

        if (aggregate.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount)
        {
            return;
        }

        if (aggregate.Kind == AggregateKind.CountDistinct)
        {
            CheckDistinct(request, aggregate, path, faults);
            return;
        }

        CheckRanks(aggregate, path, faults);
        if (aggregate.Kind is AggregateKind.Histogram or AggregateKind.VectorSum or AggregateKind.Covariance)
        {
            ShapedAggregateCheck.Check(request, aggregate, path, faults);
            return;
        }

        CheckColumn(request, aggregate.Column, path, faults);

        var perPartition = aggregate.MinSumPerPartition is not null || aggregate.MaxSumPerPartition is not null;
        var perValue = aggregate.MinValue is not null || aggregate.MaxValue is not null;
        var (low, high) = perPartition ? (aggregate.MinSumPerPartition, aggregate.MaxSumPerPartition) : (aggregate.MinValue, aggregate.MaxValue);
        if (perPartition && (perValue || aggregate.Kind != AggregateKind.Sum))
        {
            faults.Add(new("DPS2509", path, "Bounds of each unit's sum cannot be used here.", ["Use min_value and max_value alone, or, for a sum, min_sum_per_partition and max_sum_per_partition alone."]));
        }
        else if (low is null || high is null)
        {
            faults.Add(new("DPS2509", path, "The bounds of the values are missing; without them one row could change the result without limit.", ["Set min_value and max_value from what you know of the values, not from the data."]));
        }
        else if (low > high)
        {
            faults.Add(new("DPS2509", perPartition ? path + ".min_sum_per_partition" : path + ".min_value", "The lower bound is above the upper bound.", ["Exchange them."]));
        }
    }

    /// <summary>A value column is numeric and in the contract.</summary>
    internal static void CheckColumn(ReleaseRequest request, string? name, string path, List<PlanFault> faults)
    {
        var column = request.Columns.FirstOrDefault(c => c.Name == name);
        if (column is null || column.Type is not (ColumnType.Int or ColumnType.Long or ColumnType.Float or ColumnType.Double or ColumnType.Decimal))
        {
            faults.Add(new("DPS2511", path, column is null ? "The value column is not in the contract." : $"The value column is of type {column.Type}, which has no sum.", ["Name a numeric column of the contract."]));
        }
    }

    private static void CheckDistinct(ReleaseRequest request, AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        if (!request.Columns.Any(c => c.Name == aggregate.Column))
        {
            faults.Add(new("DPS2511", path, "The value column is not in the contract.", ["Name a column of the contract."]));
        }

        if (aggregate.MaxValues is null or < 1)
        {
            faults.Add(new("DPS2520", path + ".max_values", "max_values is missing or below 1; without it one unit could show any number of values.", ["Use a whole number of at least 1: how many values of one unit in one partition count."]));
        }
    }

    private static void CheckRanks(AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        if (aggregate.Kind != AggregateKind.Quantile)
        {
            return;
        }

        if (aggregate.Ranks is not { Count: > 0 } ranks || ranks.Any(r => r.Sign < 0 || r > ExactDecimal.One) || ranks.Distinct().Count() != ranks.Count)
        {
            faults.Add(new("DPS2521", path + ".ranks", "The ranks of a quantile are missing, repeated, or outside of 0 to 1.", ["Use for example [0.25, 0.5, 0.75]."]));
        }
    }

    private static void CheckPrivacy(ReleaseRequest request, List<PlanFault> faults)
    {
        var epsilon = Rational.From(request.Epsilon);
        if (epsilon < s_smallestEpsilon || epsilon > s_largestEpsilon)
        {
            faults.Add(new("DPS2501", "privacy.epsilon", "epsilon is outside of 2^-50 to 2^30.", ["Use a number such as 1.0; noise cannot be switched off by a huge epsilon: --test-mode bounded does that."]));
        }

        if (request.Delta.Sign < 0 || request.Delta >= ExactDecimal.One)
        {
            faults.Add(new("DPS2502", "privacy.delta", "delta is outside of 0 to 1.", ["Use 0, or a number well below one over the number of units, for example 1e-9."]));
        }

        if (request.Noise == NoiseChoice.Gaussian && request.Delta.Sign == 0)
        {
            faults.Add(new("DPS2505", "privacy.noise", "Gaussian noise is impossible with delta 0.", ["Use noise: laplace.", "Set a small delta."]));
        }

        if (request.Adjacency == NeighbouringRelation.ReplaceOne && request.Selection is not null)
        {
            faults.Add(new(
                "DPS2525", "privacy.adjacency", "Private partition selection protects a unit that is there or not; for a unit that is replaced it would need the factor of group privacy for the whole release.",
                ["Write adjacency: add_remove.", "Name the keys in keyset if they are public.", "Halve epsilon with add_remove: that is replace_one for the whole epsilon."]));
        }

        if (request.Rho is not null && request.Selection is not null)
        {
            faults.Add(new("DPS2525", "privacy.rho", "Private partition selection shows a lone key with a small chance that no rho bounds.", ["Write epsilon and delta.", "Name the keys in keyset if they are public."]));
        }

        if (request.Rho is not null && (request.Delta.Sign == 0 || request.Accountant != AccountantChoice.Zcdp || request.Aggregates.Any(a => a.Budget.Epsilon is not null)))
        {
            faults.Add(new("DPS2525", "privacy.rho", "rho needs a delta, the zcdp accountant, and shares by weight.", ["Set a small delta for the report.", "Write weights instead of an epsilon."]));
        }

        if (request.Accountant == AccountantChoice.Zcdp && request.Delta.Sign == 0)
        {
            faults.Add(new("DPS2505", "privacy.accountant", "The zcdp accountant needs a delta above 0.", ["Set a small delta.", "Use accountant: pld."]));
        }

        if (request.ConfidenceLevel is { } level && (level.Sign <= 0 || level >= ExactDecimal.One))
        {
            faults.Add(new("DPS2515", "output.ci", "The confidence level is not between 0 and 1.", ["Use for example 0.95."]));
        }
    }

    private static void CheckShare(BudgetShare share, string path, List<PlanFault> faults)
    {
        if (share.Epsilon is null && share.Weight.Sign <= 0)
        {
            faults.Add(new("DPS2513", path + ".weight", "A budget weight is not above 0.", ["Use a positive number; leave the aggregate out if it is not wanted."]));
        }

        if (share.Epsilon is { } epsilon && (Rational.From(epsilon) < s_smallestEpsilon || Rational.From(epsilon) > s_largestEpsilon))
        {
            faults.Add(new("DPS2514", path + ".epsilon", "The share's epsilon is outside of 2^-50 to 2^30.", ["Use a positive number below the total.", "Use a weight."]));
        }

        if (share.Delta is { } delta && (delta.Sign < 0 || delta >= ExactDecimal.One))
        {
            faults.Add(new("DPS2514", path + ".delta", "The share's delta is outside of 0 to 1.", ["Use a number below the total."]));
        }
    }
}
