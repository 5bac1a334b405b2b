using System.Globalization;
using DpSpark.Connect;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Spark;

/// <summary>A Spark behind a Connect server as the engine of a run: one session, which ends with the run.</summary>
internal sealed class SparkEngine : IRunEngine, IDisposable
{
    private const string Slices = "spark.sql.shuffle.partitions";
    private readonly SparkSettings _settings;
    private readonly IRunObserver _observer;
    private readonly SparkConnection _connection;
    private int _cores = 1;

    public SparkEngine(SparkSettings settings, IRunObserver observer)
    {
        _settings = settings;
        _observer = observer;
        _connection = new SparkConnection(settings);
    }

    /// <summary>The session of the run, once <see cref="Prepare"/> was called.</summary>
    internal ConnectSession Session => _connection.Session;

    public EngineInfo Info => new("spark-connect", _connection.Version);

    public IRunSource Open(RunRequest request, CancellationToken cancellationToken)
    {
        if (request.Source.Format == FileKind.Arrow)
        {
            throw new DpSparkException("DPS6012", ExitCodes.Usage, "an arrow source cannot be read by Spark.", "Spark has no reader of Arrow files.", ["write the rows as parquet", "run with --engine local"]);
        }

        if (!SparkRemoteSource.Sees(request.Source))
        {
            return SparkFiles.Open(request);
        }

        Connect(cancellationToken);
        return SparkRemoteSource.Open(Session, request, cancellationToken);
    }

    public IClusterOutput Output(RunRequest request, CancellationToken cancellationToken)
    {
        Connect(cancellationToken);
        return new SparkOutput(Session, request.Output.Cluster!, ReleasedTable.FieldsOf(request.Plan.Spec), cancellationToken);
    }

    /// <summary>Connects, settles the session and sends the worker, and lets it answer once: what cannot work is known before anything is reserved.</summary>
    public void Prepare(CancellationToken cancellationToken)
    {
        Connect(cancellationToken);
        Blocking.Run(async () =>
        {
            await _connection.ChooseWorkerAsync(cancellationToken).ConfigureAwait(false);
            await _connection.SettleAsync(cancellationToken).ConfigureAwait(false);
            _cores = await _connection.ProbeAsync(cancellationToken).ConfigureAwait(false);
            _observer.Step("spark", string.Create(CultureInfo.InvariantCulture, $"{_connection.Endpoint}, Spark {_connection.Version}, {_cores} {(_cores == 1 ? "task" : "tasks")} at once, worker {(_connection.Worker!.Shipping == WorkerShipping.Artifact ? "sent with the session" : "installed")}"));
        });
    }

    /// <summary>Makes sure that a server answers, and that it is one that DpSpark knows.</summary>
    public static void Hello(SparkSettings settings, CancellationToken cancellationToken)
    {
        using var connection = new SparkConnection(settings);
        Blocking.Run(() => connection.HelloAsync(cancellationToken));
    }

    /// <summary>Connects and settles the session, once. Sources and outputs that only Spark sees need it before the worker is there.</summary>
    private void Connect(CancellationToken cancellationToken)
    {
        if (_connection.Version is null)
        {
            Blocking.Run(async () =>
            {
                await _connection.HelloAsync(cancellationToken).ConfigureAwait(false);
                await _connection.ConfigureAsync(cancellationToken).ConfigureAwait(false);
            });
        }
    }

    public IBackend Backend(LocalOptions options)
    {
        int? asked = _settings.Settings.TryGetValue(Slices, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        var addsUp = _settings.Settings.TryGetValue(SparkSums.Setting, out var word) && string.Equals(word, "true", StringComparison.OrdinalIgnoreCase);
        return new SparkBackend(Session, _cores, asked, addsUp);
    }

    public void Dispose() => _connection.Dispose();
}
