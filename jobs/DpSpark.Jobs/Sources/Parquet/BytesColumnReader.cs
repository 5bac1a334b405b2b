using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Text and bytes of varying length, decoded or as indices into the chunk's dictionary.</summary>
internal sealed class BytesColumnReader : ColumnReader
{
    private const int MaxBatchBytes = 1 << 30;
    private readonly bool _keepDictionary;
    private readonly long _averageBytes;
    private readonly ByteArrayDecoder _bytes = new();
    private readonly uint[] _block = new uint[1024];
    private ArrowArray? _dictionary;
    private byte[] _dictionaryBytes = [];
    private int _longest;
    private IndexDecoder _indices;
    private byte[] _data = [];
    private int _used;

    public BytesColumnReader(PageReader pages, ParquetColumn column, ColumnChunkMetadata chunk, bool keepDictionary) : base(pages, column)
    {
        _keepDictionary = keepDictionary;
        _averageBytes = chunk.ValueCount > 0 ? Math.Clamp(chunk.UncompressedSize / chunk.ValueCount, 1, int.MaxValue) : 1;
    }

    public override int LimitRows(int rows)
    {
        EnsurePage();
        var expected = IsDictionaryPage ? _keepDictionary ? 4 : Math.Max(_longest, 1) : _averageBytes;
        return (int)Math.Clamp(BatchBytes / expected, 1, rows);
    }

    public override ArrowArray Read(int rows, BatchBuffers buffers)
    {
        EnsurePage();
        if (_keepDictionary && IsDictionaryPage)
        {
            return ReadIndices(rows, buffers);
        }

        byte[]? validity = null;
        var offsets = NewOffsets(rows, buffers);
        Start(rows, buffers);
        return Finish(rows, ReadDecoded(0, rows, rows, ref validity, offsets, buffers), validity, offsets);
    }

    protected override void ReadDictionary(byte[] page, int start, int end, int count)
    {
        if (count > (end - start) / 4)
        {
            throw Error("the dictionary page ends before its last value.");
        }

        // Not rented: batches that keep the dictionary share it for as long as they live.
        var offsets = new byte[(count + 1) * 4];
        var data = new byte[end - start - (4 * count)];
        var bounds = MemoryMarshal.Cast<byte, int>(offsets.AsSpan());
        _bytes.Reset(page, start, end, ParquetEncoding.Plain, count, 0);
        for (var i = 0; i < count; i++)
        {
            var value = _bytes.Next(page);
            if (value.Length > data.Length - bounds[i])
            {
                // Lengths of the values behind this one would not fit any more.
                throw Error("the dictionary page ends before its last value.");
            }

            value.CopyTo(data.AsSpan(bounds[i]));
            bounds[i + 1] = bounds[i] + value.Length;
            _longest = Math.Max(_longest, value.Length);
        }

        CheckText(data.AsSpan(0, bounds[count]), bounds);
        _dictionaryBytes = data;
        _dictionary = new ArrowArray { Type = Column.Type, Length = count, Offsets = offsets, Values = data.AsMemory(0, bounds[count]) };
    }

    protected override void StartPage()
    {
        var (start, end) = Pages.Values;
        switch (Pages.Encoding)
        {
            case ParquetEncoding.PlainDictionary or ParquetEncoding.RleDictionary:
                if (_dictionary is null)
                {
                    throw Error("a page refers to a dictionary, but the chunk has none.");
                }

                _indices.Reset(PageBytes, start, end);
                break;
            case ParquetEncoding.Plain or ParquetEncoding.DeltaLengthByteArray or ParquetEncoding.DeltaByteArray:
                _bytes.Reset(PageBytes, start, end, Pages.Encoding, Pages.PageValues, 0);
                break;
            default:
                throw UnknownEncoding();
        }
    }

    private bool IsDictionaryPage => Pages.Encoding is ParquetEncoding.PlainDictionary or ParquetEncoding.RleDictionary;

    private static byte[] NewOffsets(int rows, BatchBuffers buffers)
    {
        var offsets = buffers.Rent((rows + 1) * 4);
        offsets.AsSpan(0, 4).Clear();
        return offsets;
    }

    private void Start(int rows, BatchBuffers buffers)
    {
        _used = 0;
        _data = buffers.Rent((int)Math.Clamp(rows * Math.Min(_averageBytes, 1024), 256, BatchBytes));
    }

    private ArrowArray Finish(int rows, int nulls, byte[]? validity, byte[] offsets)
    {
        var data = _data;
        _data = [];
        var bounds = MemoryMarshal.Cast<byte, int>(offsets.AsSpan(0, (rows + 1) * 4));
        CheckText(data.AsSpan(0, _used), bounds);
        return new ArrowArray
        {
            Type = Column.Type,
            Length = rows,
            NullCount = nulls,
            Validity = ValidityOf(validity, rows, nulls),
            Offsets = offsets.AsMemory(0, (rows + 1) * 4),
            Values = data.AsMemory(0, _used),
        };
    }

    /// <summary>Decodes rows behind those that are already there.</summary>
    /// <returns>Nulls among them.</returns>
    private int ReadDecoded(int done, int rows, int batchRows, ref byte[]? validity, byte[] offsetBytes, BatchBuffers buffers)
    {
        var nulls = 0;
        var offsets = MemoryMarshal.Cast<byte, int>(offsetBytes.AsSpan(0, (batchRows + 1) * 4));
        while (done < rows)
        {
            EnsurePage();
            var take = Math.Min(PageLeft, rows - done);
            var present = TakeLevels(ref validity, done, take, batchRows, buffers);
            var ends = offsets.Slice(done + 1, take);
            Decode(ends[..present], buffers);
            if (present < take)
            {
                SpreadEnds(ends, validity, done, present, offsets[done]);
                nulls += take - present;
            }

            done += take;
        }

        return nulls;
    }

    private static void SpreadEnds(Span<int> ends, ReadOnlySpan<byte> validity, int start, int present, int before)
    {
        // From the back: a null ends where the last value before it does.
        for (var row = ends.Length - 1; row >= 0; row--)
        {
            ends[row] = present > 0 ? ends[present - 1] : before;
            present -= Bitmap.Get(validity, start + row) ? 1 : 0;
        }
    }

    private void Decode(Span<int> ends, BatchBuffers buffers)
    {
        if (IsDictionaryPage)
        {
            DecodeIndices(ends, buffers);
            return;
        }

        var page = PageBytes;
        while (!ends.IsEmpty)
        {
            if (Pages.Encoding == ParquetEncoding.Plain)
            {
                ends = ends[_bytes.CopyPlain(page, ends, _data, ref _used)..];
            }

            // One value by itself grows the buffer as needed.
            if (!ends.IsEmpty)
            {
                Append(_bytes.Next(page), buffers);
                ends[0] = _used;
                ends = ends[1..];
            }
        }
    }

    private void DecodeIndices(Span<int> ends, BatchBuffers buffers)
    {
        var bounds = _dictionary!.Offsets32();
        var values = _dictionaryBytes;
        while (!ends.IsEmpty)
        {
            var indices = _block.AsSpan(0, Math.Min(_block.Length, ends.Length));
            _indices.Read(PageBytes, indices, _dictionary.Length);
            for (var i = 0; i < indices.Length; i++)
            {
                var start = bounds[(int)indices[i]];
                var length = bounds[(int)indices[i] + 1] - start;
                if (length > _data.Length - _used)
                {
                    Grow(length, buffers);
                }

                ByteArrayDecoder.WideCopy(values, start, _data, _used, length);
                _used += length;
                ends[i] = _used;
            }

            ends = ends[indices.Length..];
        }
    }

    private void Append(ReadOnlySpan<byte> value, BatchBuffers buffers)
    {
        if (value.Length > _data.Length - _used)
        {
            Grow(value.Length, buffers);
        }

        value.CopyTo(_data.AsSpan(_used));
        _used += value.Length;
    }

    private void Grow(int more, BatchBuffers buffers)
    {
        var needed = (long)_used + more;
        if (needed > MaxBatchBytes)
        {
            throw new ArrowUnsupportedException($"more than {MaxBatchBytes >> 20} MiB of text in one batch (column '{Column.Path}'); smaller batches (BatchRows) may help");
        }

        _data = buffers.Grow(_data, _used, (int)Math.Min(MaxBatchBytes, Math.Max(needed, _data.Length * 2L)));
    }

    private ArrowArray ReadIndices(int rows, BatchBuffers buffers)
    {
        byte[]? validity = null;
        var indices = buffers.Rent(rows * 4);
        var done = 0;
        var nulls = 0;
        while (done < rows)
        {
            EnsurePage();
            if (!IsDictionaryPage)
            {
                return FallBack(rows, done, nulls, validity, indices, buffers);
            }

            var take = Math.Min(PageLeft, rows - done);
            var present = TakeLevels(ref validity, done, take, rows, buffers);
            var values = indices.AsSpan(done * 4, take * 4);
            _indices.Read(PageBytes, MemoryMarshal.Cast<byte, uint>(values)[..present], _dictionary!.Length);
            if (present < take)
            {
                ValueSpread.Spread(values, 4, validity, done, present);
                nulls += take - present;
            }

            done += take;
        }

        return new ArrowArray
        {
            Type = Column.Type,
            Length = rows,
            NullCount = nulls,
            Validity = ValidityOf(validity, rows, nulls),
            Values = indices.AsMemory(0, rows * 4),
            Dictionary = _dictionary,
            IndexType = ArrowType.Int32,
        };
    }

    /// <summary>The writer gave its dictionary up within this batch: decodes the indices read so far and goes on with plain values.</summary>
    private ArrowArray FallBack(int rows, int done, int nulls, byte[]? validity, byte[] indices, BatchBuffers buffers)
    {
        var offsets = NewOffsets(rows, buffers);
        Start(rows, buffers);
        var bounds = _dictionary!.Offsets32();
        var values = _dictionary.Values.Span;
        for (var row = 0; row < done; row++)
        {
            if (validity is null || Bitmap.Get(validity, row))
            {
                var index = BinaryPrimitives.ReadInt32LittleEndian(indices.AsSpan(row * 4));
                Append(values[bounds[index]..bounds[index + 1]], buffers);
            }

            BinaryPrimitives.WriteInt32LittleEndian(offsets.AsSpan((row + 1) * 4), _used);
        }

        nulls += ReadDecoded(done, rows, rows, ref validity, offsets, buffers);
        return Finish(rows, nulls, validity, offsets);
    }

    /// <summary>Text must be UTF-8 as a whole, and no value may start within a character.</summary>
    private void CheckText(ReadOnlySpan<byte> data, ReadOnlySpan<int> bounds)
    {
        if (Column.Type.Kind != TypeKind.Utf8 || Ascii.IsValid(data))
        {
            return;
        }

        var valid = Utf8.IsValid(data);
        foreach (var bound in bounds)
        {
            valid &= bound >= data.Length || (data[bound] & 0xC0) != 0x80;
        }

        if (!valid)
        {
            throw Error("a text is not valid UTF-8.");
        }
    }
}
