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

        job.AssertSameAsHere(settings with { Worker = new WorkerPlacement(WorkerShipping.Artifact, WorkerArchive.Path) }, () => { });
    }
}
