using DpSpark.Arrow;

namespace DpSpark.Vectors.Formats;

/// <summary>What an exception says of the reader that threw it.</summary>
public enum Refusal
{
    /// <summary>Not an exception that the library means to throw: a defect.</summary>
    Defect,

    /// <summary>The input is damaged.</summary>
    Damaged,

    /// <summary>The input uses a feature that is missing, and the message names it.</summary>
    Unsupported,
}

/// <summary>Compares what reading a file did with what the index expects.</summary>
public static class Judge
{
    /// <summary>Classifies the exceptions of DpSpark.Arrow.</summary>
    /// <param name="exception">What a reader threw.</param>
    public static Refusal Arrow(Exception exception) => exception switch
    {
        ArrowUnsupportedException => Refusal.Unsupported,
        ArrowFormatException => Refusal.Damaged,
        _ => Refusal.Defect,
    };

    /// <summary>Runs one case.</summary>
    /// <param name="expect">ok, error, ok-or-error or ok-or-unsupported.</param>
    /// <param name="read">Reads everything and compares it; returns the first difference, or null when there is none.</param>
    /// <param name="classify">Tells the library's own exceptions from others.</param>
    public static Verdict Run(string expect, Func<string?> read, Func<Exception, Refusal> classify)
    {
        string? difference;
        try
        {
            difference = read();
        }
        catch (Exception e)
        {
            var refusal = classify(e);
            var detail = (refusal == Refusal.Defect ? e.GetType().Name + ": " : "") + e.Message;
            return (expect, refusal) switch
            {
                (_, Refusal.Defect) => new(Outcome.Fail, detail),
                ("error" or "ok-or-error", _) => new(Outcome.Pass, detail),
                ("ok-or-unsupported", Refusal.Unsupported) => new(Outcome.Unsupported, detail),
                _ => new(Outcome.Fail, detail),
            };
        }

        return expect switch
        {
            "error" => new(Outcome.Fail, "was read without an error"),
            "ok" or "ok-or-error" or "ok-or-unsupported" => difference is null ? new(Outcome.Pass) : new(Outcome.Fail, difference),
            _ => new(Outcome.Unsupported, "unknown expectation " + expect),
        };
    }
}
