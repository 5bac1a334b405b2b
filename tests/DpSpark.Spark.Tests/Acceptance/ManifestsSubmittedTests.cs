using DpSpark.Spark.Tests.Faults;
using DpSpark.Spark.Tests.Jobs;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Acceptance;

/// <summary>Manifests through <c>spark-submit.sh</c>, an application each: a few, and with <c>DPSPARK_LONG=1</c> every one. They give what the local engine writes.</summary>
[Collection(FaultCollection.Name)]
public sealed class ManifestsSubmittedTests(FaultClusterFixture spark)
{
    public static TheoryData<string> OnThisMachine() => Some("real/flights");

    public static TheoryData<string> OnACluster() => Some("real/weather");

    [SkippableTheory]
    [MemberData(nameof(OnThisMachine))]
    public async Task Submit_LocalMaster_IsTheLocalEnginesOutput(string manifest)
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        await AssertSameAsHereAsync(manifest, ["--master", "local[2]"], worker: null);
    }

    [SkippableTheory]
    [MemberData(nameof(OnACluster))]
    public async Task Submit_StandaloneMaster_IsTheLocalEnginesOutput(string manifest)
    {
        // The executors have no .NET: the worker goes with the session.
        var cluster = spark.Cluster;
        await AssertSameAsHereAsync(manifest, ["--master", cluster.Master, "--total-executor-cores", "2", "--executor-memory", "512m", "--conf", "spark.driver.host=127.0.0.1"], WorkerArchive.Path);
    }

    private static async Task AssertSameAsHereAsync(string manifest, string[] master, string? worker)
    {
        using var job = ManifestCase.Of(manifest);
        job.Run("here");

        var (code, output, error) = await new SubmitScript(job.Folder).RunAsync([.. master, "--driver-memory", "1g", "job.yml", .. job.Seeded("there")], worker: worker);

        Assert.True(code == 0, output + error);
        job.AssertSame("here", "there");
    }

    private static TheoryData<string> Some(params string[] some) => Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1" ? [.. ManifestCase.All] : [.. some];
}
