using System.Globalization;
using System.Text;
using DpSpark.Core;

namespace DpSpark.Jobs.Diagnostics;

/// <summary>How grave a diagnostic is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The job cannot be planned or run.</summary>
    Error,

    /// <summary>The job runs; <c>--strict</c> makes it an error.</summary>
    Warning,

    /// <summary>Advice.</summary>
    Hint,
}

/// <summary>One message about a job: a stable code, where, what is wrong, why it matters and what to do next. Never a value of a row.</summary>
public sealed record Diagnostic
{
    /// <summary><c>DPS</c> and four digits; listed in <see cref="DiagnosticCatalog"/>.</summary>
    public required string Code { get; init; }

    /// <summary>How grave it is.</summary>
    public DiagnosticSeverity Severity { get; init; } = DiagnosticSeverity.Error;

    /// <summary>File it is about, as the user named it; null where there is none.</summary>
    public string? File { get; init; }

    /// <summary>Line in the file from 1, or 0 where there is none.</summary>
    public int Line { get; init; }

    /// <summary>Column in the line from 1, or 0 where there is none.</summary>
    public int Column { get; init; }

    /// <summary>Key of the manifest it is about, such as <c>aggregates[1].max_value</c>; empty for the whole.</summary>
    public string Path { get; init; } = "";

    /// <summary>What is wrong, a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Why it matters, or null.</summary>
    public string? Why { get; init; }

    /// <summary>What to do, best first, each a clause without a full stop.</summary>
    public IReadOnlyList<string> Fixes { get; init; } = [];

    /// <summary>The diagnostic that an exception amounts to.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="file">File it is about, or null.</param>
    /// <param name="line">Line from 1, or 0.</param>
    /// <param name="column">Column from 1, or 0.</param>
    public static Diagnostic FromException(DpSparkException exception, string? file = null, int line = 0, int column = 0) => new()
    {
        Code = exception.Code,
        File = file,
        Line = line,
        Column = column,
        Message = exception.Message,
        Why = exception.Why,
        Fixes = exception.Fixes,
    };

    /// <summary>The text for people: <c>file(line,col): error DPS####: what is wrong.</c>, then lines for the cause, the fixes and the docs page.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (File is not null)
        {
            text.Append(File);
            if (Line > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"({Line},{Math.Max(Column, 1)})");
            }

            text.Append(": ");
        }

        var severity = Severity switch { DiagnosticSeverity.Error => "error", DiagnosticSeverity.Warning => "warning", _ => "hint" };
        text.Append(CultureInfo.InvariantCulture, $"{severity} {Code}: {Message}");
        if (Why is not null)
        {
            text.Append("\n  Why: ").Append(Why);
        }

        for (var i = 0; i < Fixes.Count; i++)
        {
            text.Append(i == 0 ? "\n  Fix: " : ",\n       or ").Append(Fixes[i].TrimEnd('.'));
        }

        if (Fixes.Count > 0)
        {
            text.Append('.');
        }

        return text.Append(CultureInfo.InvariantCulture, $"\n  Docs: docs/errors.md#{DocsAnchor}").ToString();
    }

    private string DocsAnchor => Code.ToLowerInvariant();
}
