using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Core.Stages.Spilling;
using DpSpark.Worker.Protocol;

namespace DpSpark.Worker.Udfs;

/// <summary>Hosts the stages of a release: the command of a task is a <see cref="StageRequest"/>.</summary>
internal sealed class StageUdfHost(ISpillStore spillStore, long memoryBytes) : IUdfHost
{
    private readonly KeysetCache _keysets = new();

    /// <inheritdoc/>
    public IUdf Open(TaskHeader header, Schema input)
    {
        var request = StageRequest.FromBytes(header.Command);
        var task = StageTask.Open(request, input, new StageResources
        {
            SpillStore = spillStore,
            MemoryBytes = request.MemoryBytes ?? memoryBytes,
            Keyset = KeysetOf(request, header),
        });
        return new StageUdf(task, request.Step);
    }

    private KeysetIndex? KeysetOf(StageRequest request, TaskHeader header) =>
        request.Keyset is { } keys ? new KeysetIndex(keys)
        : request.KeysetFile is { } file ? _keysets.Open(Path.Combine(header.FilesDirectory, file), request.KeysetSha256!)
        : null;

    private sealed class StageUdf(StageTask task, StageStep step) : IUdf
    {
        public Schema Output => task.Output;

        public long BytesSpilled => task.BytesSpilled;

        public IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken) =>
            task.Run(TaskGate.Through(step, input, cancellationToken), cancellationToken);

        public void Dispose() => task.Dispose();
    }
}
