using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>A leaf of the schema: what one column chunk per row group holds.</summary>
internal sealed record ParquetColumn
{
    public required string Path { get; init; }

    public required PhysicalType Physical { get; init; }

    /// <summary>Bytes of a stored value: 4, 8, 12 or the type's length; 0 for booleans and byte arrays.</summary>
    public required int Width { get; init; }

    public required ArrowType Type { get; init; }

    public required int MaxDefinition { get; init; }

    public required int MaxRepetition { get; init; }

    /// <summary>Whether the leaf is itself a top-level column.</summary>
    public required bool IsFlat { get; init; }

    /// <summary>Whether the order of stored values is the order of signed numbers.</summary>
    public bool IsSignedNumber => Physical is PhysicalType.Int32 or PhysicalType.Int64 or PhysicalType.Float or PhysicalType.Double or PhysicalType.Boolean
        && !(Type.Kind == TypeKind.Int && !Type.IsSigned);
}
