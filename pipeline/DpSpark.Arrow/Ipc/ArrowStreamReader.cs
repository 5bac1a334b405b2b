using System.Buffers;
using System.Buffers.Binary;

namespace DpSpark.Arrow.Ipc;

/// <summary>Reads an Arrow IPC stream. Takes no byte past the end-of-stream marker; not for use by two threads at once.</summary>
public sealed class ArrowStreamReader : IDisposable
{
    private const uint Continuation = 0xFFFFFFFF;
    private const int FirstChunk = 4 << 20;

    private readonly Stream _stream;
    private readonly ArrowReaderOptions _options;
    private readonly bool _leaveOpen;
    private Schema? _schema;
    private DictionaryStore? _dictionaries;
    private byte[] _metadata = [];
    private int _messages;
    private int _largestBody = FirstChunk;
    private bool _ended;

    /// <summary>Starts reading. The first byte is taken by the first call of <see cref="Schema"/> or <see cref="ReadNext"/>.</summary>
    /// <param name="stream">Positioned at the schema message.</param>
    /// <param name="options">Limits; null for the default ones.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the reader is disposed.</param>
    public ArrowStreamReader(Stream stream, ArrowReaderOptions? options = null, bool leaveOpen = false)
    {
        _stream = stream;
        _options = options ?? ArrowReaderOptions.Default;
        _leaveOpen = leaveOpen;
    }

    /// <summary>The schema, read on first use.</summary>
    /// <exception cref="ArrowFormatException">The stream does not start with a valid schema message.</exception>
    public Schema Schema
    {
        get
        {
            if (_schema is null)
            {
                Guarded(ReadSchema);
            }

            return _schema!;
        }
    }

    /// <summary>Reads up to the next batch.</summary>
    /// <returns>The batch, the caller's to dispose; null at the end of the stream.</returns>
    /// <exception cref="ArrowFormatException">The stream is damaged. Nothing more can be read.</exception>
    public RecordBatch? ReadNext()
    {
        _ = Schema;
        return Guarded(() =>
        {
            RecordBatch? batch = null;
            while (batch is null && ReadMetadata(out var metadata))
            {
                batch = ReadMessage(metadata.Span);
            }

            return batch;
        });
    }

    /// <summary>Closes the stream, unless it was to stay open. Batches that were read stay usable.</summary>
    public void Dispose()
    {
        _ended = true;
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArrowFormatException e)
        {
            _ended = true;
            throw e is ArrowUnsupportedException ? e : new ArrowFormatException($"Arrow stream, message {_messages}: {e.Message}", e.InnerException);
        }
        catch (EndOfStreamException e)
        {
            _ended = true;
            throw new ArrowFormatException($"Arrow stream, message {_messages}: the input ends inside a message.", e);
        }
    }

    private Schema ReadSchema()
    {
        if (!ReadMetadata(out var metadata))
        {
            throw new ArrowFormatException("There is no schema.");
        }

        var message = IpcMessage.Read(metadata.Span, _options);
        if (message.Kind != MessageKind.Schema || message.BodyLength != 0)
        {
            throw new ArrowFormatException("The first message is not a schema.");
        }

        var schema = SchemaReader.Read(message.Header, _options);
        _dictionaries = new(schema, _options);
        return _schema = schema;
    }

    private RecordBatch? ReadMessage(ReadOnlySpan<byte> metadata)
    {
        var message = IpcMessage.Read(metadata, _options);
        switch (message.Kind)
        {
            case MessageKind.DictionaryBatch:
                _dictionaries!.Read(message.Header, ReadBody(message.BodyLength).Memory, mayReplace: true);
                return null;
            case MessageKind.RecordBatch:
                var body = ReadBody(message.BodyLength);
                return Batches.Read(message.Header, body.Memory, body, _schema!, _dictionaries!, _options);
            default:
                throw new ArrowFormatException("There is a second schema.");
        }
    }

    /// <summary>Reads the framing and the metadata; false at the end of the stream.</summary>
    private bool ReadMetadata(out ReadOnlyMemory<byte> metadata)
    {
        metadata = default;
        if (_ended)
        {
            return false;
        }

        _messages++;
        Span<byte> word = stackalloc byte[4];
        var got = _stream.ReadAtLeast(word, 4, throwOnEndOfStream: false);
        if (got == 0)
        {
            _ended = true;
            return false;
        }

        var first = got == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(word) : throw new EndOfStreamException();
        if (first == Continuation)
        {
            _stream.ReadExactly(word);
            first = BinaryPrimitives.ReadUInt32LittleEndian(word);
        }
        else if (first > _options.MaxMetadataBytes)
        {
            // Without the marker this is either framing from before version 0.15, or something else altogether.
            throw new ArrowFormatException("ARRO"u8.SequenceEqual(word) ? "This is an Arrow file, not an Arrow stream." : "This is not an Arrow stream.");
        }

        if (first == 0)
        {
            _ended = true;
            return false;
        }

        if (first > _options.MaxMetadataBytes)
        {
            throw new ArrowFormatException("The length of the metadata is beyond the limit.");
        }

        metadata = ReadGrowing((int)first);
        return true;
    }

    private ReadOnlyMemory<byte> ReadGrowing(int length)
    {
        // A length is only a claim: memory follows the bytes that have really come.
        for (var have = 0; have < length;)
        {
            var size = (int)Math.Min(length, Math.Max(64 << 10, 4L * have));
            if (_metadata.Length < size)
            {
                Array.Resize(ref _metadata, size);
            }

            _stream.ReadExactly(_metadata.AsSpan(have, size - have));
            have = size;
        }

        return _metadata.AsMemory(0, length);
    }

    private AlignedBlock ReadBody(int length)
    {
        var size = Math.Min(length, _largestBody);
        var block = AlignedBlock.Rent(size);
        try
        {
            _stream.ReadExactly(block.Memory.Span);
            while (size < length)
            {
                var larger = (int)Math.Min(length, 4L * size);
                var next = AlignedBlock.Rent(larger);
                block.Memory.CopyTo(next.Memory);
                block.Return();
                block = next;
                _stream.ReadExactly(block.Memory.Span[size..]);
                size = larger;
            }
        }
        catch
        {
            block.Return();
            throw;
        }

        _largestBody = Math.Max(_largestBody, length);
        return block;
    }
}
