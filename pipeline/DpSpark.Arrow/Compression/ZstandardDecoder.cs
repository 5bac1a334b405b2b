using System.Buffers.Binary;

namespace DpSpark.Arrow.Compression;

/// <summary>State of decoding frames: tables that a block may take over from the block before it. One per thread; not for two frames at once.</summary>
internal sealed unsafe partial class ZstandardDecoder
{
    private const int MaxLiterals = 128 * 1024;

    [ThreadStatic]
    private static ZstandardDecoder? s_current;

    private readonly byte[] _literalBuffer = GC.AllocateUninitializedArray<byte>(MaxLiterals + WideCopy.Slack);
    private readonly HuffmanTable _huffman = new();
    private readonly SequenceTables _tables = new();

    /// <summary>The calling thread's decoder.</summary>
    public static ZstandardDecoder ForThisThread => s_current ??= new();

    /// <summary>Decodes the blocks of a frame.</summary>
    /// <param name="source">Everything from before the frame header: bit streams are loaded in words that may begin up to 8 bytes before them.</param>
    /// <param name="start">Where the first block starts.</param>
    /// <param name="destination">Receives the frame's content.</param>
    /// <param name="frame">What the frame header says.</param>
    /// <param name="end">Where the frame ends.</param>
    /// <returns>Bytes written.</returns>
    public int DecodeFrame(ReadOnlySpan<byte> source, int start, Span<byte> destination, ZstandardFrame frame, out int end)
    {
        if (frame.ContentSize > destination.Length)
        {
            Damaged.Zstandard("its content is longer than expected");
        }

        _huffman.Clear();
        _tables.Clear();
        var history = new RepeatOffsets { First = 1, Second = 4, Third = 8 };
        var written = 0;
        var last = false;
        while (!last)
        {
            var block = ZstandardFrame.ReadBlockHeader(source[start..], frame.MaxBlock);
            last = block.IsLast;
            start += 3;
            if (block.Kind == ZstandardFrame.CompressedBlock)
            {
                fixed (byte* from = source)
                fixed (byte* to = destination)
                {
                    written += DecodeBlock(
                        new Range(from + start, from + start + block.StoredSize, from + source.Length),
                        new Output { Start = to, Position = to + written, End = to + destination.Length, Window = frame.Window, MaxBlock = frame.MaxBlock },
                        ref history);
                }
            }
            else
            {
                if (block.Size > destination.Length - written)
                {
                    Damaged.Zstandard("its content is longer than expected");
                }

                var target = destination.Slice(written, block.Size);
                if (block.Kind == ZstandardFrame.RawBlock)
                {
                    source.Slice(start, block.Size).CopyTo(target);
                }
                else
                {
                    target.Fill(source[start]);
                }

                written += block.Size;
            }

            start += block.StoredSize;
        }

        if (frame.ContentSize >= 0 && frame.ContentSize != written)
        {
            Damaged.Zstandard("its content is not of the size in the frame header");
        }

        if (frame.HasChecksum)
        {
            ZstandardFrame.Require(source[start..], 4);
            if (BinaryPrimitives.ReadUInt32LittleEndian(source[start..]) != (uint)XxHash.Hash64(destination[..written]))
            {
                Damaged.Zstandard("the content checksum does not match");
            }

            start += 4;
        }

        end = start;
        return written;
    }

    private int DecodeBlock(Range source, Output output, ref RepeatOffsets history)
    {
        fixed (byte* buffer = _literalBuffer)
        {
            var literals = ReadLiterals(ref source, buffer, output.MaxBlock);
            var count = ReadSequenceHeader(ref source);
            return DecodeSequences(source, literals, output, count, ref history);
        }
    }

    private Range ReadLiterals(ref Range source, byte* buffer, int maxBlock)
    {
        source.Require(1);
        int first = source.Position[0], kind = first & 3, format = (first >> 2) & 3;
        if (kind <= 1)
        {
            var header = format switch { 1 => 2, 3 => 3, _ => 1 };
            source.Require(header);
            var size = header == 1 ? first >> 3 : (int)(source.Number(header) >> 4);
            source.Position += header;
            if (size > maxBlock)
            {
                Damaged.Zstandard("a block holds too many literals");
            }

            source.Require(kind == 0 ? size : 1);
            if (kind == 1)
            {
                new Span<byte>(buffer, size).Fill(source.Position[0]);
                source.Position++;
                return new(buffer, buffer + size, buffer + size + WideCopy.Slack);
            }

            var raw = new Range(source.Position, source.Position + size, source.Limit);
            source.Position += size;
            if (raw.Limit - raw.End < WideCopy.Slack)
            {
                Buffer.MemoryCopy(raw.Position, buffer, MaxLiterals, size);
                raw = new(buffer, buffer + size, buffer + size + WideCopy.Slack);
            }

            return raw;
        }

        var headerBytes = format switch { 2 => 4, 3 => 5, _ => 3 };
        var sizeBits = format switch { 2 => 14, 3 => 18, _ => 10 };
        source.Require(headerBytes);
        var word = source.Number(headerBytes) >> 4;
        source.Position += headerBytes;
        int plain = (int)(word & ((1UL << sizeBits) - 1)), packed = (int)(word >> sizeBits);
        if (plain > maxBlock)
        {
            Damaged.Zstandard("a block holds too many literals");
        }

        source.Require(packed);
        var streams = new Range(source.Position, source.Position + packed, source.Limit);
        source.Position += packed;
        if (kind == 2)
        {
            _huffman.Read(ref streams);
        }

        _huffman.Decode(streams, buffer, plain, fourStreams: format != 0);
        return new(buffer, buffer + plain, buffer + plain + WideCopy.Slack);
    }

    private int ReadSequenceHeader(ref Range source)
    {
        source.Require(1);
        int count = source.Position[0];
        if (count < 128)
        {
            source.Position++;
        }
        else if (count < 255)
        {
            source.Require(2);
            count = ((count - 128) << 8) + source.Position[1];
            source.Position += 2;
        }
        else
        {
            source.Require(3);
            count = source.Position[1] + (source.Position[2] << 8) + 0x7F00;
            source.Position += 3;
        }

        if (count == 0)
        {
            if (source.Position != source.End)
            {
                Damaged.Zstandard("bytes follow the last section of a block");
            }

            return 0;
        }

        source.Require(1);
        int modes = *source.Position++;
        if ((modes & 3) != 0)
        {
            Damaged.Zstandard("a reserved bit is set in a sequences section");
        }

        _tables.Read(ref source, modes);
        return count;
    }

    /// <summary>A stretch of bytes and the end of the memory behind it.</summary>
    internal struct Range(byte* position, byte* end, byte* limit)
    {
        public byte* Position = position;
        public readonly byte* End = end;

        /// <summary>Bytes before this may be read.</summary>
        public readonly byte* Limit = limit;

        public readonly void Require(long count)
        {
            if (End - Position < count)
            {
                Damaged.Zstandard("a block is cut off");
            }
        }

        public readonly ulong Number(int bytes)
        {
            ulong number = 0;
            for (var i = 0; i < bytes; i++)
            {
                number |= (ulong)Position[i] << (8 * i);
            }

            return number;
        }
    }

    internal struct RepeatOffsets
    {
        public long First, Second, Third;
    }

    private struct Output
    {
        public byte* Start, Position, End;
        public long Window;
        public int MaxBlock;
    }
}
