using System.Buffers.Binary;

namespace DpSpark.Arrow.Ipc;

/// <summary>Reads an Arrow IPC file by random access. Batches may be read by several threads at once.</summary>
public sealed class ArrowFileReader : IDisposable
{
    private const int MagicLength = 6, BlockLength = 24;

    private readonly Stream? _stream;
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly Lock _position = new();
    private readonly ArrowReaderOptions _options;
    private readonly bool _leaveOpen;
    private readonly long _length;
    private readonly Block[] _batches;
    private readonly DictionaryStore _dictionaries;
    private long _footerStart;

    /// <summary>Opens a file in memory. Batches are views of it.</summary>
    /// <param name="file">The whole file; must not change.</param>
    /// <param name="options">Limits; null for the default ones.</param>
    /// <exception cref="ArrowFormatException">It is not a valid Arrow file.</exception>
    public ArrowFileReader(ReadOnlyMemory<byte> file, ArrowReaderOptions? options = null) : this(null, file, options, true)
    {
    }

    /// <summary>Opens a file and reads its footer and dictionaries.</summary>
    /// <param name="stream">The whole file; must be seekable.</param>
    /// <param name="options">Limits; null for the default ones.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the reader is disposed.</param>
    /// <exception cref="ArrowFormatException">It is not a valid Arrow file.</exception>
    public ArrowFileReader(Stream stream, ArrowReaderOptions? options = null, bool leaveOpen = false) : this(stream, default, options, leaveOpen)
    {
    }

    private ArrowFileReader(Stream? stream, ReadOnlyMemory<byte> memory, ArrowReaderOptions? options, bool leaveOpen)
    {
        _stream = stream;
        _memory = memory;
        _options = options ?? ArrowReaderOptions.Default;
        _leaveOpen = leaveOpen;
        _length = stream?.Length ?? memory.Length;
        try
        {
            var footer = FlatTable.Root(ReadFooter());
            IpcMessage.CheckVersion(footer.Int16(0));
            Schema = SchemaReader.Read(footer.Table(1, "the schema"), _options);
            var dictionaries = ReadBlocks(footer, 2);
            _batches = ReadBlocks(footer, 3);
            _dictionaries = new(Schema, _options);
            foreach (var block in dictionaries)
            {
                var (metadata, body, _) = Load(block, pooled: false);
                var message = Open(metadata.Span, block, MessageKind.DictionaryBatch);
                _dictionaries.Read(message.Header, body, mayReplace: false);
            }
        }
        catch (Exception e)
        {
            Dispose();
            throw Named(e, "");
        }
    }

    /// <summary>The schema, from the footer.</summary>
    public Schema Schema { get; }

    /// <summary>Number of batches.</summary>
    public int BatchCount => _batches.Length;

    /// <summary>Reads a batch.</summary>
    /// <param name="index">0 to <see cref="BatchCount"/> - 1.</param>
    /// <returns>The batch, the caller's to dispose.</returns>
    /// <exception cref="ArrowFormatException">The batch is damaged.</exception>
    public RecordBatch ReadBatch(int index)
    {
        var block = _batches[index];
        try
        {
            var (metadata, body, owner) = Load(block, pooled: true);
            try
            {
                var message = Open(metadata.Span, block, MessageKind.RecordBatch);
                return Batches.Read(message.Header, body, owner, Schema, _dictionaries, _options);
            }
            catch
            {
                owner?.Return();
                throw;
            }
        }
        catch (Exception e) when (e is ArrowFormatException or EndOfStreamException)
        {
            throw Named(e, $", batch {index}");
        }
    }

    /// <summary>Closes the stream, unless it was to stay open. Batches that were read stay usable.</summary>
    public void Dispose()
    {
        if (!_leaveOpen)
        {
            _stream?.Dispose();
        }
    }

    private static Exception Named(Exception e, string where) => e switch
    {
        ArrowUnsupportedException => e,
        ArrowFormatException => new ArrowFormatException($"Arrow file{where}: {e.Message}", e.InnerException),
        EndOfStreamException => new ArrowFormatException($"Arrow file{where}: the file ends early.", e),
        _ => e,
    };

    private ReadOnlySpan<byte> ReadFooter()
    {
        var magic = "ARROW1"u8;
        const int Tail = 4 + MagicLength;
        if (_length < 8 + Tail || !Bytes(0, MagicLength, null).Span.SequenceEqual(magic))
        {
            throw new ArrowFormatException("This is not an Arrow file.");
        }

        var tail = Bytes(_length - Tail, Tail, null).Span;
        if (!tail[4..].SequenceEqual(magic))
        {
            throw new ArrowFormatException("It does not end as an Arrow file must; it may be cut off.");
        }

        var footerLength = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (footerLength <= 0 || footerLength > _length - 8 - Tail || footerLength > _options.MaxMetadataBytes)
        {
            throw new ArrowFormatException("The length of the footer is out of range.");
        }

        _footerStart = _length - Tail - footerLength;
        return Bytes(_footerStart, footerLength, null).Span;
    }

    private Block[] ReadBlocks(FlatTable footer, int slot)
    {
        var bytes = footer.Vector(slot, BlockLength, out var count);
        var blocks = new Block[count];
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.Slice(BlockLength * i, BlockLength);
            var offset = BinaryPrimitives.ReadInt64LittleEndian(entry);
            var metadata = BinaryPrimitives.ReadInt32LittleEndian(entry[8..]);
            var body = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]);
            if (metadata < 8 || metadata > _options.MaxMetadataBytes || body < 0 || body > _options.MaxBodyBytes
                || offset < 8 || offset > _footerStart - metadata - body)
            {
                throw new ArrowFormatException("The footer refers to a place outside of the file, or beyond the limits.");
            }

            blocks[i] = new(offset, metadata, (int)body);
        }

        return blocks;
    }

    private (ReadOnlyMemory<byte> Metadata, ReadOnlyMemory<byte> Body, AlignedBlock? Owner) Load(Block block, bool pooled)
    {
        var framed = Bytes(block.Offset, block.MetadataLength, null);
        var first = BinaryPrimitives.ReadUInt32LittleEndian(framed.Span);
        var prefix = first == 0xFFFFFFFF ? 8 : 4;
        if (BinaryPrimitives.ReadInt32LittleEndian(framed.Span[(prefix - 4)..]) != block.MetadataLength - prefix)
        {
            throw new ArrowFormatException("The footer refers to a place where no message of the stated length starts.");
        }

        // What is not read into a block here is a slice of the caller's memory and nobody's to return.
        var owner = _stream is null ? null : AlignedBlock.Rent(block.BodyLength);
        try
        {
            var body = Bytes(block.Offset + block.MetadataLength, block.BodyLength, owner);
            return (framed[prefix..], body, pooled ? owner : null);
        }
        catch
        {
            owner?.Return();
            throw;
        }
    }

    private IpcMessage Open(ReadOnlySpan<byte> metadata, Block block, MessageKind kind)
    {
        var message = IpcMessage.Read(metadata, _options);
        return message.Kind == kind && message.BodyLength == block.BodyLength
            ? message
            : throw new ArrowFormatException("A message differs from what the footer says of it.");
    }

    private ReadOnlyMemory<byte> Bytes(long offset, int count, AlignedBlock? target)
    {
        if (_stream is null)
        {
            return _memory.Slice((int)offset, count);
        }

        var memory = target?.Memory ?? new byte[count];
        lock (_position)
        {
            _stream.Position = offset;
            _stream.ReadExactly(memory.Span);
        }

        return memory;
    }

    private readonly record struct Block(long Offset, int MetadataLength, int BodyLength);
}
