using System.Numerics;
using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Compression;

/// <summary>XXH32 and XXH64 with seed 0: the checksums of LZ4 and Zstandard frames. Not for secrets.</summary>
/// <remarks>Source: the xxHash specification, version 0.1.1.</remarks>
internal static class XxHash
{
    private const uint P32A = 0x9E3779B1, P32B = 0x85EBCA77, P32C = 0xC2B2AE3D, P32D = 0x27D4EB2F, P32E = 0x165667B1;
    private const ulong P64A = 0x9E3779B185EBCA87, P64B = 0xC2B2AE3D27D4EB4F, P64C = 0x165667B19E3779F9, P64D = 0x85EBCA77C2B2AE63, P64E = 0x27D4EB2F165667C5;

    public static uint Hash32(ReadOnlySpan<byte> data)
    {
        var length = (uint)data.Length;
        uint hash;
        if (data.Length >= 16)
        {
            uint a = unchecked(P32A + P32B), b = P32B, c = 0, d = unchecked(0 - P32A);
            do
            {
                var words = MemoryMarshal.Cast<byte, uint>(data[..16]);
                a = Round(a, words[0]);
                b = Round(b, words[1]);
                c = Round(c, words[2]);
                d = Round(d, words[3]);
                data = data[16..];
            }
            while (data.Length >= 16);
            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        }
        else
        {
            hash = P32E;
        }

        hash += length;
        for (; data.Length >= 4; data = data[4..])
        {
            hash = BitOperations.RotateLeft(hash + (MemoryMarshal.Read<uint>(data) * P32C), 17) * P32D;
        }

        foreach (var x in data)
        {
            hash = BitOperations.RotateLeft(hash + (x * P32E), 11) * P32A;
        }

        hash = (hash ^ (hash >> 15)) * P32B;
        hash = (hash ^ (hash >> 13)) * P32C;
        return hash ^ (hash >> 16);
    }

    public static ulong Hash64(ReadOnlySpan<byte> data)
    {
        var length = (ulong)data.Length;
        ulong hash;
        if (data.Length >= 32)
        {
            ulong a = unchecked(P64A + P64B), b = P64B, c = 0, d = unchecked(0 - P64A);
            do
            {
                var words = MemoryMarshal.Cast<byte, ulong>(data[..32]);
                a = Round(a, words[0]);
                b = Round(b, words[1]);
                c = Round(c, words[2]);
                d = Round(d, words[3]);
                data = data[32..];
            }
            while (data.Length >= 32);
            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
            hash = Merge(Merge(Merge(Merge(hash, a), b), c), d);
        }
        else
        {
            hash = P64E;
        }

        hash += length;
        for (; data.Length >= 8; data = data[8..])
        {
            hash = (BitOperations.RotateLeft(hash ^ Round(0, MemoryMarshal.Read<ulong>(data)), 27) * P64A) + P64D;
        }

        if (data.Length >= 4)
        {
            hash = (BitOperations.RotateLeft(hash ^ (MemoryMarshal.Read<uint>(data) * P64A), 23) * P64B) + P64C;
            data = data[4..];
        }

        foreach (var x in data)
        {
            hash = BitOperations.RotateLeft(hash ^ (x * P64E), 11) * P64A;
        }

        hash = (hash ^ (hash >> 33)) * P64B;
        hash = (hash ^ (hash >> 29)) * P64C;
        return hash ^ (hash >> 32);
    }

    private static uint Round(uint lane, uint word) => BitOperations.RotateLeft(lane + (word * P32B), 13) * P32A;

    private static ulong Round(ulong lane, ulong word) => BitOperations.RotateLeft(lane + (word * P64B), 31) * P64A;

    private static ulong Merge(ulong hash, ulong lane) => ((hash ^ Round(0, lane)) * P64A) + P64D;
}
