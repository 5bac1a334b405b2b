using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Reads runs of the RLE/bit-packed hybrid one after another; holds positions only, the bytes are given with each call.</summary>
internal struct RunCursor
{
    private int _position;
    private int _end;
    private int _width;

    /// <summary>Values left in the current run.</summary>
    public int Left { get; private set; }

    /// <summary>Whether the current run is bit-packed; otherwise it repeats <see cref="Value"/>.</summary>
    public bool IsPacked { get; private set; }

    public uint Value { get; private set; }

    /// <summary>First byte of the current bit-packed run.</summary>
    public int PackedStart { get; private set; }

    /// <summary>Values of the current bit-packed run that were taken.</summary>
    public int PackedTaken { get; private set; }

    public void Reset(int position, int end, int width)
    {
        _position = position;
        _end = end;
        _width = width;
        Left = 0;
    }

    public void Take(int count)
    {
        Left -= count;
        PackedTaken += count;
    }

    /// <summary>Goes on to the next run that holds values.</summary>
    /// <exception cref="ParquetFormatException">There is none.</exception>
    public void NextRun(ReadOnlySpan<byte> data)
    {
        while (Left == 0)
        {
            var header = ReadHeader(data);
            if ((header & 1) != 0)
            {
                // A last run may promise more groups than it stores: only what is stored counts.
                var bytes = Math.Min((header >> 1) * _width, _end - _position);
                IsPacked = true;
                PackedStart = _position;
                PackedTaken = 0;
                Left = (int)Math.Min(int.MaxValue, _width == 0 ? (header >> 1) * 8 : bytes * 8 / _width);
                _position += (int)bytes;
            }
            else
            {
                IsPacked = false;
                Left = (int)(header >> 1);
                Value = ReadValue(data);
            }
        }
    }

    private long ReadHeader(ReadOnlySpan<byte> data)
    {
        var header = 0UL;
        for (var i = 0; i < 5; i++)
        {
            if (_position >= _end)
            {
                throw new ParquetFormatException("Levels or dictionary indices end before the page's last value.");
            }

            var b = data[_position++];
            header |= (ulong)(b & 127) << (7 * i);
            if (b < 128)
            {
                return header <= uint.MaxValue ? (long)header : throw new ParquetFormatException("A run of levels or indices has a length beyond 32 bits.");
            }
        }

        throw new ParquetFormatException("A run of levels or indices has a length of more than five bytes.");
    }

    private uint ReadValue(ReadOnlySpan<byte> data)
    {
        var bytes = (_width + 7) / 8;
        if (_end - _position < bytes)
        {
            throw new ParquetFormatException("A run of levels or indices is cut off.");
        }

        var value = 0u;
        for (var i = 0; i < bytes; i++)
        {
            value |= (uint)data[_position++] << (8 * i);
        }

        return value;
    }
}

/// <summary>Decodes dictionary indices.</summary>
internal struct IndexDecoder
{
    private RunCursor _runs;
    private int _end;
    private int _width;

    /// <summary>Starts on the values of a page: a byte with the width, then runs.</summary>
    public void Reset(ReadOnlySpan<byte> page, int start, int end)
    {
        _width = start < end ? page[start] : 0;
        if (_width > 32)
        {
            throw new ParquetFormatException($"Dictionary indices have a width of {_width} bits; at most 32 are possible.");
        }

        _end = end;
        _runs.Reset(Math.Min(start + 1, end), end, _width);
    }

    /// <summary>Decodes the next indices.</summary>
    /// <param name="page">The page's bytes.</param>
    /// <param name="destination">Receives the indices; fully written.</param>
    /// <param name="bound">Size of the dictionary.</param>
    /// <exception cref="ParquetFormatException">The data ends, or an index is not below the bound.</exception>
    public void Read(ReadOnlySpan<byte> page, Span<uint> destination, int bound)
    {
        while (!destination.IsEmpty)
        {
            _runs.NextRun(page);
            var take = Math.Min(_runs.Left, destination.Length);
            if (_runs.IsPacked)
            {
                take = ReadPacked(page, destination[..take]);
                CheckBound(destination[..take], bound);
            }
            else
            {
                if (_runs.Value >= (uint)bound)
                {
                    ThrowIndex();
                }

                destination[..take].Fill(_runs.Value);
            }

            _runs.Take(take);
            destination = destination[take..];
        }
    }

    /// <summary>Whether the next indices are one repeated value; takes them if so.</summary>
    public bool TryTakeRun(ReadOnlySpan<byte> page, int most, int bound, out uint value, out int count)
    {
        _runs.NextRun(page);
        value = _runs.Value;
        count = Math.Min(_runs.Left, most);
        if (_runs.IsPacked)
        {
            return false;
        }

        if (value >= (uint)bound)
        {
            ThrowIndex();
        }

        _runs.Take(count);
        return true;
    }

    private readonly int ReadPacked(ReadOnlySpan<byte> page, Span<uint> destination)
    {
        // Runs are read from a whole group of eight, which starts on a byte; what was taken of a group before is unpacked again.
        var before = _runs.PackedTaken & 7;
        var start = _runs.PackedStart + (int)((long)(_runs.PackedTaken - before) * _width / 8);
        var source = page[start.._end];
        if (before == 0)
        {
            BitUnpack.Unpack(source, _width, destination);
            return destination.Length;
        }

        Span<uint> group = stackalloc uint[8];
        var take = Math.Min(8 - before, destination.Length);
        BitUnpack.Unpack(source, _width, group[..(before + take)]);
        group.Slice(before, take).CopyTo(destination);
        return take;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CheckBound(ReadOnlySpan<uint> indices, int bound)
    {
        var max = 0u;
        ref var first = ref MemoryMarshal.GetReference(indices);
        var i = 0;
        if (System.Numerics.Vector.IsHardwareAccelerated && indices.Length >= System.Numerics.Vector<uint>.Count)
        {
            var maxima = System.Numerics.Vector<uint>.Zero;
            for (; i <= indices.Length - System.Numerics.Vector<uint>.Count; i += System.Numerics.Vector<uint>.Count)
            {
                maxima = System.Numerics.Vector.Max(maxima, Unsafe.ReadUnaligned<System.Numerics.Vector<uint>>(ref Unsafe.As<uint, byte>(ref Unsafe.Add(ref first, i))));
            }

            for (var lane = 0; lane < System.Numerics.Vector<uint>.Count; lane++)
            {
                max = Math.Max(max, maxima[lane]);
            }
        }

        for (; i < indices.Length; i++)
        {
            max = Math.Max(max, indices[i]);
        }

        if (max >= (uint)bound && !indices.IsEmpty)
        {
            ThrowIndex();
        }
    }

    private static void ThrowIndex() => throw new ParquetFormatException("A dictionary index is not below the size of the dictionary.");
}
