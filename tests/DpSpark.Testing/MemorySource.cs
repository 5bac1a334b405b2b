using DpSpark.Arrow;
using DpSpark.Engine.Flow;

namespace DpSpark.Testing;

/// <summary>Rows held in memory, cut into splits.</summary>
public sealed class MemorySource : IRowSource
{
    /// <summary>Makes a source.</summary>
    /// <param name="schema">Columns of the batches.</param>
    /// <param name="splits">Batches of each split.</param>
    public MemorySource(Schema schema, IReadOnlyList<IReadOnlyList<RecordBatch>> splits)
    {
        Schema = schema;
        Splits = [.. splits.Select(s => new Split(s))];
    }

    /// <inheritdoc/>
    public Schema Schema { get; }

    /// <inheritdoc/>
    public long? EstimatedRows => null;

    /// <inheritdoc/>
    public IReadOnlyList<IRowSplit> Splits { get; }

    private sealed class Split(IReadOnlyList<RecordBatch> batches) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken) => batches;
    }
}

/// <summary>A spill store of unlinked files in the system's temp folder, which counts what it gave out.</summary>
public sealed class CountingSpillStore : DpSpark.Core.Stages.Spilling.ISpillStore
{
    private int _created;

    /// <summary>Files created.</summary>
    public int Created => _created;

    /// <inheritdoc/>
    public FileStream Create()
    {
        Interlocked.Increment(ref _created);
        return new FileStream(Path.Combine(Path.GetTempPath(), "dpspark-test-" + Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
    }
}
