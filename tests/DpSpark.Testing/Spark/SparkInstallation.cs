using System.Diagnostics;

namespace DpSpark.Testing.Spark;

/// <summary>Finds a Spark to test against: <c>SPARK_HOME</c>, or the trimmed distribution in the shared folder, unpacked once.</summary>
public static class SparkInstallation
{
    private static readonly Lazy<(string? Home, string Reason)> s_found = new(Find);

    /// <summary>The folder that holds <c>bin/spark-submit</c>, or null where there is no Spark or no Java.</summary>
    public static string? Home => s_found.Value.Home;

    /// <summary>Why tests against a real Spark skip; give it to <c>Skip.If</c> together with <see cref="Home"/> being null.</summary>
    public static string SkipReason => s_found.Value.Reason;

    private static (string? Home, string Reason) Find()
    {
        if (!HasJava())
        {
            return (null, "skipped: no Java (JAVA_HOME, or java on the PATH)");
        }

        if (Environment.GetEnvironmentVariable("SPARK_HOME") is { Length: > 0 } home)
        {
            return File.Exists(Path.Combine(home, "bin", "spark-submit")) ? (home, "") : (null, "skipped: SPARK_HOME holds no bin/spark-submit");
        }

        if (SharedFiles.Folder is not { } shared || !File.Exists(Path.Combine(shared, "spark", "spark-home")))
        {
            return (null, "skipped: no Spark (SPARK_HOME, or 'shared/spark' beside the repository)");
        }

        using var process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(shared, "spark", "spark-home")]) { RedirectStandardOutput = true })!;
        var printed = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? (printed, "") : (null, "skipped: shared/spark/spark-home failed to unpack Spark");
    }

    private static bool HasJava()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return Environment.GetEnvironmentVariable("JAVA_HOME") is { Length: > 0 } java && File.Exists(Path.Combine(java, "bin", "java"))
            || folders.Any(f => File.Exists(Path.Combine(f, "java")));
    }
}
