using DpSpark.Arrow;
using DpSpark.Core;

namespace DpSpark.Jobs.Sources;

/// <summary>Turns what a codec says about a file into a fault of the data contract that names the file.</summary>
internal static class FileFaults
{
    /// <summary>Runs something that reads a file.</summary>
    public static T Guard<T>(InputFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (Translate(file, e) is { } fault)
        {
            throw fault;
        }
    }

    /// <summary>The fault that stands for an exception, or null where the exception speaks for itself.</summary>
    public static DpSparkException? Translate(InputFile file, Exception exception) => exception switch
    {
        DpSparkException => null,
        ArrowUnsupportedException e => new SourceFormatException("DPS5112", file.Name, null, "the file uses a feature that is not supported: " + e.Feature + ".",
            "Nothing is wrong with the file as far as it was read.", ["write the file without it, for example with another compression"], e),
        ArrowFormatException e => new SourceFormatException("DPS5107", file.Name, null, "the file is damaged, cut off, or not of the format that the job names.", e.Message,
            ["check that the file is complete and that `source` names its format", "write it again"], e),
        IOException or UnauthorizedAccessException => InputFingerprint.Unreadable(file, exception),
        _ => null,
    };
}
