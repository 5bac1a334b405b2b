using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Jobs built in code, on Spark.</summary>
[Collection(SparkCollection.Name)]
public sealed class ConnectAsyncTests(SparkServerFixture spark)
{
    [SkippableFact]
    public async Task RunAsync_OnSpark_ReleasesOnceAndGivesTheRows()
    {
        var server = spark.Server;
        using var folder = new JobOnBoth();
        folder.Write("visits.csv", "who,day,spend\na,1,2\nb,2,3\nc,3,4\n");
        var job = DpJob.Create("visits")
            .Source(s => s.Csv("visits.csv").Column<string>("who").Column<int>("day").Column<double>("spend"))
            .PrivacyUnit(u => u.Id("who").MaxPartitionsContributed(2).MaxContributionsPerPartition(1))
            .PartitionBy("day")
            .Keyset(KeySet.Range("day", 1, 4), source: "calendar")
            .Aggregate(a => a.Count("visits").Sum("spend", min: 0, max: 10))
            .Privacy(Budget.Pure("1.0"), Noise.Laplace)
            .Output(o => o.Parquet("out/"))
            .Ledger("ledger.db", dataset: "visits")
            .Options(new ManifestOptions { Folder = folder["."] });

        await using var context = await DpSparkContext.ConnectAsync(server.ConnectionString);
        var release = await job.RunAsync(context);
        var again = await job.RunAsync(context);
        var rows = new List<Row>();
        await foreach (var row in again.ReadAsync<Row>())
        {
            rows.Add(row);
        }

        Assert.Equal((RunOutcome.Released, RunOutcome.Replayed, release.Id), (release.Outcome, again.Outcome, again.Id));
        Assert.Equal([1, 2, 3, 4], rows.Select(r => r.Day));
    }

    [Theory]
    [InlineData("sc://127.0.0.1:1", "DPS6001", ExitCodes.Environment)]
    [InlineData("http://127.0.0.1", "DPS2096", ExitCodes.Usage)]
    public async Task ConnectAsync_NoServer_IsAFaultAtOnce(string remote, string code, int exit)
    {
        var fault = await Assert.ThrowsAsync<DpSparkException>(() => DpSparkContext.ConnectAsync(remote));

        Assert.Equal((code, exit), (fault.Code, fault.ExitCode));
    }

    private sealed record Row(int Day, long Visits);
}
