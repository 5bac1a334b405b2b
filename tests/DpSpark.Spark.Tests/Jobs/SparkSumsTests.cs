using DpSpark.Arrow;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Rows that Spark adds up before they travel give the release of the rows themselves, bit for bit.</summary>
[Collection(SparkCollection.Name)]
public sealed class SparkSumsTests(SparkServerFixture spark)
{
    private readonly Random _random = new(20261122);

    [SkippableTheory]
    [InlineData("{ count: '*', as: rows }, { privacy_id_count: '*', as: people }", "max_contributions_per_partition: 2", RunMode.Seeded, true)]
    [InlineData("{ privacy_id_count: '*', as: people }", "max_contributions_per_partition: 1", RunMode.Seeded, true)]
    [InlineData("{ sum: cents, min_sum_per_partition: -20, max_sum_per_partition: 90, as: cents }, { privacy_id_count: '*', as: people }", "", RunMode.Seeded, true)]
    [InlineData("{ count: '*', as: rows }", "max_contributions_per_partition: 2", RunMode.Raw, false)]
    [InlineData("{ sum: cents, min_value: 0, max_value: 9, as: cents }", "max_contributions_per_partition: 2", RunMode.Seeded, false)]
    public void Release_WithRowsAddedUpBySpark_IsTheLocalEngines(string aggregates, string bound, RunMode mode, bool addsUp)
    {
        var server = spark.Server;
        using var job = new JobOnBoth($$"""
            version: 1
            name: sums
            source:
              parquet: rows.parquet
              columns: { who: string, kind: { type: string, nulls: keep }, at: timestamp, cents: int }
            privacy_unit: { id: who, max_partitions_contributed: 3{{(bound.Length > 0 ? ", " + bound : "")}} }
            partition_by: [kind, { trunc: at, to: day, as: day }]
            partition_selection: { strategy: laplace_threshold }
            aggregates: [ {{aggregates}} ]
            privacy: { epsilon: "40", delta: "1e-4", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: sums }

            """);
        WriteRows(job["rows.parquet"], 6000);
        var settings = JobOnBoth.SettingsOf(server) with { Settings = new Dictionary<string, string> { [SparkSums.Setting] = "true" } };

        var here = job.Here("here", mode);
        var there = job.OnSpark(settings, "there", mode);

        Assert.InRange(here.Rows, 6, 20);
        Assert.Equal(here.Rows, there.Rows);
        job.AssertSame("here", "there");
        Assert.Equal(addsUp, job.Explain(settings, mode).Contains("HashAggregate", StringComparison.Ordinal));
        Assert.DoesNotContain("HashAggregate", job.Explain(JobOnBoth.SettingsOf(server), mode), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Release_OfCsvWithRowsAddedUpBySpark_IsTheLocalEngines()
    {
        var server = spark.Server;
        using var job = new JobOnBoth("""
            version: 1
            name: counts
            source: { csv: { path: rows.csv, null: NA }, columns: { who: string, code: long } }
            privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 3 }
            partition_by: [code]
            keyset: { range: { code: [1, 9] }, source: numbers }
            aggregates: [ { count: '*', as: rows } ]
            privacy: { epsilon: "1", delta: "0", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: counts }

            """);
        string[] codes = ["1", "01", "+1", "2", " 2", "3", "x", "NA", "", "12", "7"];
        job.Write("rows.csv", "who,code\n" + string.Concat(Enumerable.Range(0, 3000).Select(_ => $"p{_random.Next(90)},{codes[_random.Next(codes.Length)]}\n")));
        var settings = JobOnBoth.SettingsOf(server) with { Settings = new Dictionary<string, string> { [SparkSums.Setting] = "true" } };

        job.Here("here");
        job.OnSpark(settings, "there");

        job.AssertSame("here", "there");
        Assert.Contains("HashAggregate", job.Explain(settings, RunMode.Seeded), StringComparison.Ordinal);
    }

    private void WriteRows(string path, int rows)
    {
        string[] kinds = ["tea", "Tea", "tea ", "K\u00e4se", ""];
        const long Noon = 1_795_000_000_000_000;
        bool[] Some(int outOf) => [.. Enumerable.Range(0, rows).Select(_ => _random.Next(outOf) != 0)];
        (Field Field, ArrowArray Values)[] columns =
        [
            (new Field("who", ArrowType.Utf8), ArrowArrays.Utf8(Enumerable.Range(0, rows).Select(i => i % 41 == 0 ? null : "p" + _random.Next(150)))),
            (new Field("kind", ArrowType.Utf8), ArrowArrays.Utf8(Enumerable.Range(0, rows).Select(i => i % 9 == 0 ? null : kinds[_random.Next(kinds.Length)]))),
            (new Field("at", ArrowType.TimestampUtc), ArrowArrays.TimestampUtc([.. Enumerable.Range(0, rows).Select(_ => Noon + (_random.Next(30) * 3_600_000_000L))], Some(30))),
            (new Field("cents", ArrowType.Int32), ArrowArrays.Int32([.. Enumerable.Range(0, rows).Select(_ => _random.Next(-30, 60))], Some(11))),
        ];
        var schema = new Schema([.. columns.Select(c => c.Field)]);
        using var writer = new ParquetWriter(File.Create(path), schema);
        using var batch = new RecordBatch(schema, [.. columns.Select(c => c.Values)], rows);
        writer.Write(batch);
        writer.Finish();
    }
}
