using System.Diagnostics;
using DpSpark.Core;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>The way of cluster mode, in client mode: Spark's own runner starts dpspark beside the driver, and dpspark has the driver start the Connect server.</summary>
[Collection(SparkCollection.Name)]
public sealed class ClusterModeTests : IDisposable
{
    private static readonly string s_key = string.Concat(Enumerable.Range(1, 32).Select(i => i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
    private static readonly string s_program = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dpspark.py");
    private readonly JobOnBoth _job = new();

    public ClusterModeTests()
    {
        _job.Copy(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant"));
        _ = new SubmitScript(_job);
    }

    public void Dispose() => _job.Dispose();

    [SkippableFact]
    public async Task Runner_StartsDpspark_WhichGivesTheFilesOfTheLocalEngineAndEndsTheApplication()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        _job.Here("here");

        var (code, text) = await SubmitAsync("--master", "local[2]", s_program, "run", "job.yml", "--test-mode", "seeded", "--test-key", s_key, "-o", "there");

        Assert.True(code == ExitCodes.Ok, text);
        _job.AssertSame("here", "there");
    }

    [SkippableFact]
    [Trait("Category", "Cluster")]
    public async Task Runner_FaultOfDpspark_IsTheExitCodeOfTheApplication()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);

        var (code, text) = await SubmitAsync("--master", "local[1]", s_program, "run", "missing.yml");

        Assert.True(code == ExitCodes.Usage, text);
    }

    [SkippableFact]
    [Trait("Category", "Cluster")]
    public async Task Standalone_ClusterMode_IsWhatSparkItselfRefuses()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);

        var (code, text) = await SubmitAsync("--master", "spark://127.0.0.1:1", "--deploy-mode", "cluster", s_program, "run", "job.yml");

        Assert.NotEqual(0, code);
        Assert.Contains("Cluster deploy mode is currently not supported for python applications on standalone clusters", text, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Text)> SubmitAsync(params string[] args)
    {
        var home = SparkInstallation.Home!;
        var start = new ProcessStartInfo(Path.Combine(home, "bin", "spark-submit"),
        [
            "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1", "--conf", "spark.ui.enabled=false", "--conf", "spark.sql.catalogImplementation=in-memory",
            "--conf", "spark.local.dir=" + _job["scratch"], "--conf", "spark.sql.warehouse.dir=" + _job["warehouse"], "--conf", "spark.pyspark.driver.python=" + _job["bundle/dpspark"], .. args,
        ])
        {
            WorkingDirectory = Path.GetDirectoryName(_job["job.yml"])!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SPARK_HOME"] = home;
        start.Environment["SPARK_LOCAL_IP"] = "127.0.0.1";
        start.Environment.Remove("SPARK_REMOTE");
        start.Environment.Remove("DPSPARK_WORKER");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
