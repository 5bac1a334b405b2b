namespace DpSpark.Arrow;

/// <summary>Columns of one length. Disposing it gives its buffers back; arrays and spans taken from it must not be used afterwards.</summary>
public sealed class RecordBatch : IDisposable
{
    private Action? _release;

    /// <summary>Makes a batch of columns.</summary>
    /// <param name="schema">Describes the columns.</param>
    /// <param name="columns">One array per field, each of length <paramref name="length"/>.</param>
    /// <param name="length">Number of rows.</param>
    /// <param name="release">Called once when the batch is disposed, to return rented buffers; may be null.</param>
    public RecordBatch(Schema schema, IReadOnlyList<ArrowArray> columns, int length, Action? release = null)
    {
        Schema = schema;
        Columns = columns;
        Length = length;
        _release = release;
    }

    /// <summary>Names and types.</summary>
    public Schema Schema { get; }

    /// <summary>One array per field.</summary>
    public IReadOnlyList<ArrowArray> Columns { get; }

    /// <summary>Number of rows.</summary>
    public int Length { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        var release = _release;
        _release = null;
        release?.Invoke();
    }
}
