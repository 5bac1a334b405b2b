using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli.Output;

/// <summary>What a verb ends with: the result object of <c>--format json</c> and <c>--result-file</c>.</summary>
internal sealed record CommandResult
{
    /// <summary><c>released</c>, <c>replayed</c>, <c>tested</c>, <c>planned</c>, <c>valid</c>, <c>refused</c>, <c>failed</c>, <c>cancelled</c>; of the doctor <c>healthy</c>, <c>unhealthy</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>Exit code of the process.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Id of the release, or null.</summary>
    public string? ReleaseId { get; init; }

    /// <summary>Id of the run, or null.</summary>
    public string? RunId { get; init; }

    /// <summary>Dataset charged, or null.</summary>
    public string? Dataset { get; init; }

    /// <summary>Epsilon as the shortest decimal, or null.</summary>
    public string? Epsilon { get; init; }

    /// <summary>Delta as the shortest decimal, or null.</summary>
    public string? Delta { get; init; }

    /// <summary>Released rows, or null.</summary>
    public int? Rows { get; init; }

    /// <summary>Output folder, or null.</summary>
    public string? Output { get; init; }

    /// <summary>Record, or null.</summary>
    public string? Record { get; init; }

    /// <summary>What the doctor looked at; null for other verbs.</summary>
    public IReadOnlyList<CheckResult>? Checks { get; init; }

    /// <summary>Faults and warnings.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>The result of a fault.</summary>
    /// <param name="exitCode">Its exit code.</param>
    /// <param name="diagnostics">What there is to say.</param>
    public static CommandResult Fault(int exitCode, IReadOnlyList<Diagnostic> diagnostics) => new()
    {
        Outcome = exitCode switch
        {
            ExitCodes.Cancelled => "cancelled",
            ExitCodes.Usage or ExitCodes.Budget or ExitCodes.Goals or ExitCodes.Contract or ExitCodes.Busy => "refused",
            _ => "failed",
        },
        ExitCode = exitCode,
        Diagnostics = diagnostics,
    };
}
