using DpSpark.Engine.Flow;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Spark;

namespace DpSpark;

/// <summary>Where jobs run, with the limits of the place.</summary>
public sealed class DpSparkContext : IAsyncDisposable
{
    private DpSparkContext(RunSettings settings) => Settings = settings;

    internal RunSettings Settings { get; }

    /// <summary>Runs jobs in this process.</summary>
    /// <param name="settings">Memory, threads, temporary folder, waiting time; null for half of the machine's memory and all cores.</param>
    public static DpSparkContext Local(RunSettings? settings = null) => new(settings ?? new RunSettings());

    /// <summary>Runs jobs on Spark, and makes sure that its server answers. Each run has a session of its own there, which ends with it.</summary>
    /// <param name="remote">Connection string of a Spark Connect server: <c>sc://host:port/;key=value</c>.</param>
    /// <param name="settings">Settings of the runs; null for the usual ones. What they say about Spark beside the server, such as its settings or the worker, is kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Core.DpSparkException">The connection string cannot be read, or no server answers that DpSpark knows.</exception>
    public static async Task<DpSparkContext> ConnectAsync(string remote, RunSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        var given = settings ?? new RunSettings();
        var spark = given.Spark is { } known ? known with { Remote = remote } : new SparkSettings { Remote = remote, Token = Environment.GetEnvironmentVariable("SPARK_CONNECT_AUTHENTICATE_TOKEN") is { Length: > 0 } token ? token : null };
        await Task.Run(() => SparkEngine.Hello(spark, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new(given with { Spark = spark });
    }

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
