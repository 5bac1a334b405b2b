namespace DpSpark.Jobs.Manifest;

/// <summary>The keys of one kind of map: those that are read, and those of the product that come later.</summary>
/// <param name="Name">Name of the map; also its name in the JSON Schema.</param>
/// <param name="Keys">Keys that are read.</param>
/// <param name="Later">Keys that are refused as "not supported yet".</param>
public sealed record ManifestSection(string Name, IReadOnlyList<string> Keys, IReadOnlyList<string> Later);

/// <summary>The table of keys: the one place that the reader and the test of the JSON Schema look at.</summary>
public static class ManifestKeys
{
    internal static readonly ManifestSection Job = new("job",
        ["version", "name", "description", "vars", "source", "privacy_unit", "partition_by", "keyset", "top_k", "partition_selection", "aggregates", "privacy", "output", "ledger", "on_late_data"],
        ["sources", "views", "rollup", "goals", "schedule_hint", "quality"]);

    internal static readonly ManifestSection Source = new("source", ["csv", "parquet", "arrow", "json", "table", "sql", "columns"], ["public"]);

    internal static readonly ManifestSection Csv = new("csv", ["path", "header", "delimiter", "null"], []);

    internal static readonly ManifestSection Column = new("column", ["type", "from", "format", "nulls", "nan", "inf"], []);

    internal static readonly ManifestSection Replace = new("replace", ["replace"], []);

    internal static readonly ManifestSection Unit = new("privacy_unit",
        ["id", "row", "max_partitions_contributed", "max_contributions_per_partition", "max_contributions", "null_id"], ["per", "keep"]);

    internal static readonly ManifestSection Truncation = new("trunc", ["trunc", "to", "as"], []);

    internal static readonly ManifestSection Bin = new("bin", ["bin", "edges", "width", "min_value", "max_value", "as"], []);

    internal static readonly ManifestSection Keyset = new("keyset", ["values", "rows", "range", "dates", "file", "cross", "other", "source"], ["table", "columns"]);

    internal static readonly ManifestSection KeysetPart = new("keyset_part", ["values", "rows", "range", "dates", "file", "cross"], ["table", "columns"]);

    internal static readonly ManifestSection KeysetFile = new("keyset_file", ["csv", "parquet", "arrow"], ["table"]);

    internal static readonly ManifestSection Selection = new("partition_selection", ["strategy", "rounds", "pre_threshold", "budget", "epsilon", "delta"], ["rho"]);

    internal static readonly ManifestSection Aggregate = new("aggregate",
        ["count", "privacy_id_count", "sum", "mean", "variance", "stddev", "quantile", "ranks", "min", "max", "count_distinct", "histogram", "vector_sum", "covariance", "as", "min_value", "max_value", "min_sum_per_partition", "max_sum_per_partition", "edges", "width", "norm", "max_norm", "min_values", "max_values", "auto", "budget"],
        []);

    internal static readonly ManifestSection Auto = new("auto", ["budget", "clamp"], []);

    internal static readonly ManifestSection AutoUnit = new("auto_unit", ["auto"], []);

    internal static readonly ManifestSection AutoBudget = new("auto_budget", ["epsilon"], []);

    internal static readonly ManifestSection TopK = new("top_k", ["k", "by", "budget"], []);

    internal static readonly ManifestSection TopKBudget = new("top_k_budget", ["epsilon", "delta"], []);

    internal static readonly ManifestSection Quality = new("quality", ["low_when", "per"], []);

    internal static readonly ManifestSection Budget = new("budget", ["weight", "epsilon", "delta"], ["rho"]);

    internal static readonly ManifestSection Privacy = new("privacy", ["epsilon", "delta", "rho", "noise", "accountant", "adjacency"], []);

    internal static readonly ManifestSection Output = new("output", ["path", "table", "format", "mode", "ci", "post", "quality"], ["partition"]);

    internal static readonly ManifestSection Ledger = new("ledger", ["file", "dataset", "purpose", "expires"], ["uri"]);

    /// <summary>All kinds of maps with fixed keys.</summary>
    public static IReadOnlyList<ManifestSection> Sections { get; } =
        [Job, Source, Csv, Column, Replace, Unit, Truncation, Bin, Keyset, KeysetPart, KeysetFile, Selection, Aggregate, Auto, AutoUnit, AutoBudget, TopK, TopKBudget, Budget, Privacy, Output, Quality, Ledger];
}
