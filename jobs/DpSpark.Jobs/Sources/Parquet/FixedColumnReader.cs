using System.Buffers;
using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Columns whose Arrow values have one width: numbers, dates, times, decimals, fixed-size bytes.</summary>
internal sealed class FixedColumnReader : ColumnReader
{
    private const int IndexBlock = 2048;
    private readonly int _width;
    private readonly ValueConversion _conversion;
    private readonly ByteArrayDecoder? _bytes;
    private byte[]? _dictionary;
    private int _dictionaryCount;
    private byte[]? _scratch;
    private IndexDecoder _indices;
    private DeltaDecoder _delta;
    private int _position;
    private int _taken;

    public FixedColumnReader(PageReader pages, ParquetColumn column) : base(pages, column)
    {
        _width = column.Type.FixedWidth;
        _conversion = ValueConversion.Between(column);
        _bytes = column.Physical is PhysicalType.ByteArray or PhysicalType.FixedLenByteArray ? new ByteArrayDecoder() : null;
    }

    public override int LimitRows(int rows) => Math.Min(rows, Math.Max(1, BatchBytes / _width));

    public override ArrowArray Read(int rows, BatchBuffers buffers)
    {
        EnsurePage();
        byte[]? validity = null;
        byte[]? values = null;
        var done = 0;
        var nulls = 0;
        if (IsPlainCopy && PageLeft >= rows)
        {
            // The commonest case costs nothing: the batch points into the decompressed page.
            var present = TakeLevels(ref validity, 0, rows, rows, buffers);
            if (present == rows)
            {
                var at = TakePlain(present);
                buffers.Hold(Pages.Page);
                return Make(rows, 0, default, PageBytes.AsMemory(at, rows * _width));
            }

            values = buffers.Rent(rows * _width);
            DecodeRows(values.AsSpan(0, rows * _width), validity, 0, present);
            done = rows;
            nulls = rows - present;
        }

        values ??= buffers.Rent(rows * _width);
        while (done < rows)
        {
            EnsurePage();
            var take = Math.Min(PageLeft, rows - done);
            var present = TakeLevels(ref validity, done, take, rows, buffers);
            DecodeRows(values.AsSpan(done * _width, take * _width), validity, done, present);
            nulls += take - present;
            done += take;
        }

        return Make(rows, nulls, ValidityOf(validity, rows, nulls), values.AsMemory(0, rows * _width));
    }

    public override void Dispose()
    {
        Return(ref _dictionary);
        Return(ref _scratch);
        base.Dispose();
    }

    protected override void ReadDictionary(byte[] page, int start, int end, int count)
    {
        var stored = Column.Width;
        if (count > (end - start) / (stored == 0 ? sizeof(int) : stored))
        {
            throw Error("the dictionary page ends before its last value.");
        }

        if ((long)count * _width > Array.MaxLength)
        {
            throw new ArrowUnsupportedException($"a dictionary of more than 2 GiB (column '{Column.Path}')");
        }

        _dictionaryCount = count;
        _dictionary = ArrayPool<byte>.Shared.Rent(Math.Max(1, count * _width));
        var values = _dictionary.AsSpan(0, count * _width);
        if (_bytes is not null)
        {
            _bytes.Reset(page, start, end, ParquetEncoding.Plain, count, Column.Width);
            DecodeBytes(page, values);
        }
        else
        {
            _conversion.Convert(page.AsSpan(start, count * stored), values);
        }
    }

    protected override void StartPage()
    {
        var (start, end) = Pages.Values;
        var physical = Column.Physical;
        _position = start;
        _taken = 0;
        switch (Pages.Encoding)
        {
            case ParquetEncoding.Plain:
                _bytes?.Reset(PageBytes, start, end, ParquetEncoding.Plain, Pages.PageValues, Column.Width);
                break;
            case ParquetEncoding.PlainDictionary or ParquetEncoding.RleDictionary:
                if (_dictionary is null)
                {
                    throw Error("a page refers to a dictionary, but the chunk has none.");
                }

                _indices.Reset(PageBytes, start, end);
                break;
            case ParquetEncoding.DeltaBinaryPacked when physical is PhysicalType.Int32 or PhysicalType.Int64:
                if (start < end)
                {
                    _delta.Reset(PageBytes, start, end, Pages.PageValues, physical == PhysicalType.Int32 ? 32 : 64);
                }
                else
                {
                    _delta = default;
                }

                break;
            case ParquetEncoding.DeltaByteArray when _bytes is not null:
            case ParquetEncoding.DeltaLengthByteArray when physical == PhysicalType.ByteArray:
                _bytes!.Reset(PageBytes, start, end, Pages.Encoding, Pages.PageValues, Column.Width);
                break;
            case ParquetEncoding.ByteStreamSplit when physical is not (PhysicalType.ByteArray or PhysicalType.Int96):
                if ((end - start) % Column.Width != 0)
                {
                    throw Error("byte streams of different lengths.");
                }

                break;
            default:
                throw UnknownEncoding();
        }
    }

    private bool IsPlainCopy => Pages.Encoding == ParquetEncoding.Plain && _conversion.IsCopy;

    private static void Return(ref byte[]? array)
    {
        if (array is not null)
        {
            ArrayPool<byte>.Shared.Return(array);
            array = null;
        }
    }

    private ArrowArray Make(int rows, int nulls, ReadOnlyMemory<byte> validity, ReadOnlyMemory<byte> values) => new()
    {
        Type = Column.Type,
        Length = rows,
        NullCount = nulls,
        Validity = validity,
        Values = values,
    };

    private void DecodeRows(Span<byte> rows, byte[]? validity, int start, int present)
    {
        if (present > 0)
        {
            Decode(rows[..(present * _width)], present);
        }

        if (present * _width < rows.Length)
        {
            ValueSpread.Spread(rows, _width, validity, start, present);
        }
    }

    private void Decode(Span<byte> values, int count)
    {
        switch (Pages.Encoding)
        {
            case ParquetEncoding.PlainDictionary or ParquetEncoding.RleDictionary:
                Gather(values);
                break;
            case ParquetEncoding.DeltaBinaryPacked:
                DecodeDelta(values, count);
                break;
            case ParquetEncoding.ByteStreamSplit:
                DecodeSplit(values, count);
                break;
            case ParquetEncoding.Plain when _bytes is null || _conversion.IsCopy:
                var at = TakePlain(count);
                _conversion.Convert(PageBytes.AsSpan(at, count * Column.Width), values);
                break;
            default:
                DecodeBytes(PageBytes, values);
                break;
        }
    }

    /// <summary>Steps over plain values.</summary>
    /// <returns>Where they start.</returns>
    private int TakePlain(int count)
    {
        var bytes = (long)count * Column.Width;
        if (bytes > Pages.Values.End - _position)
        {
            throw Error("a page ends before its last value.");
        }

        var at = _position;
        _position += (int)bytes;
        return at;
    }

    private void DecodeBytes(byte[] page, Span<byte> values)
    {
        for (; !values.IsEmpty; values = values[_width..])
        {
            _conversion.ConvertBytes(_bytes!.Next(page), values[.._width]);
        }
    }

    private void DecodeDelta(Span<byte> values, int count)
    {
        if (_width == 8 && _conversion.IsCopy)
        {
            _delta.Read(PageBytes, MemoryMarshal.Cast<byte, long>(values));
            return;
        }

        Span<long> block = stackalloc long[256];
        Span<byte> stored = stackalloc byte[256 * 8];
        while (count > 0)
        {
            var take = Math.Min(block.Length, count);
            _delta.Read(PageBytes, block[..take]);
            if (Column.Width == 4)
            {
                var narrow = MemoryMarshal.Cast<byte, int>(stored);
                for (var i = 0; i < take; i++)
                {
                    narrow[i] = unchecked((int)block[i]);
                }
            }
            else
            {
                MemoryMarshal.AsBytes(block[..take]).CopyTo(stored);
            }

            _conversion.Convert(stored[..(take * Column.Width)], values[..(take * _width)]);
            values = values[(take * _width)..];
            count -= take;
        }
    }

    private void DecodeSplit(Span<byte> values, int count)
    {
        var stored = Column.Width;
        var streams = PageBytes.AsSpan(Pages.Values.Start, Pages.Values.End - Pages.Values.Start);
        var each = streams.Length / stored;
        if (count > each - _taken)
        {
            throw Error("a page ends before its last value.");
        }

        var joined = _conversion.IsCopy ? values : Scratch(count * stored);
        for (var stream = 0; stream < stored; stream++)
        {
            var from = streams.Slice((stream * each) + _taken, count);
            for (var i = 0; i < from.Length; i++)
            {
                joined[(i * stored) + stream] = from[i];
            }
        }

        _taken += count;
        if (!_conversion.IsCopy)
        {
            _conversion.Convert(joined, values);
        }
    }

    private Span<byte> Scratch(int length)
    {
        if (_scratch is null || _scratch.Length < length)
        {
            Return(ref _scratch);
            _scratch = ArrayPool<byte>.Shared.Rent(length);
        }

        return _scratch.AsSpan(0, length);
    }

    private void Gather(Span<byte> values)
    {
        var block = MemoryMarshal.Cast<byte, uint>(Scratch(IndexBlock * sizeof(uint)));
        var dictionary = _dictionary.AsSpan(0, _dictionaryCount * _width);
        while (!values.IsEmpty)
        {
            var take = Math.Min(block.Length, values.Length / _width);
            var indices = block[..take];
            _indices.Read(PageBytes, indices, _dictionaryCount);
            DictionaryGather.Gather(dictionary, _width, indices, values[..(take * _width)]);
            values = values[(take * _width)..];
        }
    }
}
