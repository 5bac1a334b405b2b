using System.Buffers.Binary;

namespace DpSpark.Arrow.Compression;

public static partial class Lz4
{
    private const uint FrameMagic = 0x184D2204, LegacyMagic = 0x184C2102, SkippableMagic = 0x184D2A50;

    /// <summary>Decodes one or more LZ4 frames back to back, skippable frames included. All checksums are verified.</summary>
    /// <param name="source">Exactly the frames.</param>
    /// <param name="destination">Receives the content of all of them. Bytes after the content may be overwritten.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArrowFormatException">The data are damaged, or their content is longer than the destination.</exception>
    /// <exception cref="ArrowUnsupportedException">A frame needs a dictionary, or is of the legacy kind.</exception>
    public static int DecompressFrame(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var written = 0;
        for (var first = true; first || !source.IsEmpty; first = false)
        {
            if (FrameHeader.Read(ref source, out var header))
            {
                written += DecodeFrame(ref source, destination[written..], header);
            }
        }

        return written;
    }

    /// <summary>Decodes LZ4 frames of unknown content size.</summary>
    /// <param name="source">Exactly the frames.</param>
    /// <param name="maxLength">Largest content accepted; no more than this is ever allocated.</param>
    /// <exception cref="ArrowFormatException">The data are damaged, or their content is longer than <paramref name="maxLength"/>.</exception>
    /// <exception cref="ArrowUnsupportedException">A frame needs a dictionary, or is of the legacy kind.</exception>
    public static byte[] DecompressFrame(ReadOnlySpan<byte> source, int maxLength)
    {
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Bound(source), maxLength));
        var written = DecompressFrame(source, buffer);
        return written == buffer.Length ? buffer : buffer.AsSpan(0, written).ToArray();
    }

    /// <summary>Upper bound of the content of frames, from their block headers alone.</summary>
    private static long Bound(ReadOnlySpan<byte> source)
    {
        long bound = 0;
        for (var first = true; first || !source.IsEmpty; first = false)
        {
            if (!FrameHeader.Read(ref source, out var header))
            {
                continue;
            }

            while (ReadBlock(ref source, header, out var block, out var stored))
            {
                // A byte of a block encodes at most 255 bytes.
                bound += stored ? block.Length : Math.Min(header.MaxBlock, 255L * block.Length);
            }

            Take(ref source, header.HasContentChecksum ? 4 : 0);
        }

        return bound;
    }

    private static int DecodeFrame(ref ReadOnlySpan<byte> source, Span<byte> destination, FrameHeader header)
    {
        var written = 0;
        while (ReadBlock(ref source, header, out var block, out var stored))
        {
            var room = Math.Min(header.MaxBlock, destination.Length - written);
            if (stored)
            {
                if (block.Length > room)
                {
                    Damaged.Lz4("its content is longer than expected");
                }

                block.CopyTo(destination[written..]);
                written += block.Length;
            }
            else
            {
                var history = header.Independent ? 0 : Math.Min(written, ushort.MaxValue);
                written += DecodeBlock(block, destination.Slice(written - history, history + room), history);
            }
        }

        if (header.ContentSize >= 0 && header.ContentSize != written)
        {
            Damaged.Lz4("its content is not of the size in the frame header");
        }

        if (header.HasContentChecksum && BinaryPrimitives.ReadUInt32LittleEndian(Take(ref source, 4)) != XxHash.Hash32(destination[..written]))
        {
            Damaged.Lz4("the content checksum does not match");
        }

        return written;
    }

    private static bool ReadBlock(ref ReadOnlySpan<byte> source, FrameHeader header, out ReadOnlySpan<byte> block, out bool stored)
    {
        var word = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref source, 4));
        stored = word >> 31 != 0;
        var size = (int)(word & int.MaxValue);
        block = default;
        if (word == 0)
        {
            return false;
        }

        if (size > header.MaxBlock)
        {
            Damaged.Lz4("a block is larger than the frame header allows");
        }

        block = Take(ref source, size);
        if (header.HasBlockChecksums && BinaryPrimitives.ReadUInt32LittleEndian(Take(ref source, 4)) != XxHash.Hash32(block))
        {
            Damaged.Lz4("a block checksum does not match");
        }

        return true;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> source, int count)
    {
        if (source.Length < count)
        {
            Damaged.Lz4("a frame is cut off");
        }

        var taken = source[..count];
        source = source[count..];
        return taken;
    }

    private readonly record struct FrameHeader(bool Independent, bool HasBlockChecksums, bool HasContentChecksum, long ContentSize, int MaxBlock)
    {
        /// <summary>Reads the header of a frame, or skips a skippable frame and returns false.</summary>
        public static bool Read(ref ReadOnlySpan<byte> source, out FrameHeader header)
        {
            header = default;
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref source, 4));
            if ((magic & 0xFFFFFFF0) == SkippableMagic)
            {
                var size = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref source, 4));
                Take(ref source, (int)Math.Min(size, int.MaxValue));
                return false;
            }

            if (magic == LegacyMagic)
            {
                throw new ArrowUnsupportedException("LZ4 legacy frame");
            }

            if (magic != FrameMagic)
            {
                Damaged.Lz4("no frame starts here");
            }

            var descriptor = source;
            var flags = Take(ref source, 2);
            int flg = flags[0], bd = flags[1];
            if (flg >> 6 != 1 || (flg & 2) != 0 || (bd & 0x8F) != 0 || bd >> 4 < 4)
            {
                Damaged.Lz4("its frame header has an unknown version, block size or reserved bit");
            }

            var size64 = (flg & 8) != 0 ? BinaryPrimitives.ReadInt64LittleEndian(Take(ref source, 8)) : -1;
            if ((flg & 8) != 0 && size64 < 0)
            {
                Damaged.Lz4("the content size in the frame header is out of range");
            }

            if ((flg & 1) != 0)
            {
                throw new ArrowUnsupportedException("LZ4 frame with a dictionary");
            }

            descriptor = descriptor[..(descriptor.Length - source.Length)];
            if (Take(ref source, 1)[0] != (byte)(XxHash.Hash32(descriptor) >> 8))
            {
                Damaged.Lz4("the frame header checksum does not match");
            }

            header = new((flg & 0x20) != 0, (flg & 0x10) != 0, (flg & 4) != 0, size64, 1 << (8 + (2 * (bd >> 4))));
            return true;
        }
    }
}
