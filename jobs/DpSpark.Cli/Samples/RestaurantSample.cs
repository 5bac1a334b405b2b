using System.Globalization;
using System.Text;

namespace DpSpark.Cli.Samples;

/// <summary>Visits of a restaurant in one week: public keys, a few visits per visitor.</summary>
internal static class RestaurantSample
{
    private const int Visitors = 1500;

    private const string Job = """
        # Visits and spend by weekday, published so that no single visitor can be recognised.
        version: 1
        name: restaurant-visits
        description: Visits and spend by weekday

        source:
          csv: data/visits.csv
          columns:                      # a contract: drift fails before anything is read by DP code
            visitor_id: string
            weekday:    { type: int, nulls: drop }
            spend_eur:  { type: decimal(9,2), nulls: drop }

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

    private const string Readme = """
        # Restaurant visits

        `data/visits.csv` is synthetic: a generator made it, no person is in it. Each row is one visit: who, on which weekday, and what was spent.

            dpspark plan        what it will cost and how exact it will be; opens no data
            dpspark run         releases out/; a second run replays it at no cost
            dpspark ledger show what has been spent

        """;

    public static SampleFiles Create()
    {
        var random = new SampleRandom(2026);
        var csv = new StringBuilder("visitor_id,weekday,spend_eur\n");
        for (var visitor = 1; visitor <= Visitors; visitor++)
        {
            var days = 1 + random.Weighted([40, 25, 15, 10, 5, 3, 2]);
            var offset = random.Weighted([8, 8, 9, 11, 18, 26, 20]);
            for (var i = 0; i < days; i++)
            {
                // A few visits have no amount: they were paid by voucher.
                var weekday = 1 + ((offset + (i * 3)) % 7);
                var cents = 650 + random.Below(2200) + (random.Below(10) == 0 ? random.Below(4000) : 0);
                csv.Append(CultureInfo.InvariantCulture, $"v{visitor:D4},{weekday},{(random.Below(50) == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{cents / 100}.{cents % 100:D2}"))}\n");
            }
        }

        return new SampleFiles("restaurant", [("job.yml", SampleFiles.Text(Job)), ("data/visits.csv", SampleFiles.Text(csv.ToString())), ("README.md", SampleFiles.Text(Readme))]);
    }
}
