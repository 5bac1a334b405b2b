using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace DpSpark.Core.Keys;

/// <summary>
/// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), incremental: a copy of the value keeps the state after a
/// common prefix, so what many messages share is hashed once.
/// </summary>
/// <remarks>The result is the conventional little-endian integer. Not for secrets of a release's noise: it ranks, it does not hide.</remarks>
public struct SipHash24
{
    private ulong _v0;
    private ulong _v1;
    private ulong _v2;
    private ulong _v3;
    private ulong _tail;
    private int _length;

    /// <summary>Starts a hash.</summary>
    /// <param name="key0">First 8 bytes of the key, little-endian.</param>
    /// <param name="key1">Last 8 bytes of the key, little-endian.</param>
    public SipHash24(ulong key0, ulong key1)
    {
        _v0 = key0 ^ 0x736f6d6570736575;
        _v1 = key1 ^ 0x646f72616e646f6d;
        _v2 = key0 ^ 0x6c7967656e657261;
        _v3 = key1 ^ 0x7465646279746573;
    }

    /// <summary>Starts a hash.</summary>
    /// <param name="key">16 bytes.</param>
    /// <exception cref="ArgumentException">The key is not 16 bytes long.</exception>
    public SipHash24(ReadOnlySpan<byte> key)
        : this(Part(key, 0), Part(key, 8))
    {
    }

    /// <summary>Hashes one message.</summary>
    /// <param name="key0">First 8 bytes of the key, little-endian.</param>
    /// <param name="key1">Last 8 bytes of the key, little-endian.</param>
    /// <param name="message">The message.</param>
    public static ulong Hash(ulong key0, ulong key1, ReadOnlySpan<byte> message)
    {
        var state = new SipHash24(key0, key1);
        state.Append(message);
        return state.Finish();
    }

    /// <summary>Appends bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            AppendWord(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            AppendByte(bytes[i]);
        }
    }

    /// <summary>Appends 8 bytes, given as a little-endian word.</summary>
    /// <param name="word">The word.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendWord(ulong word)
    {
        int shift = 8 * (_length & 7);
        if (shift == 0)
        {
            Compress(word);
        }
        else
        {
            Compress(_tail | (word << shift));
            _tail = word >> (64 - shift);
        }

        _length += 8;
    }

    /// <summary>
    /// Appends tlv(element), element being the 1-tuple of a signed integer: the 17 bytes 0,0,0,13, 0,0,0,9, 2, then the value big-endian.
    /// The commonest unit and partition, without a trip through memory.
    /// </summary>
    /// <param name="value">The integer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendInt64Tuple(long value)
    {
        AppendWord(0x09000000_0d000000UL);
        AppendByte((byte)KeyTag.Int64);
        AppendWord(BinaryPrimitives.ReverseEndianness((ulong)value));
    }

    /// <summary>Appends one byte.</summary>
    /// <param name="value">The byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendByte(byte value)
    {
        int shift = 8 * (_length & 7);
        _tail |= (ulong)value << shift;
        _length++;
        if (shift == 56)
        {
            Compress(_tail);
            _tail = 0;
        }
    }

    /// <summary>The hash of everything appended; the state stays as it was, so more may be appended to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Finish()
    {
        SipHash24 end = this;
        end.Compress(_tail | ((ulong)_length << 56));
        end._v2 ^= 0xff;
        end.Round();
        end.Round();
        end.Round();
        end.Round();
        return end._v0 ^ end._v1 ^ end._v2 ^ end._v3;
    }

    private static ulong Part(ReadOnlySpan<byte> key, int offset) => key.Length == 16
        ? BinaryPrimitives.ReadUInt64LittleEndian(key[offset..])
        : throw new ArgumentException("A SipHash key has 16 bytes.", nameof(key));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Compress(ulong word)
    {
        _v3 ^= word;
        Round();
        Round();
        _v0 ^= word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Round()
    {
        _v0 += _v1;
        _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
        _v0 = BitOperations.RotateLeft(_v0, 32);
        _v2 += _v3;
        _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
        _v0 += _v3;
        _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
        _v2 += _v1;
        _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
        _v2 = BitOperations.RotateLeft(_v2, 32);
    }
}
