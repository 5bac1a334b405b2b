using DpSpark.Arrow;

namespace DpSpark.Engine.Flow;

/// <summary>Rows to be released, in independent pieces that may be read in parallel. The engine knows batches, never paths.</summary>
public interface IRowSource
{
    /// <summary>Columns of the batches, by the names of the source. Text sources give every column as Utf8; the column contract parses it.</summary>
    Schema Schema { get; }

    /// <summary>Rows in all where known cheaply, else a rough guess from sizes, else null; only used to choose buffer sizes.</summary>
    long? EstimatedRows { get; }

    /// <summary>The pieces.</summary>
    IReadOnlyList<IRowSplit> Splits { get; }
}

/// <summary>One piece of a source; read by one thread, possibly while other pieces are read by others.</summary>
public interface IRowSplit
{
    /// <summary>Reads the piece, batch after batch; again in a second pass, once the first has read all pieces. The consumer disposes each batch before it asks for the next.</summary>
    /// <param name="cancellationToken">Checked between batches.</param>
    IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken);
}
