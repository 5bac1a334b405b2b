using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DpSpark.Arrow.Compression;

/// <summary>Decoder of raw Snappy blocks (no framing), as Parquet pages hold them.</summary>
public static class Snappy
{
    /// <summary>Per tag of a copy: its length (8 bits), the upper bits of its distance (at their place, 3 bits), the bytes that follow (3 bits).</summary>
    private static readonly ushort[] s_copies = MakeCopies();

    /// <summary>The length that a block claims to have when decoded. Nothing is known yet of whether it keeps the promise.</summary>
    /// <param name="source">A block.</param>
    /// <exception cref="ArrowFormatException">The block has no valid length, or one beyond <see cref="int.MaxValue"/>.</exception>
    public static int DecompressedLength(ReadOnlySpan<byte> source) => ReadLength(source, out _);

    /// <summary>Decodes one block.</summary>
    /// <param name="source">Exactly one block.</param>
    /// <param name="destination">Receives the content; at least as long as <see cref="DecompressedLength"/>. Bytes after the content are left alone.</param>
    /// <returns>Bytes written: the length stated by the block.</returns>
    /// <exception cref="ArrowFormatException">The block is damaged, or longer than the destination.</exception>
    public static unsafe int Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var length = ReadLength(source, out var start);
        if (length > destination.Length)
        {
            Damaged.Snappy("it claims more bytes than expected");
        }

        fixed (byte* from = source)
        fixed (byte* to = destination)
        fixed (ushort* copies = s_copies)
        {
            Decode(from + start, from + source.Length, to, to + length, copies);
        }

        return length;
    }

    private static int ReadLength(ReadOnlySpan<byte> source, out int used)
    {
        ulong length = 0;
        for (var i = 0; i < 5 && i < source.Length; i++)
        {
            length |= (ulong)(source[i] & 0x7F) << (7 * i);
            if (source[i] < 0x80)
            {
                if (length > int.MaxValue)
                {
                    break;
                }

                used = i + 1;
                return (int)length;
            }
        }

        throw new ArrowFormatException("Damaged Snappy block: no valid length at its start.");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Decode(byte* source, byte* sourceEnd, byte* target, byte* targetEnd, ushort* copies)
    {
        var targetStart = target;
        while (source < sourceEnd)
        {
            uint tag = *source++;
            if ((tag & 3) == 0)
            {
                long literal = (tag >> 2) + 1;
                if (literal <= 16 && sourceEnd - source >= 16 && targetEnd - target >= 16)
                {
                    Vector128.Load(source).Store(target);
                }
                else
                {
                    literal = CopyLiteral(ref source, sourceEnd, target, targetEnd, literal);
                }

                source += literal;
                target += literal;
                continue;
            }

            // The three kinds of copies follow each other without a pattern: one path without branches serves them all.
            uint entry = copies[tag];
            var extra = (int)(entry >> 11);
            uint trailer;
            if (sourceEnd - source >= 4)
            {
                trailer = Unsafe.ReadUnaligned<uint>(source);
            }
            else
            {
                trailer = ReadEnd(source, sourceEnd, extra);
            }

            long length = entry & 0xFF;
            var distance = (long)((entry & 0x700) + (trailer & ((1UL << (8 * extra)) - 1)));
            source += extra;

            // One unsigned comparison refuses distance 0 as well.
            if ((ulong)(distance - 1) >= (ulong)(target - targetStart) || length > targetEnd - target)
            {
                Damaged.Snappy("a copy reaches outside the output");
            }

            if (length is >= 4 and <= 8 && distance >= length && targetEnd - target >= 8)
            {
                // Columns of small integers are made of such copies. Reading exactly the source and storing once lets the processor forward the
                // value from the store before, instead of waiting until several overlapping stores have reached the cache.
                var from = target - distance;
                ulong low = Unsafe.ReadUnaligned<uint>(from);
                ulong high = Unsafe.ReadUnaligned<uint>(from + length - 4);
                Unsafe.WriteUnaligned(target, low | (high << (int)(8 * (length - 4))));
            }
            else if (targetEnd - target >= length + WideCopy.Slack)
            {
                WideCopy.Match(target, distance, length);
            }
            else
            {
                WideCopy.MatchExact(target, distance, length);
            }

            target += length;
        }

        if (target != targetEnd)
        {
            Damaged.Snappy("it holds fewer bytes than it claims");
        }
    }

    /// <summary>Copies a literal that is long or near an end.</summary>
    /// <param name="source">Behind the tag; moved to the literal's first byte.</param>
    /// <param name="sourceEnd">End of the block.</param>
    /// <param name="target">Receives the literal.</param>
    /// <param name="targetEnd">End of the output.</param>
    /// <param name="length">Length as in the tag; above 60 it counts the bytes of the length that follow.</param>
    /// <returns>The literal's length.</returns>
    private static unsafe long CopyLiteral(ref byte* source, byte* sourceEnd, byte* target, byte* targetEnd, long length)
    {
        if (length > 60)
        {
            var bytes = (int)length - 60;
            if (sourceEnd - source < bytes)
            {
                Damaged.Snappy("a literal's length is cut off");
            }

            length = 1;
            for (var i = 0; i < bytes; i++)
            {
                length += (long)source[i] << (8 * i);
            }

            source += bytes;
        }

        if (length > sourceEnd - source || length > targetEnd - target)
        {
            Damaged.Snappy("a literal runs past the end");
        }

        if (length <= 256 && sourceEnd - source >= length + WideCopy.Slack && targetEnd - target >= length + WideCopy.Slack)
        {
            WideCopy.Copy16(source, target, length);
        }
        else
        {
            Buffer.MemoryCopy(source, target, length, length);
        }

        return length;
    }

    private static unsafe uint ReadEnd(byte* source, byte* sourceEnd, int extra)
    {
        if (sourceEnd - source < extra)
        {
            Damaged.Snappy("a copy is cut off");
        }

        var value = 0u;
        for (var i = 0; i < extra; i++)
        {
            value |= (uint)source[i] << (8 * i);
        }

        return value;
    }

    private static ushort[] MakeCopies()
    {
        var copies = new ushort[256];
        for (var tag = 0; tag < copies.Length; tag++)
        {
            copies[tag] = (tag & 3) switch
            {
                1 => (ushort)((((tag >> 2) & 7) + 4) | ((tag & 0xE0) << 3) | (1 << 11)),
                2 => (ushort)(((tag >> 2) + 1) | (2 << 11)),
                3 => (ushort)(((tag >> 2) + 1) | (4 << 11)),
                _ => 0,
            };
        }

        return copies;
    }
}
