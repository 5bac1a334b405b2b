namespace DpSpark.Vectors.Formats;

/// <summary>How a case ended.</summary>
public enum Outcome
{
    /// <summary>As expected.</summary>
    Pass,

    /// <summary>Not as expected.</summary>
    Fail,

    /// <summary>Refused, where a refusal is permitted; or not known to this tool.</summary>
    Unsupported,
}

/// <summary>What became of a case.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">Why, on one line; may be empty.</param>
public readonly record struct Verdict(Outcome Outcome, string Detail = "");

/// <summary>Writes one line per case and the totals. Tabs and line breaks within a detail become spaces.</summary>
/// <param name="output">Receives the lines.</param>
public sealed class VectorReport(TextWriter output)
{
    private readonly int[] _counts = new int[3];

    /// <summary>Cases that failed so far.</summary>
    public int Failed => _counts[(int)Outcome.Fail];

    /// <summary>Writes <c>id TAB pass|fail|unsupported TAB detail</c>.</summary>
    /// <param name="id">Names the case.</param>
    /// <param name="verdict">What became of it.</param>
    public void Add(string id, Verdict verdict)
    {
        _counts[(int)verdict.Outcome]++;
        var word = verdict.Outcome switch { Outcome.Pass => "pass", Outcome.Fail => "fail", _ => "unsupported" };
        output.WriteLine(id + "\t" + word + "\t" + string.Join(' ', verdict.Detail.Split(['\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)));
    }

    /// <summary>Writes the totals.</summary>
    /// <returns>The exit code: 1 if any case failed, else 0.</returns>
    public int Finish()
    {
        output.WriteLine($"{_counts[0]} passed, {_counts[1]} failed, {_counts[2]} skipped");
        output.Flush();
        return Failed > 0 ? 1 : 0;
    }
}
