using System.Globalization;
using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Spark.Tests.Faults;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>One unit with most of the rows and one partition with everything: memory of worker and JVM stays bounded, and the release is that of the local engine.</summary>
[Collection(FaultCollection.Name)]
public sealed class SkewTests
{
    private const int Batch = 100_000;

    /// <summary>Rows of the one unit; a ninth as many are of others.</summary>
    private static readonly int s_ofOne = Watched.IsLong ? 10_000_000 : 900_000;

    /// <summary>All rows, in whole batches.</summary>
    private static readonly int s_rows = ((s_ofOne / 9 * 10 / Batch) + 1) * Batch;

    [SkippableFact]
    public async Task Run_OneUnitAndOnePartitionWithEverything_StaysInMemory()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        using var job = new JobOnBoth("""
            version: 1
            name: skewed
            source: { parquet: rows.parquet, columns: { who: long, place: long, spend: double } }
            privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 3 }
            partition_by: [place]
            partition_selection: { strategy: laplace_threshold, pre_threshold: 5 }
            aggregates:
              - { count: "*", as: visits }
              - { sum: spend, min_value: 0, max_value: 10, as: spend }
            privacy: { epsilon: "2.0", delta: "1e-6", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: skewed }

            """);
        WriteRows(job["rows.parquet"]);
        var gates = new TaskGates(job["gates"]);
        await using var server = await SparkServer.StartAsync(new()
        {
            DriverMemory = "768m",
            Environment = new Dictionary<string, string> { ["DPSPARK_TASK_GATE"] = gates.Folder },

            // Two tasks at once: each has half of it, and three quarters of that for rows.
            Settings = new Dictionary<string, string> { ["spark.executor.pyspark.memory"] = "192m" },
        });

        job.Here("here");
        job.OnSpark(server, "there");

        job.AssertSame("here", "there");
        var workers = gates.Workers("bound");
        Assert.NotEmpty(workers);
        Assert.All(workers, w => Assert.InRange(PeakMebibytes(w), 1, 512));
        Assert.InRange(PeakMebibytes(TaskGates.ExecutorOf(workers[0])), 1, 1536);
    }

    /// <summary>Nine rows of ten belong to one unit; all of one place, but a few that keep the other places company.</summary>
    private static void WriteRows(string path)
    {
        Schema schema = new([new Field("who", ArrowType.Int64), new Field("place", ArrowType.Int64), new Field("spend", ArrowType.Double)]);
        using var writer = new ParquetWriter(File.Create(path), schema);
        for (var start = 0; start < s_rows; start += Batch)
        {
            var numbers = Enumerable.Range(start, Batch).ToArray();
            using var batch = new RecordBatch(schema,
            [
                ArrowArrays.Int64([.. numbers.Select(i => i % 10 == 0 ? 1 + (i / 10 % 20_000) : 0L)]),
                ArrowArrays.Int64([.. numbers.Select(i => i % 1000 == 0 ? i / 1000 % 7 : 0L)]),
                ArrowArrays.Double([.. numbers.Select(i => i % 13 / 2.0)]),
            ], Batch);
            writer.Write(batch);
        }

        writer.Finish();
    }

    /// <summary>Most resident memory of a process so far.</summary>
    private static int PeakMebibytes(int process) =>
        int.Parse(File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
