using System.Buffers.Binary;
using System.Numerics;
using DpSpark.Jobs.Sources.Parquet;
using IronSnappy;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>What the footer says of a written column chunk.</summary>
internal sealed record WrittenChunk(
    StoredType Type, int Rows, int Nulls, byte[]? Min, byte[]? Max, bool HasDictionary, long DictionaryOffset, long DataOffset, long Compressed, long Uncompressed);

/// <summary>Encodes a column of a row group as pages: perhaps a dictionary page, then data pages of version 1.</summary>
internal sealed class ChunkWriter(Stream output, ParquetWriteOptions options)
{
    private const int MaxPageBytes = 1 << 20;
    private readonly ByteBuffer _page = new();
    private long _compressed;
    private long _uncompressed;

    /// <summary>Writes a column.</summary>
    /// <param name="column">At least one row.</param>
    /// <param name="position">Where in the file the chunk starts.</param>
    public WrittenChunk Write(ColumnBuffer column, long position)
    {
        _compressed = _uncompressed = 0;
        var dictionary = options.UseDictionaries && column.Type.Physical == PhysicalType.ByteArray ? ValueDictionary.TryBuild(column) : null;
        if (dictionary is not null)
        {
            WriteDictionary(column, dictionary);
        }

        var data = position + _compressed;
        var row = 0;
        var value = 0;
        while (row < column.Rows)
        {
            var (rows, values) = Measure(column, row, value, dictionary is not null);
            WritePage(column, dictionary, row, rows, value, values);
            row += rows;
            value += values;
        }

        var (min, max) = ColumnStatistics.Of(column);
        return new WrittenChunk(column.Type, column.Rows, column.Rows - column.Values, min, max, dictionary is not null, position, data, _compressed, _uncompressed);
    }

    /// <summary>Rows and values of the next page.</summary>
    private (int Rows, int Values) Measure(ColumnBuffer column, int row, int value, bool indexed)
    {
        var rows = 0;
        var values = 0;
        var bytes = 0L;
        while (row + rows < column.Rows && rows < options.PageRows && bytes < MaxPageBytes)
        {
            if (column.IsPresent(row + rows))
            {
                bytes += indexed ? 4 : column.Value(value + values).Length + 4;
                values++;
            }

            rows++;
        }

        return (rows, values);
    }

    private void WriteDictionary(ColumnBuffer column, ValueDictionary dictionary)
    {
        _page.Clear();
        foreach (var first in dictionary.Entries)
        {
            WriteByteArray(column.Value(first));
        }

        Flush(PageType.Dictionary, thrift =>
        {
            thrift.Begin(7);
            thrift.I32(1, dictionary.Entries.Count);
            thrift.I32(2, (int)ParquetEncoding.Plain);
            thrift.End();
        });
    }

    private void WritePage(ColumnBuffer column, ValueDictionary? dictionary, int row, int rows, int value, int values)
    {
        _page.Clear();
        if (column.Type.Field.Nullable)
        {
            WriteLevels(column, row, rows, values);
        }

        if (dictionary is not null)
        {
            WriteIndices(dictionary.Indices.AsSpan(value, values), BitOperations.Log2((uint)Math.Max(1, dictionary.Entries.Count - 1)) + 1);
        }
        else if (column.Type.Physical == PhysicalType.ByteArray)
        {
            for (var i = value; i < value + values; i++)
            {
                WriteByteArray(column.Value(i));
            }
        }
        else if (column.Type.Physical == PhysicalType.Boolean)
        {
            WriteBits(column.Fixed(value, values));
        }
        else
        {
            _page.Write(column.Fixed(value, values));
        }

        Flush(PageType.Data, thrift =>
        {
            thrift.Begin(5);
            thrift.I32(1, rows);
            thrift.I32(2, (int)(dictionary is null ? ParquetEncoding.Plain : ParquetEncoding.RleDictionary));
            thrift.I32(3, (int)ParquetEncoding.Rle);
            thrift.I32(4, (int)ParquetEncoding.Rle);
            thrift.End();
        });
    }

    private void WriteByteArray(ReadOnlySpan<byte> value)
    {
        WriteInt32(value.Length);
        _page.Write(value);
    }

    private void WriteInt32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _page.Write(bytes);
    }

    /// <summary>Length and levels: one run when all rows are alike, else bits.</summary>
    private void WriteLevels(ColumnBuffer column, int row, int rows, int values)
    {
        var start = _page.Length;
        WriteInt32(0);
        if (values == 0 || values == rows)
        {
            WriteVarint((uint)rows << 1);
            _page.WriteByte(values == 0 ? (byte)0 : (byte)1);
        }
        else
        {
            WriteVarint(((uint)(rows + 7) / 8 << 1) | 1);
            for (var i = 0; i < rows; i += 8)
            {
                var bits = 0;
                for (var j = i; j < Math.Min(i + 8, rows); j++)
                {
                    bits |= column.IsPresent(row + j) ? 1 << (j - i) : 0;
                }

                _page.WriteByte((byte)bits);
            }
        }

        BinaryPrimitives.WriteInt32LittleEndian(_page.Bytes[start..], _page.Length - start - 4);
    }

    /// <summary>Width, then one bit-packed run; the last group of eight is filled up with zeros.</summary>
    private void WriteIndices(ReadOnlySpan<int> indices, int width)
    {
        _page.WriteByte((byte)width);
        if (indices.IsEmpty)
        {
            return;
        }

        WriteVarint(((uint)(indices.Length + 7) / 8 << 1) | 1);
        for (var i = 0; i < indices.Length; i += 8)
        {
            var bits = UInt128.Zero;
            for (var j = i; j < Math.Min(i + 8, indices.Length); j++)
            {
                bits |= (UInt128)(uint)indices[j] << ((j - i) * width);
            }

            for (var b = 0; b < width; b++)
            {
                _page.WriteByte((byte)(bits >> (8 * b)));
            }
        }
    }

    private void WriteBits(ReadOnlySpan<byte> values)
    {
        for (var i = 0; i < values.Length; i += 8)
        {
            var bits = 0;
            for (var j = i; j < Math.Min(i + 8, values.Length); j++)
            {
                bits |= values[j] << (j - i);
            }

            _page.WriteByte((byte)bits);
        }
    }

    private void WriteVarint(uint value)
    {
        for (; value >= 128; value >>= 7)
        {
            _page.WriteByte((byte)(value | 128));
        }

        _page.WriteByte((byte)value);
    }

    private void Flush(PageType type, Action<ThriftWriter> details)
    {
        var plain = _page.Bytes;
        ReadOnlySpan<byte> body = options.Compression == ParquetCompression.Snappy ? Snappy.Encode(plain) : plain;
        var thrift = new ThriftWriter();
        thrift.Begin();
        thrift.I32(1, (int)type);
        thrift.I32(2, plain.Length);
        thrift.I32(3, body.Length);
        thrift.I32(4, unchecked((int)Crc32.Compute(body)));
        details(thrift);
        thrift.End();
        output.Write(thrift.Bytes);
        output.Write(body);
        _compressed += thrift.Bytes.Length + body.Length;
        _uncompressed += thrift.Bytes.Length + plain.Length;
    }
}
