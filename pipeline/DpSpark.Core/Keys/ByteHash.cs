using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DpSpark.Core.Keys;

/// <summary>
/// A fast hash for hash tables and for spreading rows over buckets. Seeded per process, so that no input can be prepared to collide; nothing that is released depends on it.
/// </summary>
public static class ByteHash
{
    private const ulong Multiplier = 0x9e3779b97f4a7c15;
    private static readonly ulong s_seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) | 1;

    /// <summary>Hash of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = s_seed ^ ((ulong)bytes.Length * Multiplier);
        while (bytes.Length >= 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        if (bytes.Length > 0)
        {
            ulong tail = 0;
            for (var i = 0; i < bytes.Length; i++)
            {
                tail |= (ulong)bytes[i] << (8 * i);
            }

            hash = Fold(hash ^ tail);
        }

        return Fold(hash);
    }

    /// <summary>Hash of a word.</summary>
    /// <param name="word">The word.</param>
    public static ulong Of(ulong word) => Fold(word ^ s_seed);

    private static ulong Fold(ulong value)
    {
        var high = Math.BigMul(value, Multiplier ^ (s_seed << 1), out var low);
        return (high ^ low) + (value >> 7);
    }
}
