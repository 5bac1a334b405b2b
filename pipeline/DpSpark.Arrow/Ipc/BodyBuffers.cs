using System.Buffers.Binary;
using DpSpark.Arrow.Compression;

namespace DpSpark.Arrow.Ipc;

/// <summary>Hands out the buffers of a batch in order, checked against the body, decompressed where necessary.</summary>
internal ref struct BodyBuffers
{
    private const int None = -1, Lz4Frame = 0, Zstd = 1, Pad = 64;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly ReadOnlySpan<byte> _ranges;
    private readonly int _codec = None;
    private Memory<byte> _plain;
    private int _next;

    /// <summary>Looks at a RecordBatch table. Takes memory for all decompressed buffers at once.</summary>
    public BodyBuffers(FlatTable batch, ReadOnlyMemory<byte> body, ArrowReaderOptions options)
    {
        _body = body;
        _ranges = batch.Vector(2, 16, out var count);
        Count = count;
        if (!batch.Has(3))
        {
            return;
        }

        var compression = batch.Table(3, "the compression");
        _codec = compression.Byte(0);
        if (_codec is not (Lz4Frame or Zstd) || compression.Byte(1) != 0)
        {
            throw new ArrowUnsupportedException("Arrow body compression other than LZ4_FRAME and ZSTD by buffer");
        }

        long total = 0;
        for (var i = 0; i < count; i++)
        {
            var size = PlainLength(Stored(i).Span);
            total += size > 0 ? size + Pad : 0;
        }

        if (total > options.MaxBodyBytes)
        {
            throw new ArrowFormatException("The decompressed buffers are beyond the limit.");
        }

        if (total > 0)
        {
            Block = AlignedBlock.Rent((int)total);
            _plain = Block.Memory;
        }
    }

    /// <summary>Number of buffers of the batch.</summary>
    public int Count { get; }

    /// <summary>Number of buffers not handed out yet.</summary>
    public readonly int Left => Count - _next;

    /// <summary>Holds the decompressed buffers; null when there are none.</summary>
    public AlignedBlock? Block { get; }

    /// <summary>The next buffer.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        if (_next >= Count)
        {
            throw new ArrowFormatException("The batch has fewer buffers than its schema needs.");
        }

        var stored = Stored(_next++);
        if (_codec == None || stored.IsEmpty)
        {
            return stored;
        }

        var size = PlainLength(stored.Span);
        stored = stored[8..];
        if (size < 0)
        {
            return stored;
        }

        if (size == 0)
        {
            return default;
        }

        var target = _plain[..(int)size];
        var written = _codec == Zstd ? Zstandard.Decompress(stored.Span, target.Span) : Lz4.DecompressFrame(stored.Span, target.Span);
        if (written != size)
        {
            throw new ArrowFormatException("A compressed buffer does not have the length it claims.");
        }

        _plain = _plain[(int)((size + Pad - 1) & -Pad)..];
        return target;
    }

    private readonly ReadOnlyMemory<byte> Stored(int index)
    {
        var offset = BinaryPrimitives.ReadInt64LittleEndian(_ranges[(16 * index)..]);
        var length = BinaryPrimitives.ReadInt64LittleEndian(_ranges[((16 * index) + 8)..]);
        if (length == 0)
        {
            return default;
        }

        if (offset < 0 || length < 0 || length > _body.Length || offset > _body.Length - length)
        {
            throw new ArrowFormatException("A buffer lies outside of the message's body.");
        }

        return _body.Slice((int)offset, (int)length);
    }

    /// <summary>Length stated by the prefix of a compressed buffer, -1 when it is stored raw. A length that the codec cannot reach is refused.</summary>
    private readonly long PlainLength(ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty)
        {
            return 0;
        }

        if (stored.Length < 8)
        {
            throw new ArrowFormatException("A compressed buffer is shorter than its prefix.");
        }

        var size = BinaryPrimitives.ReadInt64LittleEndian(stored);
        if (size <= 0)
        {
            return size >= -1 ? size : throw new ArrowFormatException("A compressed buffer claims a negative length.");
        }

        // One byte of LZ4 stands for at most 255; Zstandard's block headers tell.
        var reachable = _codec == Zstd ? Zstandard.DecompressedBound(stored[8..]) : 255L * stored.Length;
        return size <= reachable ? size : throw new ArrowFormatException("A compressed buffer claims more than it can hold.");
    }
}
