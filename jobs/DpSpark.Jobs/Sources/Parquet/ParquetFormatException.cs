using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>A file is not valid Parquet. The message names what was expected and where, never a value from a row.</summary>
public class ParquetFormatException : ArrowFormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong and where.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public ParquetFormatException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>A structure goes past the bytes at hand; with more bytes it may still be valid.</summary>
internal sealed class ParquetTruncatedException : ParquetFormatException
{
    public ParquetTruncatedException(string message) : base(message)
    {
    }
}
