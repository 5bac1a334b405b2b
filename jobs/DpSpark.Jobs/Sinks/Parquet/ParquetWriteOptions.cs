namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>Codecs that pages are written with.</summary>
public enum ParquetCompression
{
    /// <summary>Snappy, which every reader knows.</summary>
    Snappy,

    /// <summary>None.</summary>
    None,
}

/// <summary>How a Parquet file is written.</summary>
public sealed record ParquetWriteOptions
{
    /// <summary>The default options.</summary>
    public static ParquetWriteOptions Default { get; } = new();

    /// <summary>Codec of all pages.</summary>
    public ParquetCompression Compression { get; init; } = ParquetCompression.Snappy;

    /// <summary>Whether text and bytes that repeat are written through a dictionary where that is smaller.</summary>
    public bool UseDictionaries { get; init; } = true;

    /// <summary>Rows of a row group at most; it also ends at 128 MiB of values.</summary>
    public int RowGroupRows { get; init; } = 1 << 20;

    /// <summary>Rows of a page at most; it also ends at 1 MiB of values.</summary>
    public int PageRows { get; init; } = 20_000;
}
