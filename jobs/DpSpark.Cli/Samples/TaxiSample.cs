using System.Globalization;
using System.Text;

namespace DpSpark.Cli.Samples;

/// <summary>Trips of taxi drivers: a keyset of two dimensions, a time truncated to the hour of a day, Gaussian noise.</summary>
internal static class TaxiSample
{
    private const int Drivers = 2500;
    private const int Zones = 6;

    private const string Job = """
        # Trips and fares by zone and day, published so that no single driver can be recognised.
        version: 1
        name: taxi-zone-day
        description: Trips and fares by pickup zone and day

        source:
          csv: data/trips.csv
          columns:
            hack_license: string
            pickup_zone:  int
            pickup_ts:    timestamp
            fare_usd:     { type: decimal(8,2), nulls: drop }

        privacy_unit:
          id: hack_license
          max_partitions_contributed: 4     # of the 42 cells of zone and day
          max_contributions_per_partition: 2

        partition_by:
          - pickup_zone
          - { trunc: pickup_ts, to: day, as: day }
        keyset:
          cross:
            - { file: { csv: data/zones.csv } }
            - { dates: { day: ["2026-11-16", "2026-11-22"] } }
          source: zone list of the city, and the days of the week

        aggregates:
          - { count: "*", as: trips }
          - { sum: fare_usd, min_value: 0, max_value: 30, as: fares }
          - { mean: fare_usd, min_value: 0, max_value: 30, as: mean_fare }

        privacy: { epsilon: "1.5", delta: "1e-6", noise: gaussian }

        output: { path: out/, format: parquet, ci: 0.95 }
        ledger: { file: ./ledger.db, dataset: taxi, purpose: open-data }

        """;

    private const string Readme = """
        # Taxi trips

        `data/trips.csv` is synthetic: a generator made it, no driver is in it. `data/zones.csv` is the public list of zones: its keys are released whether or not a trip began there.

            dpspark plan        what it will cost and how exact it will be; opens no trips
            dpspark run         releases out/; a second run replays it at no cost

        """;

    public static SampleFiles Create()
    {
        var random = new SampleRandom(1116);
        var csv = new StringBuilder("hack_license,pickup_zone,pickup_ts,fare_usd\n");
        for (var driver = 0; driver < Drivers; driver++)
        {
            var home = random.Below(Zones);
            var trips = 2 + random.Below(8);
            for (var i = 0; i < trips; i++)
            {
                var zone = 101 + (random.Below(3) == 0 ? random.Below(Zones) : home);
                var minute = (random.Weighted([10, 10, 11, 12, 16, 18, 12]) * 1440) + random.Below(1440);
                var time = new DateTime(2026, 11, 16, 0, 0, 0, DateTimeKind.Utc).AddMinutes(minute);
                var cents = 450 + random.Below(2400);
                csv.Append(CultureInfo.InvariantCulture, $"h{driver:D4},{zone},{time:yyyy-MM-ddTHH:mm:ssZ},{cents / 100}.{cents % 100:D2}\n");
            }
        }

        var zones = new StringBuilder("pickup_zone,name\n");
        string[] names = ["Harbour", "Old Town", "Station", "University", "Park", "Airport"];
        for (var i = 0; i < Zones; i++)
        {
            zones.Append(CultureInfo.InvariantCulture, $"{101 + i},{names[i]}\n");
        }

        return new SampleFiles("taxi",
        [
            ("job.yml", SampleFiles.Text(Job)), ("data/trips.csv", SampleFiles.Text(csv.ToString())), ("data/zones.csv", SampleFiles.Text(zones.ToString())),
            ("README.md", SampleFiles.Text(Readme)),
        ]);
    }
}
