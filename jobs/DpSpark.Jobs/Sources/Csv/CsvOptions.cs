namespace DpSpark.Jobs.Sources.Csv;

/// <summary>How a CSV file is laid out, and how much of it may be held in memory.</summary>
public sealed record CsvOptions
{
    /// <summary>Whether the first line names the columns.</summary>
    public bool Header { get; init; } = true;

    /// <summary>Separates fields: one ASCII character, not a quote, carriage return or line feed.</summary>
    public char Delimiter { get; init; } = ',';

    /// <summary>A field of exactly this text is null; where it is empty, an unquoted one, so that "" is the empty text.</summary>
    public string Null { get; init; } = "";

    /// <summary>Rows in a batch, at most.</summary>
    public int BatchRows { get; init; } = 65_536;

    /// <summary>Bytes of one field, at most; a longer one is a fault of the file.</summary>
    public int MaxFieldBytes { get; init; } = 16 << 20;

    /// <summary>Bytes read at a time. One record may make it grow, up to <see cref="MaxRecordBytes"/>.</summary>
    public int BlockBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of one record, at most.</summary>
    public int MaxRecordBytes => (int)Math.Min(4L * MaxFieldBytes, 1 << 29);

    internal void Validate()
    {
        if (Delimiter is '"' or '\r' or '\n' or '\0' || !char.IsAscii(Delimiter))
        {
            throw new ArgumentException("The delimiter must be one ASCII character other than a quote, NUL, carriage return or line feed.", nameof(Delimiter));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(BatchRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFieldBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockBytes, 1);
    }
}
