using DpSpark.Core;
using DpSpark.Jobs.Spark;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>The ways of the worker to the executors besides the session: an archive given to Spark, and a path; over unix sockets, which Spark offers too.</summary>
[Collection(SparkCollection.Name)]
public sealed class PlacementTests
{
    [SkippableFact]
    public async Task Archives_OfALocalServerWithUnixSockets_AreFoundAndGiveTheSameRelease()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        var sockets = Directory.CreateTempSubdirectory("dps-").FullName;
        try
        {
            await using var server = await SparkServer.StartAsync(new()
            {
                Settings = new Dictionary<string, string>
                {
                    ["spark.archives"] = WorkerArchive.Path + "#dpspark-worker",
                    ["spark.python.unix.domain.socket.enabled"] = "true",
                    ["spark.python.unix.domain.socket.dir"] = sockets,
                },
            });
            await AssertFoundAsync(server);

            // The worker of an idle server keeps its socket: that it is there shows that it was used.
            Assert.NotEmpty(Directory.EnumerateFileSystemEntries(sockets));
        }
        finally
        {
            Directory.Delete(sockets, recursive: true);
        }
    }

    [SkippableFact]
    [Trait("Category", "Cluster")]
    public async Task ArchivesAndPaths_OfAStandaloneCluster_GiveTheSameRelease()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        await using var cluster = await SparkCluster.StartAsync(2);
        await using var server = await SparkServer.StartAsync(new()
        {
            Master = cluster.Master,
            Settings = new Dictionary<string, string> { ["spark.archives"] = WorkerArchive.Path + "#dpspark-worker", ["spark.executor.cores"] = "1", ["spark.cores.max"] = "2", ["spark.executor.memory"] = "512m" },
        });

        await AssertFoundAsync(server);
        using var job = Job();
        job.Here("here");
        job.OnSpark(JobOnBoth.SettingsOf(server) with { Worker = new WorkerPlacement(WorkerShipping.Installed, WorkerArchive.Plain) }, "path");
        job.AssertSame("here", "path");
    }

    /// <summary>The worker of <c>spark.archives</c> is chosen without a word, works, and gives the files of the local engine.</summary>
    private static async Task AssertFoundAsync(SparkServer server)
    {
        var (code, json) = await DoctorTests.DoctorAsync("--remote", server.ConnectionString);
        Assert.True(code == ExitCodes.Ok, json.GetRawText() + server.LogTail);
        Assert.Contains("../dpspark-worker/bin/dpspark-worker (spark.archives of the server has an archive #dpspark-worker)", DoctorTests.Text(json, "worker"), StringComparison.Ordinal);

        using var job = Job();
        job.Here("here");
        job.OnSpark(server, "there");
        job.AssertSame("here", "there");
    }

    private static JobOnBoth Job()
    {
        var job = new JobOnBoth();
        job.Copy(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant"));
        return job;
    }
}
