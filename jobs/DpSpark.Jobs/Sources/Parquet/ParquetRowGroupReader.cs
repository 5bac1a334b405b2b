using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Yields the wanted columns of a row group, batch after batch; memory is bounded by the batch and one page per column.</summary>
public sealed class ParquetRowGroupReader : IDisposable
{
    private readonly int _batchRows;
    private readonly ColumnReader[] _columns;
    private long _rowsLeft;
    private bool _failed;

    internal ParquetRowGroupReader(ParquetFile file, ParquetRowGroup group, IReadOnlyList<int> columns)
    {
        _batchRows = file.Options.BatchRows;
        _rowsLeft = group.RowCount;
        Schema = new Schema([.. columns.Select(c => file.Schema.Fields[c])]) { Metadata = file.Schema.Metadata };
        _columns = new ColumnReader[columns.Count];
        for (var i = 0; i < columns.Count; i++)
        {
            var leaf = file.FlatLeaf(columns[i]);
            if (leaf < 0)
            {
                throw new ArrowUnsupportedException($"nested columns (column '{file.Schema.Fields[columns[i]].Name}' is a {file.Schema.Fields[columns[i]].Type.Kind})");
            }

            _columns[i] = Open(file, group, leaf);
        }
    }

    /// <summary>Names and types of the wanted columns, in the order asked for.</summary>
    public Schema Schema { get; }

    /// <summary>Reads the next batch.</summary>
    /// <returns>A batch of at least one row, which the caller disposes; null at the end.</returns>
    /// <exception cref="ArrowFormatException">The row group is damaged or uses something unsupported; the reader is of no more use.</exception>
    public RecordBatch? Read()
    {
        if (_failed)
        {
            throw new InvalidOperationException("The reader failed before; it cannot go on.");
        }

        if (_rowsLeft == 0)
        {
            return null;
        }

        var buffers = new BatchBuffers();
        try
        {
            var rows = (int)Math.Min(_batchRows, _rowsLeft);
            foreach (var column in _columns)
            {
                rows = column.LimitRows(rows);
            }

            var arrays = new ArrowArray[_columns.Length];
            for (var i = 0; i < arrays.Length; i++)
            {
                arrays[i] = _columns[i].Read(rows, buffers);
            }

            _rowsLeft -= rows;
            return new RecordBatch(Schema, arrays, rows, buffers.Release);
        }
        catch
        {
            _failed = true;
            buffers.Release();
            throw;
        }
    }

    /// <summary>Gives the pages' memory back; batches that were handed out stay valid.</summary>
    public void Dispose()
    {
        _failed = true;
        foreach (var column in _columns)
        {
            column?.Dispose();
        }
    }

    private static ColumnReader Open(ParquetFile file, ParquetRowGroup group, int leaf)
    {
        var column = file.Leaves[leaf];
        var chunk = group.Metadata.Columns[leaf];
        if (chunk.ValueCount != group.RowCount)
        {
            throw new ParquetFormatException($"Column '{column.Path}': row group {group.Index} has {group.RowCount} rows, but {chunk.ValueCount} values of it.");
        }

        return ColumnReader.Create(new PageReader(file.Source, file.FooterStart, column, chunk, file.Options), column, chunk, file.Options);
    }
}
