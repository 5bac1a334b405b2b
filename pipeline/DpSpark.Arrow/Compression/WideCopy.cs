using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DpSpark.Arrow.Compression;

/// <summary>Copies in whole vectors, which may write past the end of the range; callers have checked that the slack exists.</summary>
internal static unsafe class WideCopy
{
    /// <summary>Bytes that may be read and written past the end of a copied range.</summary>
    public const int Slack = 32;

    /// <summary>Copies non-overlapping ranges, or ranges whose target starts at least 16 bytes after the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy16(byte* from, byte* to, long length)
    {
        var end = to + length;
        do
        {
            Vector128.Load(from).Store(to);
            from += 16;
            to += 16;
        }
        while (to < end);
    }

    /// <summary>Repeats what lies <paramref name="distance"/> bytes before the target. Writes up to <see cref="Slack"/> bytes too many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Match(byte* to, long distance, long length)
    {
        if (distance >= 16)
        {
            Copy16(to - distance, to, length);
        }
        else
        {
            ShortMatch(to, distance, length);
        }
    }

    /// <summary>As <see cref="Match"/>, without writing past the end.</summary>
    public static void MatchExact(byte* to, long distance, long length)
    {
        var from = to - distance;
        if (distance >= length)
        {
            Buffer.MemoryCopy(from, to, length, length);
            return;
        }

        for (long i = 0; i < length; i++)
        {
            to[i] = from[i];
        }
    }

    private static void ShortMatch(byte* to, long distance, long length)
    {
        var end = to + length;
        if (distance == 1)
        {
            var fill = Vector128.Create(to[-1]);
            do
            {
                fill.Store(to);
                to += 16;
            }
            while (to < end);
            return;
        }

        // Each step writes 8 bytes of which the first `distance` are right, and doubles the distance, until steps of 8 do not overlap.
        var from = to - distance;
        while (distance < 8)
        {
            Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(from));
            to += distance;
            if (to >= end)
            {
                return;
            }

            distance *= 2;
        }

        from = to - distance;
        do
        {
            Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(from));
            to += 8;
            from += 8;
        }
        while (to < end);
    }
}
