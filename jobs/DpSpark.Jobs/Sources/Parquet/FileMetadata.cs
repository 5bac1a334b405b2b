namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>The footer, as the file states it.</summary>
internal sealed class FileMetadata
{
    public required List<SchemaElement> Schema { get; init; }

    public required long RowCount { get; init; }

    public required List<RowGroupMetadata> RowGroups { get; init; }

    public required List<KeyValuePair<string, string>> KeyValues { get; init; }

    public string? CreatedBy { get; init; }

    /// <summary>Per leaf, whether its order is the one of its type, so that the new pair of bounds may be trusted; null when the file does not say.</summary>
    public List<bool>? TypeOrdered { get; init; }
}

internal sealed class SchemaElement
{
    public PhysicalType? Type { get; set; }

    public int TypeLength { get; set; }

    public Repetition Repetition { get; set; } = Repetition.Required;

    public string? Name { get; set; }

    public int ChildCount { get; set; }

    public ConvertedType Converted { get; set; } = ConvertedType.None;

    public int Scale { get; set; }

    public int Precision { get; set; }

    public int? FieldId { get; set; }

    public LogicalKind Logical { get; set; }

    /// <summary>Whether the union is set, also to a member that this reader does not know.</summary>
    public bool HasLogical { get; set; }

    /// <summary>1 milliseconds, 2 microseconds, 3 nanoseconds; of a logical time or timestamp.</summary>
    public int LogicalUnit { get; set; }

    public bool LogicalUtc { get; set; }

    public int LogicalBitWidth { get; set; }

    public bool LogicalSigned { get; set; }

    public int LogicalScale { get; set; }

    public int LogicalPrecision { get; set; }
}

internal sealed class RowGroupMetadata
{
    public required List<ColumnChunkMetadata> Columns { get; init; }

    public required long RowCount { get; init; }

    public required long TotalByteSize { get; init; }
}

internal sealed class ColumnChunkMetadata
{
    public bool IsExternal { get; set; }

    public bool IsEncrypted { get; set; }

    public bool HasMetadata { get; set; }

    public PhysicalType Type { get; set; }

    public int Codec { get; set; }

    public long ValueCount { get; set; }

    public long UncompressedSize { get; set; }

    public long CompressedSize { get; set; }

    public long DataPageOffset { get; set; }

    public long DictionaryPageOffset { get; set; }

    public StatisticsMetadata? Statistics { get; set; }
}

internal sealed class StatisticsMetadata
{
    public byte[]? LegacyMax { get; set; }

    public byte[]? LegacyMin { get; set; }

    public long? NullCount { get; set; }

    public byte[]? MaxValue { get; set; }

    public byte[]? MinValue { get; set; }
}
