using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli.Output;

/// <summary>Says what a verb has to say, as text or as JSON. Only it writes to the console.</summary>
internal sealed class Reporter(CliHost host, bool isJson, string? resultFile, Verbosity verbosity, bool color)
{
    /// <summary>Largest result file: what output bindings of schedulers take.</summary>
    private const int MaxResultBytes = 4096;

    private static readonly JsonWriterOptions s_indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the result goes to standard output as JSON.</summary>
    public bool IsJson => isJson;

    /// <summary>How much is said.</summary>
    public Verbosity Verbosity => verbosity;

    /// <summary>Whether bars and colour are wanted.</summary>
    public bool Color => color;

    /// <summary>Where steps and texts go: to standard output, unless that is for JSON.</summary>
    public TextWriter Text => isJson ? host.Error : host.Out;

    /// <summary>Writes a line of text at a verbosity.</summary>
    public void Line(string line, Verbosity least = Verbosity.Minimal)
    {
        if (verbosity >= least)
        {
            Text.WriteLine(line);
        }
    }

    /// <summary>Writes a whole JSON document to standard output.</summary>
    public void Json(string document) => host.Out.WriteLine(document);

    /// <summary>Writes diagnostics, each with the mark of its severity in its text.</summary>
    public void Diagnostics(IEnumerable<Diagnostic> diagnostics)
    {
        foreach (var diagnostic in diagnostics)
        {
            var least = diagnostic.Severity switch { DiagnosticSeverity.Error => Verbosity.Quiet, DiagnosticSeverity.Warning => Verbosity.Minimal, _ => Verbosity.Detailed };
            if (verbosity >= least)
            {
                host.Error.WriteLine(Paint(diagnostic));
            }
        }
    }

    /// <summary>Says how a verb ended: diagnostics to standard error, the result object to standard output (JSON) and to the result file.</summary>
    /// <param name="result">The end.</param>
    /// <returns>The exit code.</returns>
    public int Finish(CommandResult result)
    {
        Diagnostics(result.Diagnostics);
        if (isJson)
        {
            Json(System.Text.Encoding.UTF8.GetString(ToJson(result, withTexts: true)));
        }

        if (resultFile is not null)
        {
            try
            {
                File.WriteAllBytes(resultFile, Fitting(result));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                host.Error.WriteLine(new Diagnostic
                {
                    Code = "DPS6104",
                    Severity = DiagnosticSeverity.Warning,
                    Message = "the result file cannot be written; the exit code tells how the run ended.",
                    Why = e.Message,
                });
            }
        }

        return result.ExitCode;
    }

    /// <summary>Runs a verb; whatever goes wrong becomes messages and an exit code.</summary>
    /// <param name="verb">Does the work; its argument is cancelled by Ctrl-C and SIGTERM.</param>
    /// <param name="locate">Gives a fault its place in the manifest.</param>
    /// <param name="patience">How long the verb may take to end when it is interrupted; null for what suits work of this process alone.</param>
    public int Guard(Func<CancellationToken, int> verb, Func<DpSparkException, Diagnostic>? locate = null, TimeSpan? patience = null)
    {
        using var interruption = host.Listen();
        interruption.Patience = patience ?? interruption.Patience;
        try
        {
            return verb(interruption.Token);
        }
        catch (DpSparkException e)
        {
            return Finish(CommandResult.Fault(e.ExitCode, Faults.Of(e, locate)));
        }
        catch (OperationCanceledException)
        {
            return Finish(CommandResult.Fault(ExitCodes.Cancelled, [new Diagnostic
            {
                Code = "DPS6105",
                Message = "cancelled.",
                Why = "Where nothing that depends on the data had been written, the reservation was given back; otherwise running again finishes the same release.",
            }]));
        }
#pragma warning disable CA1031 // The outermost frame: a defect of ours must end in its own exit code, not in a stack trace with who knows what in it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Finish(CommandResult.Fault(ExitCodes.Bug, [Faults.Defect(e)]));
        }
    }

    private byte[] Fitting(CommandResult result)
    {
        var json = ToJson(result, withTexts: true);
        if (json.Length > MaxResultBytes)
        {
            json = ToJson(result, withTexts: false);
        }

        for (var keep = result.Diagnostics.Count - 1; json.Length > MaxResultBytes && keep >= 0; keep--)
        {
            json = ToJson(result with { Diagnostics = [.. result.Diagnostics.Take(keep)] }, withTexts: false);
        }

        return json;
    }

    private static byte[] ToJson(CommandResult result, bool withTexts)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_indented))
        {
            json.WriteStartObject();
            json.WriteString("outcome", result.Outcome);
            json.WriteNumber("exit_code", result.ExitCode);
            Optional(json, "release_id", result.ReleaseId);
            Optional(json, "run_id", result.RunId);
            Optional(json, "dataset", result.Dataset);
            Optional(json, "epsilon", result.Epsilon);
            Optional(json, "delta", result.Delta);
            if (result.Rows is { } rows)
            {
                json.WriteNumber("rows", rows);
            }

            Optional(json, "output", result.Output);
            Optional(json, "record", result.Record);
            if (result.Checks is { } checks)
            {
                json.WriteStartArray("checks");
                foreach (var check in checks)
                {
                    json.WriteStartObject();
                    json.WriteString("name", check.Name);
                    json.WriteString("state", check.State);
                    json.WriteString("text", check.Text);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteStartArray("diagnostics");
            foreach (var diagnostic in result.Diagnostics)
            {
                Write(json, diagnostic, withTexts);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Diagnostic diagnostic, bool withTexts)
    {
        json.WriteStartObject();
        json.WriteString("code", diagnostic.Code);
        json.WriteString("severity", diagnostic.Severity.ToString().ToLowerInvariant());
        Optional(json, "file", diagnostic.File);
        if (diagnostic.Line > 0)
        {
            json.WriteNumber("line", diagnostic.Line);
            json.WriteNumber("column", Math.Max(1, diagnostic.Column));
        }

        json.WriteString("message", diagnostic.Message);
        if (withTexts)
        {
            Optional(json, "why", diagnostic.Why);
            json.WriteStartArray("fix");
            foreach (var fix in diagnostic.Fixes)
            {
                json.WriteStringValue(fix);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private string Paint(Diagnostic diagnostic)
    {
        var text = diagnostic.ToString();
        if (!color || diagnostic.Severity == DiagnosticSeverity.Hint)
        {
            return text;
        }

        var word = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
        var paint = diagnostic.Severity == DiagnosticSeverity.Error ? "31" : "33";
        var at = text.IndexOf(word + " " + diagnostic.Code, StringComparison.Ordinal);
        return at < 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text[..at]}\u001b[{paint}m{word}\u001b[0m{text[(at + word.Length)..]}");
    }
}
