using System.Diagnostics;
using DpSpark.Core;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>The bundle as it is given away, on a machine that has neither .NET nor a clone. Making it takes minutes, so it is run by hand: bash .ci/long bundle.</summary>
[Collection(SparkCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class BundleTests : IDisposable
{
    private static readonly string s_key = string.Concat(Enumerable.Range(1, 32).Select(i => i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
    private readonly JobOnBoth _job = new();

    public void Dispose() => _job.Dispose();

    [SkippableFact]
    public async Task Bundle_InAnEmptyFolderWithoutDotNet_RunsTheJob()
    {
        Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
        var build = await RunAsync("dotnet", ["build", Path.Combine(SharedFiles.RepositoryRoot, "deploy", "bundle.proj"), "-nodeReuse:false", "-v", "quiet"], null);
        Assert.True(build.Code == 0, build.Text);
        var archive = Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, "artifacts", "bundle"), "dpspark-*-linux-x64.tar.gz").Single();
        _job.Copy(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant"));
        _job.Here("here");
        await RunAsync("tar", ["-xzf", archive, "-C", _job[""]], null);
        var folder = _job[Path.GetFileName(archive)[..^".tar.gz".Length]];
        var bare = WithoutDotNet();
        Assert.NotEqual(0, (await RunAsync("/bin/sh", ["-c", "command -v dotnet"], bare)).Code);

        var doctor = await RunAsync(Path.Combine(folder, "dpspark"), ["doctor", "--engine", "spark"], bare);
        var run = await RunAsync(Path.Combine(folder, "spark-submit.sh"), ["--master", "local[2]", "job.yml", "--test-mode", "seeded", "--test-key", s_key, "-o", "there"], bare);

        Assert.True(doctor.Code == ExitCodes.Ok, doctor.Text);
        Assert.Contains("it lies beside dpspark", doctor.Text, StringComparison.Ordinal);
        Assert.True(run.Code == ExitCodes.Ok, run.Text);
        Assert.Contains("worker sent with the session", run.Text, StringComparison.Ordinal);
        _job.AssertSame("here", "there");
    }

    /// <summary>A folder that leads to every program of the system but dotnet.</summary>
    private string WithoutDotNet()
    {
        var path = Directory.CreateDirectory(_job["path"]).FullName;
        foreach (var program in new[] { "/usr/bin", "/bin" }.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).Where(p => Path.GetFileName(p) != "dotnet"))
        {
            var link = Path.Combine(path, Path.GetFileName(program));
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, program);
            }
        }

        return path;
    }

    private async Task<(int Code, string Text)> RunAsync(string program, string[] args, string? path)
    {
        var start = new ProcessStartInfo(program, args) { WorkingDirectory = _job[""], RedirectStandardOutput = true, RedirectStandardError = true };
        if (path is not null)
        {
            start.Environment.Clear();
            start.Environment["PATH"] = path;
            start.Environment["HOME"] = _job[""];
            start.Environment["SPARK_HOME"] = SparkInstallation.Home;
            if (Environment.GetEnvironmentVariable("JAVA_HOME") is { } java)
            {
                start.Environment["JAVA_HOME"] = java;
            }
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
