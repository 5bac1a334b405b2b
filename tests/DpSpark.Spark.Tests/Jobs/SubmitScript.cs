using System.Diagnostics;
using DpSpark.Testing;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary><c>spark-submit.sh</c> beside a program, as in a bundle, in the folder of a job.</summary>
internal sealed class SubmitScript
{
    private readonly JobOnBoth _job;

    public SubmitScript(JobOnBoth job)
    {
        _job = job;
        job.Write("bundle/spark-submit.sh", File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "spark-submit.sh")));

        // artifacts/bin/<project>/<configuration>/: the program lies beside these tests.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "DpSpark.Cli", configuration, "dpspark.dll"));
        job.Write("bundle/dpspark", $"#!/bin/sh\nexec dotnet '{program}' \"$@\"\n");
        MakeExecutable(job["bundle/spark-submit.sh"]);
        MakeExecutable(job["bundle/dpspark"]);
    }

    /// <summary>Further variables of its environment.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public static void MakeExecutable(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Starts it in the job's folder.</summary>
    /// <param name="args">Its arguments.</param>
    /// <param name="home">Spark's folder; null for the one that tests use.</param>
    /// <param name="worker">The worker to send; null for the one beside the program.</param>
    public Process Start(string[] args, string? home = null, string? worker = null)
    {
        Directory.CreateDirectory(_job["tmp"]);
        // Tests that run in the background of a shell inherit an ignored SIGINT; the script under test is one that a person started.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", _job["bundle/spark-submit.sh"], .. args])
        {
            WorkingDirectory = Path.GetDirectoryName(_job["job.yml"])!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SPARK_HOME"] = home ?? SparkInstallation.Home ?? "/nowhere";
        start.Environment["TMPDIR"] = _job["tmp"];
        start.Environment.Remove("SPARK_REMOTE");
        start.Environment.Remove("DPSPARK_WORKER");
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        if (worker is not null)
        {
            start.Environment["DPSPARK_WORKER"] = worker;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs it to its end.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(string[] args, string? home = null, string? worker = null)
    {
        using var process = Start(args, home, worker);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
