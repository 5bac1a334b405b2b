using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace DpSpark.Arrow.Compression;

/// <summary>Decoder of LZ4 blocks, of Hadoop's framing of them, and of LZ4 frames (Arrow's kind).</summary>
public static partial class Lz4
{
    /// <summary>Decodes one raw block (Parquet's LZ4_RAW).</summary>
    /// <param name="source">Exactly one block.</param>
    /// <param name="destination">Receives the content. Bytes after the content may be overwritten.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArrowFormatException">The block is damaged, or its content is longer than the destination.</exception>
    public static int DecompressBlock(ReadOnlySpan<byte> source, Span<byte> destination) => DecodeBlock(source, destination, 0);

    /// <summary>Decodes Hadoop's framing (Parquet's deprecated LZ4): repeated big-endian lengths and a raw block; or a bare block, as some writers left it.</summary>
    /// <param name="source">All of a page.</param>
    /// <param name="destination">Receives the content. Bytes after the content may be overwritten.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArrowFormatException">The data are damaged, or their content is longer than the destination.</exception>
    public static int DecompressHadoop(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        return LooksFramed(source, destination.Length) ? DecodeHadoop(source, destination) : DecompressBlock(source, destination);
    }

    /// <summary>Decodes a block after <paramref name="history"/> bytes that its matches may refer to.</summary>
    internal static unsafe int DecodeBlock(ReadOnlySpan<byte> source, Span<byte> destination, int history)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            return (int)(Decode(from, from + source.Length, to, to + history, to + destination.Length) - to) - history;
        }
    }

    private static bool LooksFramed(ReadOnlySpan<byte> source, int room)
    {
        long total = 0;
        while (!source.IsEmpty)
        {
            if (source.Length < 8)
            {
                return false;
            }

            total += BinaryPrimitives.ReadUInt32BigEndian(source);
            long packed = BinaryPrimitives.ReadUInt32BigEndian(source[4..]);
            if (total > room || packed > source.Length - 8)
            {
                return false;
            }

            source = source[(int)(8 + packed)..];
        }

        return true;
    }

    private static int DecodeHadoop(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var written = 0;
        while (!source.IsEmpty)
        {
            var plain = BinaryPrimitives.ReadInt32BigEndian(source);
            var packed = BinaryPrimitives.ReadInt32BigEndian(source[4..]);
            var target = destination.Slice(written, plain);
            if (DecodeBlock(source.Slice(8, packed), target, 0) != plain)
            {
                Damaged.Lz4("a block holds fewer bytes than its frame says");
            }

            written += plain;
            source = source[(8 + packed)..];
        }

        return written;
    }

    private static unsafe byte* Decode(byte* source, byte* sourceEnd, byte* historyStart, byte* target, byte* targetEnd)
    {
        while (true)
        {
            if (source >= sourceEnd)
            {
                Damaged.Lz4("a block ends where a sequence should start");
            }

            uint token = *source++;
            long length = token >> 4;
            if (length == 15)
            {
                length += ReadRun(ref source, sourceEnd);
            }

            if (length > sourceEnd - source || length > targetEnd - target)
            {
                Damaged.Lz4("literals run past the end");
            }

            if (sourceEnd - source >= length + WideCopy.Slack && targetEnd - target >= length + WideCopy.Slack)
            {
                WideCopy.Copy16(source, target, length);
            }
            else
            {
                Buffer.MemoryCopy(source, target, length, length);
            }

            source += length;
            target += length;
            if (source == sourceEnd)
            {
                // The last sequence has no match; its token's low bits are not used.
                return target;
            }

            if (sourceEnd - source < 2)
            {
                Damaged.Lz4("a match is cut off");
            }

            long distance = Unsafe.ReadUnaligned<ushort>(source);
            source += 2;
            length = token & 15;
            if (length == 15)
            {
                length += ReadRun(ref source, sourceEnd);
            }

            length += 4;
            if (distance == 0 || distance > target - historyStart || length > targetEnd - target)
            {
                Damaged.Lz4("a match reaches outside the output");
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
    }

    private static unsafe long ReadRun(ref byte* source, byte* sourceEnd)
    {
        long run = 0;
        byte next;
        do
        {
            if (source >= sourceEnd)
            {
                Damaged.Lz4("a length is cut off");
            }

            next = *source++;
            run += next;
        }
        while (next == 255);
        return run;
    }
}
