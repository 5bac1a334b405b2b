using System.Numerics;
using System.Runtime.CompilerServices;

namespace DpSpark.Arrow.Compression;

/// <summary>Reads a Zstandard bit stream, which runs from its last byte to its first.</summary>
/// <remarks>At least 8 readable bytes must lie before the stream: in a frame the headers of frame and block do.</remarks>
internal unsafe ref struct BackwardBits
{
    private readonly byte* _start;
    private long _left;
    private ulong _word;

    /// <summary>Finds the end marker, the highest 1 bit of the last byte.</summary>
    public BackwardBits(byte* start, byte* end)
    {
        if (end <= start || end[-1] == 0)
        {
            Damaged.Zstandard("a bit stream has no end");
        }

        _start = start;
        _left = ((end - start - 1) * 8) + BitOperations.Log2(end[-1]);
        _word = 0;
    }

    /// <summary>Bits not read yet; negative when more were read than there are.</summary>
    public readonly long Left => _left;

    /// <summary>Makes at least 57 bits readable. The bits past the start of the stream are arbitrary; the count of bits left tells.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Reload()
    {
        if (_left < 0)
        {
            Damaged.Zstandard("a bit stream is too short");
        }

        var bytes = (_left + 7) >> 3;
        _word = Unsafe.ReadUnaligned<ulong>(_start + bytes - 8) << (int)((bytes * 8) - _left);
    }

    /// <summary>Reads 0 to 57 bits, most significant first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(int count)
    {
        var value = (_word >> 1) >> (63 - count);
        _word <<= count;
        _left -= count;
        return value;
    }

    /// <summary>The next bits, at least one, without reading them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Peek(int count) => (int)(_word >> (64 - count));

    /// <summary>Moves on by bits that were peeked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int count)
    {
        _word <<= count;
        _left -= count;
    }

    /// <summary>Checks that exactly all bits were read.</summary>
    public readonly void RequireEnd()
    {
        if (_left != 0)
        {
            Damaged.Zstandard("a bit stream is not used up exactly");
        }
    }
}
