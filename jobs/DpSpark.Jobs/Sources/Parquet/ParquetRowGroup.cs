namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>A horizontal part of a file that can be read by itself.</summary>
public sealed class ParquetRowGroup
{
    private readonly ParquetFile _file;

    internal ParquetRowGroup(ParquetFile file, int index, RowGroupMetadata metadata)
    {
        _file = file;
        Index = index;
        Metadata = metadata;
    }

    /// <summary>Position in the file, from 0.</summary>
    public int Index { get; }

    /// <summary>Number of rows.</summary>
    public long RowCount => Metadata.RowCount;

    internal RowGroupMetadata Metadata { get; }

    /// <summary>Starts reading. Any number of readers, of this and other row groups, may run at once on different threads.</summary>
    /// <param name="columns">Indices of the fields to read, in the order wanted; null for all.</param>
    /// <returns>A reader for use by one thread at a time.</returns>
    /// <exception cref="ParquetFormatException">A wanted column's chunk is not valid.</exception>
    /// <exception cref="Arrow.ArrowUnsupportedException">A wanted column is nested or uses an unknown codec.</exception>
    public ParquetRowGroupReader Open(IReadOnlyList<int>? columns = null) => new(_file, this, columns ?? _file.AllColumns);

    /// <summary>Statistics of a flat column.</summary>
    /// <param name="column">Index of the field.</param>
    /// <returns>The statistics, or null for a nested column.</returns>
    public ParquetStatistics? StatisticsOf(int column)
    {
        var leaf = _file.FlatLeaf(column);
        if (leaf < 0)
        {
            return null;
        }

        var chunk = Metadata.Columns[leaf];
        var stored = chunk.Statistics;
        var modern = _file.IsTypeOrdered(leaf) && stored?.MinValue is not null;
        var legacy = !modern && _file.Leaves[leaf].IsSignedNumber;
        var leafColumn = _file.Leaves[leaf];
        var min = modern ? stored!.MinValue : legacy ? stored?.LegacyMin : null;
        var max = modern ? stored!.MaxValue : legacy ? stored?.LegacyMax : null;
        var trusted = IsBound(leafColumn, min) && IsBound(leafColumn, max);
        return new ParquetStatistics(
            stored?.NullCount,
            trusted ? min : null,
            trusted ? max : null,
            chunk.ValueCount,
            chunk.CompressedSize,
            chunk.UncompressedSize);
    }

    /// <summary>Whether a stated bound is none, or has the column's width and is a number.</summary>
    private static bool IsBound(ParquetColumn column, byte[]? bound) => bound is null || column.Physical switch
    {
        PhysicalType.ByteArray => true,
        PhysicalType.Boolean => bound.Length == 1,
        PhysicalType.Float => bound.Length == 4 && !float.IsNaN(BitConverter.ToSingle(bound)),
        PhysicalType.Double => bound.Length == 8 && !double.IsNaN(BitConverter.ToDouble(bound)),
        PhysicalType.Int96 => false,
        _ => bound.Length == column.Width,
    };
}
