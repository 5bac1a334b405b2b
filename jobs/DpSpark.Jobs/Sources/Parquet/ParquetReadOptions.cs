using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>How a Parquet file is read.</summary>
public sealed record ParquetReadOptions
{
    /// <summary>The default options.</summary>
    public static ParquetReadOptions Default { get; } = new();

    /// <summary>Rows a batch has at most; at least 1. Batches of long texts have fewer.</summary>
    public int BatchRows { get; init; } = 65536;

    /// <summary>
    /// Whether text and bytes stay dictionary-encoded (32-bit indices) where the file has them so. Each batch decides for itself: an array without
    /// <see cref="ArrowArray.Dictionary"/> is decoded. All batches of a row group share one dictionary array.
    /// </summary>
    public bool KeepDictionaries { get; init; }

    /// <summary>Whether unannotated byte arrays are text, as very old writers left them.</summary>
    public bool BinaryAsText { get; init; }

    /// <summary>
    /// Unit of timestamps stored as INT96: microseconds, exact for every year that Spark writes; or nanoseconds as stored, where values outside the years 1677 to
    /// 2262 wrap around, as they do in other readers of this legacy type.
    /// </summary>
    public TimeUnit Int96Unit { get; init; } = TimeUnit.Microsecond;

    /// <summary>Whether page checksums, where the file has them, are verified.</summary>
    public bool VerifyChecksums { get; init; } = true;

    /// <summary>Largest size of one decompressed page, in bytes. A page that claims more is refused.</summary>
    public int MaxPageBytes { get; init; } = 512 << 20;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchRows, 1, nameof(BatchRows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchRows, 1 << 24, nameof(BatchRows));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPageBytes, 1, nameof(MaxPageBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxPageBytes, 1 << 30, nameof(MaxPageBytes));
        if (Int96Unit is not (TimeUnit.Nanosecond or TimeUnit.Microsecond))
        {
            throw new ArgumentOutOfRangeException(nameof(Int96Unit), "INT96 is read as nanoseconds or microseconds.");
        }
    }
}
