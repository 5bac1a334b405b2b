using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Manifest.Keysets;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>Jobs that together use every key and form.</summary>
internal static class GoodJobs
{
    public static ManifestOptions Options { get; } = new() { RunDate = new DateOnly(2026, 11, 20), KeysetFiles = new Zones() };

    public static IReadOnlyList<string> All { get; } =
    [
        """
        version: 1
        name: everything
        vars: { folder: "data/${run_date:month}", e: "0.5" }
        source:
          csv: { path: ["${folder}/a.csv", b.csv.gz], header: false, delimiter: ";", null: NA }
          columns:
            user: { type: string, from: user_id }
            country: { type: string, nulls: keep }
            at: { type: timestamp, format: "yyyy-MM-dd HH:mm:ss", nulls: error }
            day: date
            active: bool
            age: int
            score: { type: double, nulls: { replace: 0 }, nan: { replace: 1.5 }, inf: drop }
            price: decimal(9,2)
        privacy_unit: { id: [user, country], max_partitions_contributed: 4, max_contributions_per_partition: 2, max_contributions: 6, null_id: one_unit }
        partition_by:
          - country
          - { trunc: at, to: hour, as: hour }
          - { trunc: day, to: month }
          - active
          - { bin: age, edges: [0, 18, 65, 120], as: age_group }
          - { bin: score, width: 0.5, min_value: 0, max_value: 1.2 }
        keyset:
          cross:
            - { rows: [{ country: DE, active: true }, { country: null, active: false }] }
            - { dates: { hour: [2026-01-01T00:00:00Z, "2026-01-01T05:00"], step: hour } }
            - { dates: { day: [2025-12-01, 2026-02-01] } }
            - { range: { age_group: [0, 18], score: [0.5, 1] } }
          source: a list
        aggregates:
          - count: "*"
          - { privacy_id_count: "*", as: units, budget: { epsilon: "0.1", delta: 1e-9 } }
          - { sum: price, min_sum_per_partition: -10, max_sum_per_partition: 1e2 }
          - { mean: score, min_value: 0, max_value: 1, as: m, budget: { weight: 0.5 } }
        privacy: { epsilon: "${e}", delta: 1e-6, noise: gaussian }
        output: { path: "out/${run_date}", format: csv, mode: replace, ci: "0.9", post: [] }
        ledger: { file: l.db, dataset: d, purpose: p, expires: 90m }
        on_late_data: release_again
        """,
        """
        source: { parquet: data/*.parquet, columns: { v: double } }
        privacy_unit: { row: true }
        partition_by: []
        aggregates: [{ mean: v, min_value: 0, max_value: 1 }, { count: "*" }]
        privacy: { epsilon: 1, delta: 0 }
        """,
        """
        source: { arrow: data.arrow, columns: { u: long, zone: string, hour: long } }
        privacy_unit: { id: u, max_contributions: 10 }
        partition_by: [zone, hour]
        keyset: { cross: [{ file: { csv: zones.csv } }, { values: { hour: [3, 1, 2] } }], source: zone list }
        aggregates: [{ count: "*" }]
        privacy: { epsilon: 1, delta: 0 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string, v: long } }
        privacy_unit: { id: u, max_partitions_contributed: 3 }
        partition_by: [k]
        partition_selection: { strategy: gaussian_threshold, pre_threshold: 5, budget: { weight: 3 } }
        aggregates: [{ privacy_id_count: "*" }, { sum: v, min_sum_per_partition: 0, max_sum_per_partition: 9 }]
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string, v: long } }
        privacy_unit: { id: u, max_partitions_contributed: 60 }
        partition_by: [k]
        partition_selection: { strategy: weighted_gaussian, pre_threshold: 5, budget: { weight: 3 } }
        aggregates: [{ privacy_id_count: "*" }]
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string, v: long } }
        privacy_unit: { id: u, max_partitions_contributed: 60 }
        partition_by: [k]
        partition_selection: { strategy: sips, rounds: 4, pre_threshold: 5, epsilon: "0.5", delta: "1e-8" }
        aggregates: [{ privacy_id_count: "*" }]
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string, v: long } }
        privacy_unit: { id: u, max_partitions_contributed: { auto: { budget: 5% } }, max_contributions_per_partition: { auto: { budget: { epsilon: "0.1" } } } }
        partition_by: [k]
        partition_selection: { strategy: auto }
        aggregates: [{ sum: v, auto: { budget: 10%, clamp: value } }, { mean: v, as: m, auto: { budget: "7.5 %" } }]
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string, v: long } }
        privacy_unit: { id: u, max_partitions_contributed: 3, max_contributions_per_partition: 1 }
        partition_by: [k]
        keyset: { values: { k: [a, b, c] }, other: true, source: list }
        top_k: { k: 2, by: n, budget: { epsilon: "0.2", delta: 1e-9 } }
        aggregates: [{ count: "*", as: n }]
        privacy: { epsilon: 1, delta: 1e-7 }
        output: { ci: 0.9, quality: { low_when: "stddev > 1", per: row } }
        """,
        """
        source: { csv: a.csv, columns: { u: long, k: string } }
        privacy_unit: { id: u, max_partitions_contributed: 3 }
        partition_by: [k]
        partition_selection: { strategy: truncated_geometric }
        aggregates: []
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
        """
        source: { csv: a.csv, columns: { u: long, v: double, w: "decimal(9,2)", n: int } }
        privacy_unit: { id: u, max_partitions_contributed: 3, max_contributions_per_partition: 2 }
        partition_by: []
        aggregates:
          - { variance: v, min_value: -1, max_value: 2.5, as: v_var }
          - { stddev: n, min_value: 0, max_value: 9 }
          - { histogram: v, edges: [-1, 0, "0.5", 3], as: bins, budget: { weight: 2 } }
          - { histogram: w, width: 10, min_value: 0, max_value: 55 }
          - { vector_sum: [v, w, n], norm: l2, max_norm: 12.5, as: vector }
          - { vector_sum: [v, n], norm: linf, max_norm: 1 }
          - { covariance: [v, w], min_values: [-1, 0], max_values: [2.5, 60], as: vw }
        privacy: { epsilon: 1, delta: 1e-7 }
        """,
    ];

    /// <summary>A keyset file with four rows, one of them twice.</summary>
    public sealed class Zones : IKeysetFileReader
    {
        public IReadOnlyList<string> ReadColumns(FileKeyset file) => ["name", "zone", "hour"];

        public IEnumerable<IReadOnlyList<string?>> ReadRows(FileKeyset file, IReadOnlyList<string> columns)
        {
            Assert.True(Path.IsPathRooted(file.Path));
            Assert.Equal(["zone"], columns);
            return [["b"], ["a"], ["b"], ["C"]];
        }
    }
}
