using System.Globalization;
using DpSpark.Core;

namespace DpSpark.Jobs.Sources;

/// <summary>A file of a source is not what its contract says: damaged, cut off, a missing column, a line with the wrong number of fields. Ends a run with exit code 5.</summary>
/// <remarks>The message names file and line, never a piece of the content.</remarks>
public sealed class SourceFormatException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code"><c>DPS5###</c>.</param>
    /// <param name="file">The file as the user named it.</param>
    /// <param name="line">Line in the file, from 1, or null where lines mean nothing.</param>
    /// <param name="message">What is wrong; file and line are put in front of it.</param>
    /// <param name="why">Cause, or null.</param>
    /// <param name="fixes">What to do next.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public SourceFormatException(string code, string file, long? line, string message, string? why = null, IReadOnlyList<string>? fixes = null, Exception? inner = null)
        : base(code, ExitCodes.Contract, Place(file, line) + message, why, fixes, inner)
    {
        File = file;
        Line = line;
    }

    /// <summary>The file as the user named it.</summary>
    public string File { get; }

    /// <summary>Line in the file, from 1, or null.</summary>
    public long? Line { get; }

    private static string Place(string file, long? line) =>
        line is null ? file + ": " : string.Create(CultureInfo.InvariantCulture, $"{file}, line {line}: ");
}
