using System.Buffers.Binary;

namespace DpSpark.Arrow.Compression;

/// <summary>Decoder of Zstandard frames (RFC 8878), without dictionaries.</summary>
public static class Zstandard
{
    /// <summary>Decodes one or more frames back to back, skippable frames included. Checksums are verified.</summary>
    /// <param name="source">Exactly the frames.</param>
    /// <param name="destination">Receives the content of all of them. Bytes after the content may be overwritten.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArrowFormatException">The data are damaged, or their content is longer than the destination.</exception>
    /// <exception cref="ArrowUnsupportedException">A frame needs a dictionary or a window beyond 4 GiB.</exception>
    public static int Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var decoder = ZstandardDecoder.ForThisThread;
        var written = 0;
        var rest = source;
        for (var first = true; first || !rest.IsEmpty; first = false)
        {
            if (ZstandardFrame.Read(ref rest, out var frame))
            {
                written += decoder.DecodeFrame(source, source.Length - rest.Length, destination[written..], frame, out var end);
                rest = source[end..];
            }
        }

        return written;
    }

    /// <summary>Decodes frames of unknown content size.</summary>
    /// <param name="source">Exactly the frames.</param>
    /// <param name="maxLength">Largest content accepted; no more than this is ever allocated.</param>
    /// <exception cref="ArrowFormatException">The data are damaged, or their content is longer than <paramref name="maxLength"/>.</exception>
    /// <exception cref="ArrowUnsupportedException">A frame needs a dictionary or a window beyond 4 GiB.</exception>
    public static byte[] Decompress(ReadOnlySpan<byte> source, int maxLength)
    {
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(DecompressedBound(source), maxLength));
        var written = Decompress(source, buffer);
        return written == buffer.Length ? buffer : buffer.AsSpan(0, written).ToArray();
    }

    /// <summary>Content size stated by the header of the first frame that is not skippable; -1 when it states none. Nothing is decoded, so it may be a lie.</summary>
    /// <param name="source">Frames.</param>
    /// <exception cref="ArrowFormatException">There is no valid frame header.</exception>
    public static long ContentSize(ReadOnlySpan<byte> source)
    {
        ZstandardFrame frame;
        while (!ZstandardFrame.Read(ref source, out frame))
        {
            if (source.IsEmpty)
            {
                return 0;
            }
        }

        return frame.ContentSize;
    }

    /// <summary>Upper bound of the content of frames, from their headers and block headers alone: what to allocate when the size is not known otherwise.</summary>
    /// <param name="source">Exactly the frames.</param>
    /// <exception cref="ArrowFormatException">A header is damaged or cut off.</exception>
    public static long DecompressedBound(ReadOnlySpan<byte> source)
    {
        long total = 0;
        for (var first = true; first || !source.IsEmpty; first = false)
        {
            if (!ZstandardFrame.Read(ref source, out var frame))
            {
                continue;
            }

            long bound = 0;
            var last = false;
            while (!last)
            {
                var block = ZstandardFrame.ReadBlockHeader(source, frame.MaxBlock);
                last = block.IsLast;
                bound += block.Kind == ZstandardFrame.CompressedBlock ? frame.MaxBlock : block.Size;
                source = source[(3 + block.StoredSize)..];
            }

            if (frame.HasChecksum)
            {
                source = source[ZstandardFrame.Require(source, 4)..];
            }

            if (frame.ContentSize > bound)
            {
                Damaged.Zstandard("its blocks cannot hold the content size in the frame header");
            }

            total += frame.ContentSize >= 0 ? frame.ContentSize : bound;
        }

        return total;
    }
}

/// <summary>What the header of a frame says.</summary>
internal readonly record struct ZstandardFrame(long ContentSize, long Window, bool HasChecksum)
{
    public const int RawBlock = 0, RunBlock = 1, CompressedBlock = 2;

    private const uint Magic = 0xFD2FB528, SkippableMagic = 0x184D2A50;

    /// <summary>Most bytes that one block may decode to.</summary>
    public int MaxBlock => (int)Math.Min(Window, 128 * 1024);

    /// <summary>Reads the header of a frame, or skips a skippable frame and returns false.</summary>
    public static bool Read(ref ReadOnlySpan<byte> source, out ZstandardFrame frame)
    {
        frame = default;
        Require(source, 4);
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(source);
        source = source[4..];
        if ((magic & 0xFFFFFFF0) == SkippableMagic)
        {
            Require(source, 4);
            long size = BinaryPrimitives.ReadUInt32LittleEndian(source);
            source = source[Require(source, 4 + size)..];
            return false;
        }

        if (magic != Magic)
        {
            Damaged.Zstandard("no frame starts here");
        }

        int descriptor = source[Require(source, 1) - 1];
        source = source[1..];
        if ((descriptor & 8) != 0)
        {
            Damaged.Zstandard("a reserved bit is set in the frame header");
        }

        long window = 0;
        var single = (descriptor & 0x20) != 0;
        if (!single)
        {
            int exponent = source[Require(source, 1) - 1] >> 3, mantissa = source[0] & 7;
            source = source[1..];
            if (exponent > 21)
            {
                throw new ArrowUnsupportedException("Zstandard window of 4 GiB or more");
            }

            window = (1L << (10 + exponent)) + (mantissa * (1L << (7 + exponent)));
        }

        if (ReadNumber(ref source, (1 << (descriptor & 3)) >> 1) != 0)
        {
            throw new ArrowUnsupportedException("Zstandard frame with a dictionary");
        }

        var sizeBytes = (descriptor >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        var content = sizeBytes == 0 ? -1 : ReadNumber(ref source, sizeBytes) + (sizeBytes == 2 ? 256 : 0);
        if (content < -1 || (sizeBytes != 0 && content < 0))
        {
            Damaged.Zstandard("the content size in the frame header is out of range");
        }

        frame = new(content, single ? content : window, (descriptor & 4) != 0);
        return true;
    }

    /// <summary>Reads and checks a block's header. The block's bytes are known to exist.</summary>
    public static (int Kind, int Size, int StoredSize, bool IsLast) ReadBlockHeader(ReadOnlySpan<byte> source, int maxBlock)
    {
        Require(source, 3);
        var word = source[0] | (source[1] << 8) | (source[2] << 16);
        int kind = (word >> 1) & 3, size = word >> 3;
        if (kind == 3 || size > maxBlock)
        {
            Damaged.Zstandard("a block has an unknown type or is too large");
        }

        var stored = kind == RunBlock ? 1 : size;
        Require(source, 3 + stored);
        return (kind, size, stored, (word & 1) != 0);
    }

    /// <summary>Returns the count, which is known to be available.</summary>
    public static int Require(ReadOnlySpan<byte> source, long count)
    {
        if (source.Length < count)
        {
            Damaged.Zstandard("a frame is cut off");
        }

        return (int)count;
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> source, int bytes)
    {
        Require(source, bytes);
        ulong number = 0;
        for (var i = 0; i < bytes; i++)
        {
            number |= (ulong)source[i] << (8 * i);
        }

        source = source[bytes..];
        return (long)number;
    }
}
