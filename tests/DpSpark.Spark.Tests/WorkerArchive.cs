using System.Diagnostics;
using DpSpark.Testing;

namespace DpSpark.Spark.Tests;

/// <summary>The worker as it is shipped: built once, by the command that everybody uses.</summary>
internal static class WorkerArchive
{
    private static readonly Lazy<string> s_path = new(Build);

    /// <summary>The archive; the program in it is <c>bin/dpspark-worker</c>.</summary>
    public static string Path => s_path.Value;

    /// <summary>The worker beside the tests, which needs the .NET of this machine.</summary>
    public static string Plain { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "dpspark-worker");

    private static string Build()
    {
        var archive = System.IO.Path.Combine(SharedFiles.RepositoryRoot, "artifacts", "worker", "dpspark-worker-linux-x64.tar.gz");
        if (File.Exists(archive) && File.GetLastWriteTimeUtc(archive) >= File.GetLastWriteTimeUtc(System.IO.Path.Combine(AppContext.BaseDirectory, "dpspark-worker.dll")))
        {
            return archive;
        }

        var start = new ProcessStartInfo("dotnet", ["build", System.IO.Path.Combine(SharedFiles.RepositoryRoot, "deploy", "worker.proj"), "-nodeReuse:false"]) { RedirectStandardOutput = true };
        using var build = Process.Start(start)!;
        var log = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, log);
        return archive;
    }
}
