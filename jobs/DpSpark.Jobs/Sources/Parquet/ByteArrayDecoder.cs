using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Reads the byte arrays of a page one after another, in any encoding but a dictionary.</summary>
internal sealed class ByteArrayDecoder
{
    private ParquetEncoding _encoding;
    private DeltaDecoder _prefixes;
    private DeltaDecoder _lengths;
    private int _fixedLength;
    private int _position;
    private int _end;
    private byte[] _last = [];
    private int _lastLength;

    /// <summary>Starts on the values of a page.</summary>
    /// <param name="page">The page's bytes.</param>
    /// <param name="start">First byte of the values.</param>
    /// <param name="end">End of the values.</param>
    /// <param name="encoding">PLAIN or a delta encoding of byte arrays.</param>
    /// <param name="count">Values the page may hold.</param>
    /// <param name="fixedLength">Bytes of a value of a fixed type, otherwise 0.</param>
    public void Reset(byte[] page, int start, int end, ParquetEncoding encoding, int count, int fixedLength)
    {
        _encoding = encoding;
        _position = start;
        _end = end;
        _fixedLength = fixedLength;
        _lastLength = 0;
        if (start == end || encoding == ParquetEncoding.Plain)
        {
            return;
        }

        if (encoding == ParquetEncoding.DeltaByteArray)
        {
            _prefixes.Reset(page, _position, end, count, 32);
            _position = _prefixes.FindEnd(page);
        }

        _lengths.Reset(page, _position, end, count, 32);
        _position = _lengths.FindEnd(page);
    }

    /// <summary>The next value; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(byte[] page)
    {
        var value = _encoding switch
        {
            ParquetEncoding.Plain => _fixedLength != 0 ? Take(page, _fixedLength) : NextPlain(page),
            ParquetEncoding.DeltaLengthByteArray => Take(page, (int)_lengths.ReadOne(page)),
            _ => NextDelta(page),
        };
        return _fixedLength == 0 || value.Length == _fixedLength
            ? value
            : throw new ParquetFormatException($"A value of a type of {_fixedLength} bytes has {value.Length}.");
    }

    /// <summary>Copies plain values one behind the other, as many as there is room for.</summary>
    /// <param name="page">The page's bytes.</param>
    /// <param name="ends">Receives where each value ends in <paramref name="data"/>.</param>
    /// <param name="data">Receives the values; bytes behind the last one may be overwritten.</param>
    /// <param name="used">Bytes of <paramref name="data"/> in use; moved on.</param>
    /// <returns>Values copied.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int CopyPlain(byte[] page, Span<int> ends, byte[] data, ref int used)
    {
        var position = _position;
        var to = used;
        var i = 0;
        for (; i < ends.Length; i++)
        {
            if (_end - position < 4)
            {
                throw new ParquetFormatException("A page of byte arrays ends before its last value.");
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(position));
            if ((uint)length > (uint)(_end - position - 4))
            {
                throw new ParquetFormatException("A byte array goes past the end of its page.");
            }

            if (length > data.Length - to)
            {
                break;
            }

            WideCopy(page, position + 4, data, to, length);
            position += 4 + length;
            to += length;
            ends[i] = to;
        }

        _position = position;
        used = to;
        return i;
    }

    /// <summary>Copies a value, mostly a short one, as one vector where both arrays go on for long enough.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WideCopy(byte[] source, int from, byte[] target, int to, int length)
    {
        if (length <= 32 && source.Length - from >= 32 && target.Length - to >= 32)
        {
            Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(source), (nuint)from)
                .StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(target), (nuint)to);
        }
        else
        {
            source.AsSpan(from, length).CopyTo(target.AsSpan(to));
        }
    }

    private ReadOnlySpan<byte> NextPlain(byte[] page)
    {
        if (_end - _position < 4)
        {
            throw new ParquetFormatException("A page of byte arrays ends before its last value.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(_position));
        _position += 4;
        return Take(page, length);
    }

    private ReadOnlySpan<byte> Take(byte[] page, int length)
    {
        if ((uint)length > (uint)(_end - _position))
        {
            throw new ParquetFormatException("A byte array goes past the end of its page.");
        }

        var value = page.AsSpan(_position, length);
        _position += length;
        return value;
    }

    private ReadOnlySpan<byte> NextDelta(byte[] page)
    {
        var prefix = (int)_prefixes.ReadOne(page);
        var suffix = Take(page, (int)_lengths.ReadOne(page));
        if ((uint)prefix > (uint)_lastLength)
        {
            throw new ParquetFormatException("Delta encoding: a prefix is longer than the value before.");
        }

        var length = prefix + suffix.Length;
        if (length > _last.Length)
        {
            Array.Resize(ref _last, Math.Max(length, Math.Min(_last.Length * 2, Array.MaxLength)));
        }

        suffix.CopyTo(_last.AsSpan(prefix));
        _lastLength = length;
        return _last.AsSpan(0, length);
    }
}
