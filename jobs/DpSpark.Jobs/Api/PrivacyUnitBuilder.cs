using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Says whose privacy is protected and how much one unit may contribute.</summary>
public sealed class PrivacyUnitBuilder
{
    internal PrivacyUnitBuilder()
    {
    }

    internal YamlMap Node { get; } = new();

    /// <summary>The column or columns that identify a unit.</summary>
    /// <param name="columns">The columns.</param>
    public PrivacyUnitBuilder Id(params IReadOnlyList<string> columns)
    {
        Node.Set("id", columns.Count == 1 ? Tree.Text(columns[0]) : Tree.List(columns.Select(Tree.Text)));
        return this;
    }

    /// <summary>Every row is its own unit; no bounds are needed.</summary>
    public PrivacyUnitBuilder Row()
    {
        Node.Set("row", Tree.Word("true"));
        return this;
    }

    /// <summary>L0: partitions one unit may count in.</summary>
    /// <param name="partitions">At least 1.</param>
    public PrivacyUnitBuilder MaxPartitionsContributed(int partitions) => Set("max_partitions_contributed", partitions);

    /// <summary>L0: partitions one unit may count in, found by a first pass.</summary>
    /// <param name="auto">What finding the bound costs.</param>
    public PrivacyUnitBuilder MaxPartitionsContributed(BudgetPart auto) => Set("max_partitions_contributed", auto);

    /// <summary>L-infinity: rows of one unit in one partition.</summary>
    /// <param name="rows">At least 1.</param>
    public PrivacyUnitBuilder MaxContributionsPerPartition(int rows) => Set("max_contributions_per_partition", rows);

    /// <summary>L-infinity: rows of one unit in one partition, found by a first pass.</summary>
    /// <param name="auto">What finding the bound costs.</param>
    public PrivacyUnitBuilder MaxContributionsPerPartition(BudgetPart auto) => Set("max_contributions_per_partition", auto);

    /// <summary>L1: rows of one unit in all.</summary>
    /// <param name="rows">At least 1.</param>
    public PrivacyUnitBuilder MaxContributions(int rows) => Set("max_contributions", rows);

    /// <summary>Rows without an id are one unit together; otherwise they are left out.</summary>
    public PrivacyUnitBuilder NullIdIsOneUnit()
    {
        Node.Set("null_id", Tree.Word("one_unit"));
        return this;
    }

    private PrivacyUnitBuilder Set(string key, int value)
    {
        Node.Set(key, Tree.Number(value));
        return this;
    }

    private PrivacyUnitBuilder Set(string key, BudgetPart auto)
    {
        ArgumentNullException.ThrowIfNull(auto);
        Node.Set(key, new YamlMap().Set("auto", auto.Auto()));
        return this;
    }
}
