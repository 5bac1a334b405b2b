namespace DpSpark.Arrow.Ipc;

/// <summary>Writes an Arrow IPC stream: the schema, batches, the end marker. The same batches give the same bytes.</summary>
/// <remarks>What a null hides is not written: its slot holds zeros. Dictionary-encoded columns are not written.</remarks>
public sealed class ArrowStreamWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly MessageOutput _output;
    private readonly byte[] _schema;
    private bool _started;
    private bool _finished;

    /// <summary>Prepares the writer. Nothing is written yet.</summary>
    /// <param name="stream">Receives the stream.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the writer is disposed.</param>
    /// <exception cref="ArrowUnsupportedException">A column is dictionary-encoded.</exception>
    public ArrowStreamWriter(Stream stream, Schema schema, bool leaveOpen = false)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
        Schema = schema;
        _schema = SchemaWriter.Message(schema);
        _output = new(stream, schema);
    }

    /// <summary>The columns.</summary>
    public Schema Schema { get; }

    /// <summary>Writes the schema message, if it was not written before, and flushes: a peer may wait for it.</summary>
    public void Start()
    {
        if (!_started)
        {
            _started = true;
            _output.WriteMetadata(_schema);
            _output.Flush();
        }
    }

    /// <summary>Writes a batch and flushes it.</summary>
    /// <param name="batch">Fits the schema; stays the caller's.</param>
    /// <exception cref="ArgumentException">The columns do not fit the schema.</exception>
    public void Write(RecordBatch batch) => Write(batch.Columns, batch.Length);

    /// <summary>Writes a batch and flushes it.</summary>
    /// <param name="columns">One array per field.</param>
    /// <param name="length">Number of rows.</param>
    /// <exception cref="ArgumentException">The columns do not fit the schema.</exception>
    public void Write(IReadOnlyList<ArrowArray> columns, int length)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        Start();
        _output.WriteBatch(columns, length);
        _output.Flush();
    }

    /// <summary>Writes the end marker. Without it a reader cannot tell a whole stream from one that was given up.</summary>
    public void Finish()
    {
        if (!_finished)
        {
            Start();
            _finished = true;
            _output.WriteEnd();
            _output.Flush();
        }
    }

    /// <summary>Closes the stream, unless it was to stay open. Does not finish it: after an error nothing should look complete.</summary>
    public void Dispose()
    {
        _finished = true;
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }
}
