using DpSpark.Arrow;
using DpSpark.Worker.Protocol;

namespace DpSpark.Worker.Udfs;

/// <summary>Makes functions of the bytes that a client gave. The seam between how Spark talks to a worker and what the worker does: another protocol calls the same host.</summary>
internal interface IUdfHost
{
    /// <summary>Opens a function for one task.</summary>
    /// <param name="header">The task.</param>
    /// <param name="input">Its columns.</param>
    IUdf Open(TaskHeader header, Schema input);
}

/// <summary>A function over the batches of one task. Used once.</summary>
internal interface IUdf : IDisposable
{
    /// <summary>Columns of the answer.</summary>
    Schema Output { get; }

    /// <summary>Bytes written to temporary files.</summary>
    long BytesSpilled { get; }

    /// <summary>Runs the function.</summary>
    /// <param name="input">The batches; the function disposes them.</param>
    /// <param name="cancellationToken">Cancelled when the peer is gone.</param>
    /// <returns>Batches; each is valid until the next is asked for.</returns>
    IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken);
}
