using DpSpark.Core;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Spark;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>What a run on Spark does to ledger and output when all is well, and when something is not.</summary>
[Collection(SparkCollection.Name)]
public sealed class RunSituationsTests(SparkServerFixture spark)
{
    private const string Manifest = """
        version: 1
        name: visits
        source: { csv: visits.csv, columns: { who: string, day: int, spend: { type: double, nulls: error } } }
        privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
        partition_by: [day]
        keyset: { values: { day: [1, 2, 3] }, source: calendar }
        aggregates: [{ count: "*", as: visits }, { sum: spend, min_value: 0, max_value: 10, as: spend }]
        privacy: { epsilon: "1.0", delta: "0", noise: laplace }
        output: { path: out/, format: csv }
        ledger: { file: ledger.db, dataset: visits }

        """;

    private const string Rows = "who,day,spend\na,1,2\nb,2,3\nc,3,4\n";

    [SkippableFact]
    public void Release_OnSpark_IsChargedOnceAndReplaysOnEitherEngine()
    {
        var server = spark.Server;
        using var job = Job(Rows);

        var first = job.Release(JobOnBoth.SettingsOf(server));
        var again = job.Release(JobOnBoth.SettingsOf(server));
        var here = job.Release(null);

        Assert.Equal((RunOutcome.Released, RunOutcome.Replayed, RunOutcome.Replayed), (first.Outcome, again.Outcome, here.Outcome));
        Assert.Equal((first.ReleaseId, first.ReleaseId), (again.ReleaseId, here.ReleaseId));
        Assert.Equal(ReleaseState.Committed, Assert.Single(job.History("visits")).State);
        Assert.Contains("\"engine\": \"spark-connect\"", File.ReadAllText(job["out/_release.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Release_NoServer_EndsWithoutAReservation()
    {
        using var job = Job(Rows);

        var fault = Assert.Throws<DpSparkException>(() => job.Release(new SparkSettings { Remote = "sc://127.0.0.1:1", Worker = new WorkerPlacement(WorkerShipping.Installed, "/worker") }));

        Assert.Equal(("DPS6001", ExitCodes.Environment), (fault.Code, fault.ExitCode));
        Assert.Empty(job.History("visits"));
    }

    [SkippableFact]
    public void Release_WrongToken_EndsWithoutAReservation()
    {
        var server = spark.Server;
        using var job = Job(Rows);

        var fault = Assert.Throws<DpSparkException>(() => job.Release(new SparkSettings { Remote = $"sc://{server.Address}/;token=wrong" }));

        Assert.Equal(("DPS6003", ExitCodes.Environment), (fault.Code, fault.ExitCode));
        Assert.Empty(job.History("visits"));
    }

    [SkippableFact]
    public void Release_NoWorkerOnTheExecutors_EndsWithoutAReservation()
    {
        var server = spark.Server;
        using var job = Job(Rows);

        var fault = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server) with { Worker = new WorkerPlacement(WorkerShipping.Installed, "/no/such/worker") }));

        Assert.Equal(("DPS6004", ExitCodes.Environment), (fault.Code, fault.ExitCode));
        Assert.Empty(job.History("visits"));
    }

    [SkippableTheory]
    [InlineData("who,day,spend\na,1,2\nb,2\n", "DPS5201")]
    [InlineData("who,day,spend\na,1,2\nb,2,3,marked-value\n", "DPS5201")]
    [InlineData("who,day,spend\na,1,2\nmarked-value,2,\n", null)]
    public void Release_RowsThatBreakTheContract_EndAsHereAndGiveTheBudgetBack(string rows, string? code)
    {
        var server = spark.Server;
        using var job = Job(rows);

        var there = Assert.ThrowsAny<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        var states = job.History("visits").Select(h => h.State).ToArray();
        var here = Assert.ThrowsAny<DpSparkException>(() => job.Release(null));

        Assert.Equal((here.Code, ExitCodes.Contract), (there.Code, there.ExitCode));
        Assert.Equal(code ?? there.Code, there.Code);
        Assert.Equal([ReleaseState.Freed], states);
        Assert.DoesNotContain("marked-value", there.Message + there.Why + string.Join(' ', there.Fixes), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Release_Cancelled_IsOverAndGivesTheBudgetBack()
    {
        var server = spark.Server;
        using var job = Job(Rows);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => job.Release(JobOnBoth.SettingsOf(server), cancelled.Token));

        Assert.DoesNotContain(job.History("visits"), h => h.State is ReleaseState.Committed or ReleaseState.Running);
        Assert.False(Directory.Exists(job["out"]));
    }

    [SkippableFact]
    public void Source_OfArrowFiles_IsRefusedWithTheReason()
    {
        using var job = Job(Rows);
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "arrow: visits.arrow", StringComparison.Ordinal));

        var fault = Assert.Throws<DpSparkException>(() => job.Release(new SparkSettings { Remote = "sc://127.0.0.1:1", Worker = new WorkerPlacement(WorkerShipping.Installed, "/worker") }));

        Assert.Equal(("DPS6012", ExitCodes.Usage), (fault.Code, fault.ExitCode));
    }

    private static JobOnBoth Job(string rows)
    {
        var job = new JobOnBoth(Manifest);
        job.Write("visits.csv", rows);
        return job;
    }
}
