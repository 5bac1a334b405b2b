using System.Buffers.Binary;

namespace DpSpark.Arrow.Ipc;

/// <summary>Writes an Arrow IPC file, front to back. The same batches give the same bytes.</summary>
/// <remarks>What a null hides is not written: its slot holds zeros. Dictionary-encoded columns are not written.</remarks>
public sealed class ArrowFileWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly MessageOutput _output;
    private readonly byte[] _schemaMessage;
    private readonly List<(long Offset, int Metadata, long Body)> _batches = [];
    private bool _finished;

    /// <summary>Prepares the writer. Nothing is written yet.</summary>
    /// <param name="stream">Receives the file; need not be seekable.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the writer is disposed.</param>
    /// <exception cref="ArrowUnsupportedException">A column is dictionary-encoded.</exception>
    public ArrowFileWriter(Stream stream, Schema schema, bool leaveOpen = false)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
        Schema = schema;
        _schemaMessage = SchemaWriter.Message(schema);
        _output = new(stream, schema);
    }

    /// <summary>The columns.</summary>
    public Schema Schema { get; }

    /// <summary>Writes a batch.</summary>
    /// <param name="batch">Fits the schema; stays the caller's.</param>
    /// <exception cref="ArgumentException">The columns do not fit the schema.</exception>
    public void Write(RecordBatch batch) => Write(batch.Columns, batch.Length);

    /// <summary>Writes a batch.</summary>
    /// <param name="columns">One array per field.</param>
    /// <param name="length">Number of rows.</param>
    /// <exception cref="ArgumentException">The columns do not fit the schema.</exception>
    public void Write(IReadOnlyList<ArrowArray> columns, int length)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        Start();
        var offset = _output.Position;
        var (metadata, body) = _output.WriteBatch(columns, length);
        _batches.Add((offset, metadata, body));
    }

    /// <summary>Writes the footer. Without it the file is not readable.</summary>
    public void Finish()
    {
        if (_finished)
        {
            return;
        }

        Start();
        _finished = true;
        _output.WriteEnd();
        var footer = SchemaWriter.Footer(Schema, _batches);
        _output.Write(footer);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        _output.Write(length);
        _output.Write("ARROW1"u8);
        _output.Flush();
    }

    /// <summary>Closes the stream, unless it was to stay open. Does not finish the file: after an error nothing should look complete.</summary>
    public void Dispose()
    {
        _finished = true;
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private void Start()
    {
        if (_output.Position == 0)
        {
            _output.Write("ARROW1\0\0"u8);
            _output.WriteMetadata(_schemaMessage);
        }
    }
}
