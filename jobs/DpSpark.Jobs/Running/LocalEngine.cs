using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Jobs.Sources;

namespace DpSpark.Jobs.Running;

/// <summary>This process as the engine, files of this machine as the source.</summary>
internal sealed class LocalEngine : IRunEngine
{
    public EngineInfo Info { get; } = new("local");

    public IRunSource Open(RunRequest request, CancellationToken cancellationToken) => LocalSource.Open(request.Source, request.Plan.Spec.Columns, request.Threads);

    public void Prepare(CancellationToken cancellationToken)
    {
    }

    public IBackend Backend(LocalOptions options) => new LocalBackend(options);
}
