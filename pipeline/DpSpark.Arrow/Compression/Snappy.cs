using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DpSpark.Arrow.Compression;

/// <summary>Decoder of raw Snappy blocks (no framing), as Parquet pages hold them.</summary>
public static class Snappy
{
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
        {
            Decode(from + start, from + source.Length, to, to + length);
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

    private static unsafe void Decode(byte* source, byte* sourceEnd, byte* target, byte* targetEnd)
    {
        var targetStart = target;
        while (source < sourceEnd)
        {
            uint tag = *source++;
            long length;
            long distance;
            switch (tag & 3)
            {
                case 0:
                    length = (tag >> 2) + 1;
                    if (length <= 16 && sourceEnd - source >= 16 && targetEnd - target >= 16)
                    {
                        Vector128.Load(source).Store(target);
                        source += length;
                        target += length;
                        continue;
                    }

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

                    source += length;
                    target += length;
                    continue;
                case 1:
                    if (source >= sourceEnd)
                    {
                        Damaged.Snappy("a copy is cut off");
                    }

                    length = ((tag >> 2) & 7) + 4;
                    distance = ((tag & 0xE0) << 3) | *source;
                    source++;
                    break;
                case 2:
                    if (sourceEnd - source < 2)
                    {
                        Damaged.Snappy("a copy is cut off");
                    }

                    length = (tag >> 2) + 1;
                    distance = Unsafe.ReadUnaligned<ushort>(source);
                    source += 2;
                    break;
                default:
                    if (sourceEnd - source < 4)
                    {
                        Damaged.Snappy("a copy is cut off");
                    }

                    length = (tag >> 2) + 1;
                    distance = Unsafe.ReadUnaligned<uint>(source);
                    source += 4;
                    break;
            }

            // One unsigned comparison refuses distance 0 as well.
            if ((ulong)(distance - 1) >= (ulong)(target - targetStart) || length > targetEnd - target)
            {
                Damaged.Snappy("a copy reaches outside the output");
            }

            if (targetEnd - target >= length + WideCopy.Slack)
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
}
