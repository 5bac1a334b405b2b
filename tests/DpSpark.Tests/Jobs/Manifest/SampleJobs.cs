namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>Manifests that the tests start from.</summary>
internal static class SampleJobs
{
    /// <summary>The smallest honest job.</summary>
    public const string Restaurant = """
        # job.yml
        version: 1
        name: restaurant-visits
        description: Visits and spend by weekday

        source:
          csv: data/visits.csv
          columns:                      # a contract: drift fails before anything is read by DP code
            visitor_id: string
            weekday:    { type: int, nulls: drop }
            spend_eur:  { type: decimal(9,2), nulls: drop, nan: drop }

        privacy_unit:
          id: visitor_id                # who is protected
          max_partitions_contributed: 4 # at most 4 weekdays per visitor count
          max_contributions_per_partition: 1

        partition_by: [weekday]
        keyset:
          values: { weekday: [1, 2, 3, 4, 5, 6, 7] }
          source: calendar              # why these keys are public; printed in the report

        aggregates:
          - { privacy_id_count: "*", as: visitors }
          - { count: "*",            as: visits }
          - { sum: spend_eur, min_value: 0, max_value: 60, as: spend_eur, budget: { weight: 2 } }

        privacy:
          epsilon: "1.0"                # a string: exact decimal
          delta: "0"
          noise: laplace

        output:
          path: out/
          format: parquet
          ci: 0.95                      # adds *_stddev, *_ci_low, *_ci_high
          post: [non_negative]

        ledger: { file: ./ledger.db, dataset: restaurant }
        """;

    /// <summary>A job with much that comes later.</summary>
    public const string Taxi = """
        version: 1
        name: taxi-zone-hour
        vars: { week: "${run_date:monday}" }

        sources:
          trips:
            table: lake.taxi.trips@${snapshot:latest}         # snapshot id is recorded
            columns:
              hack_license: string
              pickup_zone:  int
              pickup_ts:    timestamp
              fare_usd:     { type: decimal(8,2), nulls: drop }
              tip_usd:      { type: decimal(8,2), nulls: { replace: 0 } }
          zones: { csv: s3a://ref/taxi_zones.csv, public: true }

        views:
          t:
            from: trips
            where: "pickup_ts >= DATE '${week}' AND pickup_ts < DATE '${week}' + INTERVAL 7 DAYS"
            select: { hour: "hour(pickup_ts)", zone: pickup_zone, fare: fare_usd, tip: tip_usd }
          tz: { join: { public: zones, to: t, on: zone, how: inner } }     # plan prints the fan-out bound (1)

        privacy_unit:
          id: hack_license
          per: { window: P1W, on: pickup_ts }                 # protects one driver-week; the ledger knows
          max_partitions_contributed: 60
          max_contributions_per_partition: 4

        partition_by: [zone, hour]
        keyset:
          cross: [ { table: zones, columns: [zone] }, { range: { hour: [0, 23] } } ]
          source: "TLC zone list, public"
          other: false

        aggregates:
          - { count: "*", as: trips, budget: { weight: 1 } }
          - { sum: fare, min_value: 0, max_value: 100, as: fares, budget: { weight: 1 } }
          - { quantile: fare, ranks: [0.25, 0.5, 0.75], min_value: 0, max_value: 100, as: fare_q, budget: { weight: 1 } }
        rollup: { levels: [[zone], []], consistent: true }    # zone totals and city total, made to add up

        privacy: { epsilon: "1.5", delta: "1e-8", noise: gaussian, accountant: pld }

        goals:                                                # checked in plan; a failed goal is a warning or, with --strict, exit 4
          trips: { rel_error_p95: 20%, where_true_at_least: 2000 }

        output: { table: lake.pub.taxi_zone_hour, partition: { week: "${week}" }, mode: replace_partition, ci: 0.95 }
        ledger: { uri: abfss://gov@acct/ledgers/taxi, dataset: taxi, purpose: open-data }
        schedule_hint: weekly
        """;

    /// <summary>A job with private partition selection and some that comes later.</summary>
    public const string Telemetry = """
        version: 1
        name: crash-telemetry
        source: { parquet: "s3a://telemetry/day=${run_date}/", columns: { device_id: string, app_version: string, os: string, signal: string, up_minutes: { type: double, nan: drop, inf: drop } } }
        privacy_unit:
          id: device_id
          per: { window: P1D, on: day }
          max_partitions_contributed: 4
          max_contributions_per_partition: 1
          keep: random
        partition_by: [app_version, os, signal]
        partition_selection: { strategy: truncated_geometric, pre_threshold: 50, epsilon: "0.2", delta: "1e-8" }
        aggregates:
          - { privacy_id_count: "*", as: devices }
          - { mean: up_minutes, min_value: 0, max_value: 1440, as: up_minutes }
        privacy: { epsilon: "0.8", delta: "2e-8", noise: auto }
        output: { path: "s3a://public-metrics/crash/day=${run_date}/", ci: 0.9, quality: { low_when: "stddev > 0.5 * abs(value)" } }
        ledger: { uri: "s3a://gov/ledger/telemetry", dataset: device-telemetry }
        """;
}
