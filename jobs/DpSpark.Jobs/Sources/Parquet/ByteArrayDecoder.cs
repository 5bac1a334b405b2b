using System.Buffers.Binary;

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
