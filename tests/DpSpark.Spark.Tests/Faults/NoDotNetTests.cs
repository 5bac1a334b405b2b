using DpSpark.Core;
using DpSpark.Jobs.Spark;
using DpSpark.Spark.Tests.Jobs;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>Machines that have neither .NET nor DpSpark.</summary>
[Collection(FaultCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class NoDotNetTests(FaultClusterFixture spark)
{
    [SkippableFact]
    public async Task Run_ExecutorsWithoutDotNet_TakeTheWorkerFromTheSession()
    {
        _ = spark.Cluster;
        var server = await spark.BareServerAsync();
        using var job = new FaultJob();
        var settings = JobOnBoth.SettingsOf(server);

        // The same program without its runtime cannot start there: .NET is out of sight indeed.
        var fault = Assert.Throws<DpSparkException>(() => job.Release(settings with { Worker = new WorkerPlacement(WorkerShipping.Installed, WorkerArchive.Plain) }));
        Assert.Equal("DPS6004", fault.Code);

        // Nothing named: the server is on this machine, its executors need not be, so the archive goes along although this build has a worker of its own.
        var archive = WorkerArchive.Path;
        var (code, json) = await DoctorTests.DoctorAsync("--remote", server.ConnectionString);
        Assert.True(code == ExitCodes.Ok, json.GetRawText());
        Assert.Equal($"sent with the session: {archive} (deploy/worker.proj made it in this clone)", DoctorTests.Text(json, "worker"));
        job.AssertSameAsHere(settings, () => { });
    }
}
