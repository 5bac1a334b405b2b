using System.Globalization;
using System.Text;

namespace DpSpark.Cli.Samples;

/// <summary>Crashes of an app on one day: keys that are not known beforehand, and a minimum of devices behind each.</summary>
internal static class TelemetrySample
{
    private const int Devices = 4000;

    private const string Job = """
        # Devices with a crash by app version, system and signal: rare combinations must not show up.
        version: 1
        name: crash-telemetry
        description: Devices with a crash, and how long they had been up

        source:
          csv: data/crashes.csv
          columns:
            device_id:   string
            app_version: string
            os:          string
            signal:      string
            up_minutes:  { type: double, nan: drop, inf: drop }

        privacy_unit:
          id: device_id
          max_partitions_contributed: 2
          max_contributions_per_partition: 1

        partition_by: [app_version, os, signal]
        partition_selection: { strategy: truncated_geometric, pre_threshold: 20, epsilon: "0.5", delta: "1e-7" }

        aggregates:
          - { privacy_id_count: "*", as: devices }
          - { mean: up_minutes, min_value: 0, max_value: 1440, as: up_minutes }

        privacy: { epsilon: "2.0", delta: "1e-6", noise: auto }

        output: { path: out/, format: csv, ci: 0.9 }
        ledger: { file: ./ledger.db, dataset: device-telemetry }

        """;

    private const string Readme = """
        # Crash telemetry

        `data/crashes.csv` is synthetic: a generator made it, no device is in it. Which combinations of version, system and signal exist is private itself: only those that enough
        devices share are released, and which those are is decided with noise.

            dpspark plan        also shows how many devices it takes to be shown
            dpspark run         releases out/; a second run replays it at no cost

        """;

    public static SampleFiles Create()
    {
        string[] versions = ["5.2.0", "5.2.1", "5.3.0", "5.4.0-beta"];
        string[] systems = ["android", "ios", "windows"];
        string[] signals = ["SIGSEGV", "SIGABRT", "SIGBUS", "OutOfMemory"];
        var random = new SampleRandom(404);
        var csv = new StringBuilder("device_id,app_version,os,signal,up_minutes\n");
        for (var device = 0; device < Devices; device++)
        {
            var version = versions[random.Weighted([20, 45, 34, 1])];
            var system = systems[random.Weighted([55, 38, 7])];
            var crashes = 1 + random.Weighted([70, 20, 8, 2]);
            for (var i = 0; i < crashes; i++)
            {
                var signal = signals[random.Weighted([50, 25, 4, 21])];
                var minutes = random.Below(100) == 0 ? "NaN" : (random.Below(14400) / 10.0).ToString("0.0", CultureInfo.InvariantCulture);
                csv.Append(CultureInfo.InvariantCulture, $"d{device:D5},{version},{system},{signal},{minutes}\n");
            }
        }

        return new SampleFiles("telemetry", [("job.yml", SampleFiles.Text(Job)), ("data/crashes.csv", SampleFiles.Text(csv.ToString())), ("README.md", SampleFiles.Text(Readme))]);
    }
}
