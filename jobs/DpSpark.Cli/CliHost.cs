using DpSpark.Core;

namespace DpSpark.Cli;

/// <summary>What the command line meets outside: the console, the working folder, the environment, the clock and the signals. Tests hand in their own.</summary>
internal sealed record CliHost
{
    /// <summary>Where results go.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Where messages of faults go, and steps when the result is JSON.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Working folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether bars and colour make sense: <see cref="Out"/> is a terminal.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 120;

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Starts to listen for Ctrl-C and SIGTERM; the token is cancelled by the first of them.</summary>
    public Func<Interruption> Listen { get; init; } = () => new Interruption(null);

    /// <summary>The host of a real process.</summary>
    public static CliHost OfThisProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        Folder = Directory.GetCurrentDirectory(),
        IsTerminal = !Console.IsOutputRedirected,
        Width = WidthOfConsole(),
        Listen = () => new Interruption(() => System.Environment.Exit(ExitCodes.Cancelled)),
    };

    private static int WidthOfConsole()
    {
        try
        {
            return Console.IsOutputRedirected ? 120 : Math.Max(40, Console.WindowWidth);
        }
        catch (IOException)
        {
            return 120;
        }
    }
}
