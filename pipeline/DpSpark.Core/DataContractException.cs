namespace DpSpark.Core;

/// <summary>The schema or the rows of a source break the column contract (exit 5). The message names the file or the column, never a value.</summary>
public sealed class DataContractException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">DPS5xxx.</param>
    /// <param name="message">What is wrong and where.</param>
    /// <param name="why">Cause, or null.</param>
    /// <param name="fixes">What to do next.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public DataContractException(string code, string message, string? why = null, IReadOnlyList<string>? fixes = null, Exception? inner = null)
        : base(code, ExitCodes.Contract, message, why, fixes, inner)
    {
    }
}
