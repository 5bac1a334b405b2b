using System.Runtime.CompilerServices;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Decodes DELTA_BINARY_PACKED, 32 values at a time; holds no memory that grows with the stated count.</summary>
internal struct DeltaDecoder
{
    private const int Step = 32;
    private const int MaxBlock = 1 << 20;
    private int _position;
    private int _end;
    private int _maxWidth;
    private int _blockSize;
    private int _miniblocks;
    private int _perMiniblock;
    private int _widths;
    private int _miniblock;
    private int _inMiniblock;
    private long _minDelta;
    private long _last;
    private bool _first;
    private int _bufferAt;
    private int _bufferCount;
    private StepBuffer _buffer;

    /// <summary>Values not yet taken.</summary>
    public int Left { get; private set; }

    /// <summary>Starts on a sequence.</summary>
    /// <param name="data">The page.</param>
    /// <param name="start">First byte of the sequence.</param>
    /// <param name="end">End of the page.</param>
    /// <param name="maxCount">Values the sequence may hold.</param>
    /// <param name="maxWidth">32 or 64.</param>
    public void Reset(ReadOnlySpan<byte> data, int start, int end, int maxCount, int maxWidth)
    {
        _position = start;
        _end = end;
        _maxWidth = maxWidth;
        var block = ReadVarint(data);
        var miniblocks = ReadVarint(data);
        var count = ReadVarint(data);
        _last = ZigZag(ReadVarint(data));
        if (block is 0 or > MaxBlock || block % 128 != 0 || miniblocks == 0 || miniblocks > block || block % miniblocks != 0
            || block / miniblocks % Step != 0)
        {
            throw new ParquetFormatException($"Delta encoding: blocks of {block} values in {miniblocks} miniblocks are not possible.");
        }

        if (count > (ulong)maxCount)
        {
            throw new ParquetFormatException("Delta encoding: more values are stated than the page has.");
        }

        _blockSize = (int)block;
        _miniblocks = (int)miniblocks;
        _perMiniblock = _blockSize / _miniblocks;
        Left = (int)count;
        _first = true;
        _miniblock = _miniblocks;
        _inMiniblock = _perMiniblock;
        _bufferAt = _bufferCount = 0;
    }

    /// <summary>Where a sequence ends, without decoding it.</summary>
    public readonly int FindEnd(ReadOnlySpan<byte> data)
    {
        var copy = this;
        var left = (long)copy.Left - 1;
        while (left > 0)
        {
            copy.ReadBlockHeader(data);
            for (var i = 0; i < copy._miniblocks && left > 0; i++)
            {
                copy.Advance((long)copy.Width(data, i) * copy._perMiniblock / 8);
                left -= copy._perMiniblock;
            }
        }

        return copy._position;
    }

    public void Read(ReadOnlySpan<byte> data, Span<long> destination)
    {
        if (destination.Length > Left)
        {
            throw new ParquetFormatException("Delta encoding: fewer values are stored than the page needs.");
        }

        Left -= destination.Length;
        while (!destination.IsEmpty)
        {
            if (_bufferAt == _bufferCount)
            {
                FillBuffer(data, destination.Length + Left);
            }

            var take = Math.Min(_bufferCount - _bufferAt, destination.Length);
            ((Span<long>)_buffer).Slice(_bufferAt, take).CopyTo(destination);
            _bufferAt += take;
            destination = destination[take..];
        }
    }

    public long ReadOne(ReadOnlySpan<byte> data)
    {
        if (_bufferAt < _bufferCount && Left > 0)
        {
            Left--;
            return _buffer[_bufferAt++];
        }

        var value = 0L;
        Read(data, new Span<long>(ref value));
        return value;
    }

    private void FillBuffer(ReadOnlySpan<byte> data, int needed)
    {
        _bufferAt = 0;
        if (_first)
        {
            _first = false;
            _buffer[0] = _last;
            _bufferCount = 1;
            return;
        }

        if (_inMiniblock == _perMiniblock)
        {
            _inMiniblock = 0;
            _miniblock++;
            if (_miniblock >= _miniblocks)
            {
                ReadBlockHeader(data);
                _miniblock = 0;
            }
        }

        var width = Width(data, _miniblock);
        var bytes = width * (Step / 8);
        var start = _position;
        if (_inMiniblock == 0 && _end - _position < (long)width * _perMiniblock / 8)
        {
            throw new ParquetFormatException("Delta encoding: a miniblock is cut off.");
        }

        Advance(bytes);
        Span<ulong> packed = stackalloc ulong[Step];
        BitUnpack.Unpack(data.Slice(start, bytes), width, packed);
        var last = _last;
        var minDelta = _minDelta;
        Span<long> values = _buffer;
        for (var i = 0; i < Step; i++)
        {
            last = unchecked(last + minDelta + (long)packed[i]);
            values[i] = last;
        }

        _last = last;
        _bufferCount = Math.Min(Step, needed);
        _inMiniblock += Step;
    }

    private readonly int Width(ReadOnlySpan<byte> data, int miniblock)
    {
        int width = data[_widths + miniblock];
        return width <= _maxWidth ? width : throw new ParquetFormatException($"Delta encoding: a width of {width} bits is not possible.");
    }

    private void ReadBlockHeader(ReadOnlySpan<byte> data)
    {
        _minDelta = ZigZag(ReadVarint(data));
        _widths = _position;
        Advance(_miniblocks);
    }

    private void Advance(long bytes)
    {
        if (_end - _position < bytes)
        {
            throw new ParquetFormatException("Delta encoding: the data is cut off.");
        }

        _position += (int)bytes;
    }

    private ulong ReadVarint(ReadOnlySpan<byte> data)
    {
        var result = 0UL;
        for (var i = 0; i < 10; i++)
        {
            if (_position >= _end)
            {
                throw new ParquetFormatException("Delta encoding: a header is cut off.");
            }

            var b = data[_position++];
            result |= (ulong)(b & 127) << (7 * i);
            if (b < 128)
            {
                return result;
            }
        }

        throw new ParquetFormatException("Delta encoding: a number has more than ten bytes.");
    }

    private static long ZigZag(ulong n) => (long)(n >> 1) ^ -(long)(n & 1);

    [InlineArray(Step)]
    private struct StepBuffer
    {
        private long _element0;
    }
}
