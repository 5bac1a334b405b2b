using System.Buffers.Binary;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>Writes batches of flat columns as a Parquet file. The same rows give the same bytes, however they are cut into batches.</summary>
/// <remarks>
/// Data pages of version 1, PLAIN or dictionary encoding, both kinds of type annotations, checksums and statistics: what every reader takes. The schema's metadata
/// become key and value pairs of the footer. A file is only valid after <see cref="Finish"/>.
/// </remarks>
public sealed class ParquetWriter : IDisposable
{
    private const int MaxGroupBytes = 128 << 20;

    /// <summary>How often, in rows of a row group, its size is looked at.</summary>
    private const int Step = 1024;
    private static readonly string s_createdBy = $"DpSpark version {typeof(ParquetWriter).Assembly.GetName().Version?.ToString(3)}";

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly Schema _schema;
    private readonly ParquetWriteOptions _options;
    private readonly ColumnBuffer[] _columns;
    private readonly ChunkWriter _chunks;
    private readonly List<WrittenChunk[]> _groups = [];
    private long _position;
    private long _rows;
    private bool _finished;

    /// <summary>Creates a writer.</summary>
    /// <param name="stream">Receives the bytes, from its present position on.</param>
    /// <param name="schema">Columns of every batch.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <param name="leaveOpen">Whether <see cref="Dispose"/> leaves the stream open.</param>
    /// <exception cref="ArrowUnsupportedException">A column has a type that this writer does not store (nested, seconds, 256-bit decimals).</exception>
    public ParquetWriter(Stream stream, Schema schema, ParquetWriteOptions? options = null, bool leaveOpen = false)
    {
        _options = options ?? ParquetWriteOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.RowGroupRows, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.PageRows, 1, nameof(options));
        _stream = stream;
        _schema = schema;
        _leaveOpen = leaveOpen;
        _columns = [.. schema.Fields.Select(f => new ColumnBuffer(StoredType.Of(f)))];
        _chunks = new ChunkWriter(stream, _options);
        Emit("PAR1"u8);
    }

    /// <summary>Adds the rows of a batch.</summary>
    /// <param name="batch">Of the schema given at the start; arrays may be dictionary-encoded.</param>
    /// <exception cref="ArgumentException">The batch has other columns, or a null where the schema allows none.</exception>
    public void Write(RecordBatch batch)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        if (batch.Columns.Count != _columns.Length)
        {
            throw new ArgumentException($"The batch has {batch.Columns.Count} columns, the schema {_columns.Length}.", nameof(batch));
        }

        for (var i = 0; i < _columns.Length; i++)
        {
            if (batch.Columns[i].Type != _schema.Fields[i].Type)
            {
                throw new ArgumentException($"Column '{_schema.Fields[i].Name}' of the batch is {batch.Columns[i].Type}.", nameof(batch));
            }
        }

        // Row groups end after a number of rows that depends on the rows alone, never on how batches are cut.
        for (var done = 0; done < batch.Length && _columns.Length > 0;)
        {
            var filled = _columns[0].Rows;
            var take = Math.Min(Math.Min(Step - (filled % Step), _options.RowGroupRows - filled), batch.Length - done);
            for (var i = 0; i < _columns.Length; i++)
            {
                _columns[i].Append(batch.Columns[i], done, take);
            }

            done += take;
            filled += take;
            if (filled == _options.RowGroupRows || (filled % Step == 0 && _columns.Sum(c => (long)c.Bytes) >= MaxGroupBytes))
            {
                FlushGroup();
            }
        }
    }

    /// <summary>Writes what is buffered and the footer. Nothing can be added afterwards.</summary>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        FlushGroup();
        _finished = true;
        var footer = Footer();
        Emit(footer);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        Emit(length);
        Emit("PAR1"u8);
        _stream.Flush();
    }

    /// <summary>Closes the stream unless told otherwise. Without <see cref="Finish"/> the file stays invalid, which is what a failure should leave.</summary>
    public void Dispose()
    {
        _finished = true;
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _position += bytes.Length;
    }

    private void FlushGroup()
    {
        if (_columns.Length == 0 || _columns[0].Rows == 0)
        {
            return;
        }

        var group = new WrittenChunk[_columns.Length];
        for (var i = 0; i < group.Length; i++)
        {
            group[i] = _chunks.Write(_columns[i], _position);
            _position += group[i].Compressed;
        }

        _rows += _columns[0].Rows;
        _groups.Add(group);
        foreach (var column in _columns)
        {
            column.Clear();
        }
    }

    private ReadOnlySpan<byte> Footer()
    {
        var thrift = new ThriftWriter();
        thrift.Begin();
        thrift.I32(1, 1);
        thrift.List(2, ThriftType.Struct, _columns.Length + 1);
        thrift.Begin();
        thrift.Text(4, "schema");
        thrift.I32(5, _columns.Length);
        thrift.End();
        foreach (var column in _columns)
        {
            column.Type.WriteSchema(thrift);
        }

        thrift.I64(3, _rows);
        thrift.List(4, ThriftType.Struct, _groups.Count);
        foreach (var group in _groups)
        {
            WriteGroup(thrift, group);
        }

        if (_schema.Metadata.Count > 0)
        {
            thrift.List(5, ThriftType.Struct, _schema.Metadata.Count);
            foreach (var (key, value) in _schema.Metadata)
            {
                thrift.Begin();
                thrift.Text(1, key);
                thrift.Text(2, value);
                thrift.End();
            }
        }

        thrift.Text(6, s_createdBy);
        thrift.List(7, ThriftType.Struct, _columns.Length);
        foreach (var _ in _columns)
        {
            // TypeDefinedOrder for each column.
            thrift.Begin();
            thrift.Begin(1);
            thrift.End();
            thrift.End();
        }

        thrift.End();
        return thrift.Bytes;
    }

    private void WriteGroup(ThriftWriter thrift, WrittenChunk[] group)
    {
        thrift.Begin();
        thrift.List(1, ThriftType.Struct, group.Length);
        foreach (var chunk in group)
        {
            WriteChunk(thrift, chunk);
        }

        thrift.I64(2, group.Sum(c => c.Uncompressed));
        thrift.I64(3, group[0].Rows);
        thrift.I64(5, group[0].DictionaryOffset);
        thrift.I64(6, group.Sum(c => c.Compressed));
        thrift.End();
    }

    private void WriteChunk(ThriftWriter thrift, WrittenChunk chunk)
    {
        thrift.Begin();
        thrift.I64(2, 0);
        thrift.Begin(3);
        thrift.I32(1, (int)chunk.Type.Physical);
        ParquetEncoding[] encodings = chunk.HasDictionary
            ? [ParquetEncoding.Plain, ParquetEncoding.Rle, ParquetEncoding.RleDictionary]
            : [ParquetEncoding.Plain, ParquetEncoding.Rle];
        thrift.List(2, ThriftType.I32, encodings.Length);
        foreach (var encoding in encodings)
        {
            thrift.I32Element((int)encoding);
        }

        thrift.List(3, ThriftType.Binary, 1);
        thrift.BinaryElement(Encoding.UTF8.GetBytes(chunk.Type.Field.Name));
        thrift.I32(4, (int)(_options.Compression == ParquetCompression.Snappy ? ParquetCodec.Snappy : ParquetCodec.Uncompressed));
        thrift.I64(5, chunk.Rows);
        thrift.I64(6, chunk.Uncompressed);
        thrift.I64(7, chunk.Compressed);
        thrift.I64(9, chunk.DataOffset);
        if (chunk.HasDictionary)
        {
            thrift.I64(11, chunk.DictionaryOffset);
        }

        thrift.Begin(12);
        thrift.I64(3, chunk.Nulls);
        if (chunk.Max is not null)
        {
            thrift.Binary(5, chunk.Max);
        }

        if (chunk.Min is not null)
        {
            thrift.Binary(6, chunk.Min);
        }

        thrift.End();
        thrift.End();
        thrift.End();
    }
}
