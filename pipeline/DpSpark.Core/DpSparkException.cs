namespace DpSpark.Core;

/// <summary>A fault that a person can act on: a stable code, the exit code it ends a run with, what is wrong, why, and what to do next.</summary>
/// <remarks>Treat every text as published: never a row, a unit id, an unreleased partition key, a true count or a noise value.</remarks>
public class DpSparkException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code"><c>DPS</c> and four digits, as listed in <c>docs/errors.md</c>.</param>
    /// <param name="exitCode">Exit code of the command line; see <see cref="ExitCodes"/>.</param>
    /// <param name="message">What is wrong and where, one sentence.</param>
    /// <param name="why">Why it matters or what caused it, or null.</param>
    /// <param name="fixes">What to do next, best first; may be null.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public DpSparkException(string code, int exitCode, string message, string? why = null, IReadOnlyList<string>? fixes = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        ExitCode = exitCode;
        Why = why;
        Fixes = fixes ?? [];
    }

    /// <summary><c>DPS</c> and four digits.</summary>
    public string Code { get; }

    /// <summary>Exit code of the command line.</summary>
    public int ExitCode { get; }

    /// <summary>Why it matters or what caused it, or null.</summary>
    public string? Why { get; }

    /// <summary>What to do next, best first; may be empty.</summary>
    public IReadOnlyList<string> Fixes { get; }
}
