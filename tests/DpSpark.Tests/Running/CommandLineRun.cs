using System.Diagnostics;
using System.Text.Json;
using DpSpark.Cli;

namespace DpSpark.Tests.Running;

/// <summary>One command line run in this process: exit code and what was written.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandLineRun(int Code, string Out, string Error)
{
    /// <summary>The result object of <c>--format json</c>.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>Runs in this process.</summary>
    public static CommandLineRun In(string folder, params string[] args) => In(folder, () => new Interruption(null), args);

    /// <summary>Runs in this process with an interruption of the test's own.</summary>
    public static CommandLineRun In(string folder, Func<Interruption> listen, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(args, new CliHost { Out = output, Error = error, Folder = folder, Environment = _ => null, Listen = listen });
        return new CommandLineRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs in this process with an environment of the test's own.</summary>
    public static CommandLineRun With(string folder, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(args, new CliHost { Out = output, Error = error, Folder = folder, Environment = n => environment.GetValueOrDefault(n) });
        return new CommandLineRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Starts a process of its own, with a fault in it.</summary>
    public static Process Start(string folder, string? fault, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        if (OperatingSystem.IsLinux())
        {
            // Tests that run in the background of a shell inherit an ignored SIGINT; the command line under test is one that a person started.
            start.FileName = "env";
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "DpSpark.FaultHost.dll"));
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        start.Environment["DPSPARK_FAULT"] = fault ?? "";
        start.Environment["DOTNET_TieredPGO"] = "0";
        return System.Diagnostics.Process.Start(start)!;
    }

    /// <summary>Runs a process of its own to its end.</summary>
    public static CommandLineRun Process(string folder, string? fault, params string[] args)
    {
        using var process = Start(folder, fault, args);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return new CommandLineRun(process.ExitCode, output.Result, error.Result);
    }
}
