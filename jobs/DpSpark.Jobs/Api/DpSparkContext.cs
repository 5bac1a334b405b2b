using DpSpark.Engine.Flow;
using DpSpark.Jobs.Running;

namespace DpSpark;

/// <summary>Where jobs run, with the limits of the place.</summary>
public sealed class DpSparkContext : IAsyncDisposable
{
    private DpSparkContext(RunSettings settings) => Settings = settings;

    internal RunSettings Settings { get; }

    /// <summary>Runs jobs in this process.</summary>
    /// <param name="settings">Memory, threads, temporary folder, waiting time; null for half of the machine's memory and all cores.</param>
    public static DpSparkContext Local(RunSettings? settings = null) => new(settings ?? new RunSettings());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>An observer that keeps what it hears to itself.</summary>
    internal sealed class Silent : IRunObserver
    {
        public void Step(string step, string text)
        {
        }

        public void Progress(StageProgress progress)
        {
        }
    }
}
