using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Spark.Tests.Faults;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Releases that appear in a table, or in a folder that only the cluster sees: once, whole, and again where a crash came between.</summary>
[Collection(SparkCollection.Name)]
public sealed class SparkOutputTests(SparkServerFixture spark)
{
    internal const string Manifest = """
        version: 1
        name: visits
        source: { csv: visits.csv, columns: { who: string, day: { type: int, nulls: keep }, kind: string, spend: { type: decimal(6,2), nulls: drop } } }
        privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
        partition_by: [day, kind]
        keyset: { rows: [{ day: 1, kind: tea }, { day: null, kind: "ä, 'b'" }, { day: 3, kind: "" }], source: calendar }
        aggregates: [{ count: "*", as: visits }, { sum: spend, min_value: 0, max_value: 10, as: spend }]
        privacy: { epsilon: "1.0", delta: "0", noise: laplace }
        output: { table: visits_out, ci: 0.95 }
        ledger: { file: ledger.db, dataset: visits }

        """;

    [SkippableFact]
    public async Task Table_Release_IsItsRows_AndReplays()
    {
        var server = spark.Server;
        using var job = await JobAsync(server);
        try
        {
            var local = Assert.Throws<DpSparkException>(() => job.Release(null));
            var first = job.Release(JobOnBoth.SettingsOf(server));
            var rows = await RowsAsync(server, "visits_out");
            var again = job.Release(JobOnBoth.SettingsOf(server));

            Assert.Equal("DPS6021", local.Code);
            Assert.Equal((RunOutcome.Released, RunOutcome.Replayed, "visits_out"), (first.Outcome, again.Outcome, first.ClusterOutput));
            Assert.Equal(3, rows.Count);
            Assert.Equal(["", "1", "3"], rows.Select(r => r.Split('|')[0]).Order(StringComparer.Ordinal));
            Assert.Equal(rows, await RowsAsync(server, "visits_out"));
            Assert.True(File.Exists(first.RecordPath));
            Assert.Equal(["visits_out"], await TablesAsync(server));

            // The ledger's copy brings a lost table back, and a lost copy of the files with it.
            await SparkSourceTests.SqlAsync(server, "DROP TABLE visits_out");
            Directory.Delete(first.OutputPath, recursive: true);
            var back = job.Release(JobOnBoth.SettingsOf(server));
            Assert.Equal((RunOutcome.Replayed, first.ReleaseId), (back.Outcome, back.ReleaseId));
            Assert.Equal(rows, await RowsAsync(server, "visits_out"));

            // An altered table is no release.
            await SparkSourceTests.SqlAsync(server, "INSERT INTO visits_out SELECT * FROM visits_out LIMIT 1");
            Assert.Equal("DPS4020", Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server))).Code);
            Assert.Single(job.History("visits"));
        }
        finally
        {
            await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        }
    }

    [SkippableFact]
    public async Task Table_ThatIsThere_IsRefusedOrReplaced()
    {
        var server = spark.Server;
        using var job = await JobAsync(server);
        try
        {
            await SparkSourceTests.SqlAsync(server, "CREATE TABLE visits_out USING parquet AS SELECT 1 AS mine");
            var occupied = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
            job.Write("job.yml", Manifest.Replace("table: visits_out,", "table: visits_out, mode: replace,", StringComparison.Ordinal));
            var columns = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
            Assert.Equal(("DPS2094", "DPS2098"), (occupied.Code, columns.Code));
            Assert.Empty(job.History("visits"));
            Assert.Equal(["1"], await RowsAsync(server, "visits_out"));

            await SparkSourceTests.SqlAsync(server, "DROP TABLE visits_out");
            var first = job.Release(JobOnBoth.SettingsOf(server));
            var before = await RowsAsync(server, "visits_out");
            job.Write("job.yml", Manifest.Replace("table: visits_out,", "table: visits_out, mode: replace,", StringComparison.Ordinal).Replace("dataset: visits", "dataset: visits, purpose: second", StringComparison.Ordinal));
            var second = job.Release(JobOnBoth.SettingsOf(server));
            var after = await RowsAsync(server, "visits_out");

            Assert.NotEqual(first.ReleaseId, second.ReleaseId);
            Assert.NotEqual(before, after);
            Assert.Equal(3, after.Count);
            Assert.Equal(["visits_out"], await TablesAsync(server));
        }
        finally
        {
            await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        }
    }

    [SkippableFact]
    public async Task FolderOfTheCluster_Release_IsItsRows_AndReplays()
    {
        var server = spark.Server;
        using var job = await JobAsync(server);
        var address = $"file://{job["cluster"]}/out";
        job.Write("job.yml", Manifest.Replace("table: visits_out,", $"path: \"{address}\",", StringComparison.Ordinal));

        var first = job.Release(JobOnBoth.SettingsOf(server));
        var rows = await RowsAsync(server, $"parquet.`{address}`");
        var again = job.Release(JobOnBoth.SettingsOf(server));
        Directory.Delete(job["cluster"], recursive: true);
        var back = job.Release(JobOnBoth.SettingsOf(server));

        Assert.Equal((RunOutcome.Released, RunOutcome.Replayed, RunOutcome.Replayed), (first.Outcome, again.Outcome, back.Outcome));
        Assert.Equal(3, rows.Count);
        Assert.Equal(rows, await RowsAsync(server, $"parquet.`{address}`"));
        Assert.True(File.Exists(job["cluster/out/_SUCCESS"]));

        job.Write("cluster/out/part-x.parquet", "not a release");
        Assert.Equal("DPS2094", Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server))).Code);
        job.Write("job.yml", Manifest.Replace("table: visits_out,", $"path: \"{address}\", format: csv,", StringComparison.Ordinal));
        Assert.Equal("DPS2097", Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server))).Code);
    }

#if DEBUG
    [SkippableTheory]
    [InlineData("stage-written")]
    [InlineData("staged")]
    [InlineData("committed")]
    [InlineData("published")]
    public async Task Table_ClientKilledInBetween_NextRunFinishesTheSameRelease(string point)
    {
        var server = spark.Server;
        using var job = await JobAsync(server);
        try
        {
            var (code, errors) = await RunKilledAsync(server, job, point);
            Assert.True(code is not 0, "It was not killed: " + errors);
            var visible = (await TablesAsync(server)).Contains("visits_out");

            var next = job.Release(JobOnBoth.SettingsOf(server));
            var rows = await RowsAsync(server, "visits_out");
            var again = job.Release(JobOnBoth.SettingsOf(server));

            Assert.False(visible);
            Assert.Equal(point is "committed" or "published" ? RunOutcome.Replayed : RunOutcome.Released, next.Outcome);
            Assert.Equal((RunOutcome.Replayed, next.ReleaseId), (again.Outcome, again.ReleaseId));
            Assert.Equal(3, rows.Count);
            Assert.Equal(ReleaseState.Committed, Assert.Single(job.History("visits")).State);
            Assert.Equal(["visits_out"], await TablesAsync(server));
        }
        finally
        {
            await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        }
    }

    private static async Task<(int Code, string Errors)> RunKilledAsync(SparkServer server, JobOnBoth job, string point)
    {
        using var client = FaultJob.Client(job["."], server, "kill:" + point);
        var output = client.StandardOutput.ReadToEndAsync();
        var errors = await client.StandardError.ReadToEndAsync();
        await client.WaitForExitAsync();
        await output;
        return (client.ExitCode, errors);
    }
#endif

    internal static async Task<JobOnBoth> JobAsync(SparkServer server)
    {
        await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        var job = new JobOnBoth(Manifest);
        job.Write("visits.csv", "who,day,kind,spend\na,1,tea,2\nb,,\"ä, 'b'\",3\nc,3,\"\",4\n");
        return job;
    }

    internal static async Task<IReadOnlyList<string>> RowsAsync(SparkServer server, string from) =>
        await TextsAsync(server, SparkRelation.Sql($"SELECT to_csv(struct(*), map('sep', '|')) FROM {from}"), column: 0);

    internal static async Task<IReadOnlyList<string>> TablesAsync(SparkServer server) => await TextsAsync(server, SparkRelation.Sql("SHOW TABLES LIKE 'visits_out*'"), column: 1);

    private static async Task<IReadOnlyList<string>> TextsAsync(SparkServer server, SparkRelation relation, int column)
    {
        await using var session = new ConnectSession(ConnectEndpoint.Parse(server.ConnectionString));
        var texts = new List<string>();
        await foreach (var batch in session.CollectAsync(relation))
        {
            using (batch)
            {
                for (var row = 0; row < batch.Length; row++)
                {
                    texts.Add(System.Text.Encoding.UTF8.GetString(batch.Columns[column].BytesAt(row)));
                }
            }
        }

        texts.Sort(StringComparer.Ordinal);
        return texts;
    }
}
