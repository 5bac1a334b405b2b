using System.Globalization;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Spark;

/// <summary>A Spark behind a Connect server as the engine of a run: one session, which ends with the run.</summary>
internal sealed class SparkEngine : IRunEngine, IDisposable
{
    private const string Slices = "spark.sql.shuffle.partitions";
    private static readonly Version s_oldest = new(4, 0);
    private readonly SparkSettings _settings;
    private readonly IRunObserver _observer;
    private readonly ConnectEndpoint _endpoint;
    private readonly WorkerPlacement _worker;
    private ConnectSession? _session;
    private string? _version;
    private int _cores = 1;

    public SparkEngine(SparkSettings settings, IRunObserver observer)
    {
        _settings = settings;
        _observer = observer;
        try
        {
            _endpoint = ConnectEndpoint.Parse(settings.Remote, settings.Token);
        }
        catch (FormatException e)
        {
            // The text names the fault, never a value: the string may hold a token.
            throw new DpSparkException("DPS2096", ExitCodes.Usage, "the connection string of the Spark server cannot be read: " + e.Message, null, ["write it as sc://host:15002/;token=…;use_ssl=true"], e);
        }

        _worker = settings.Worker ?? WorkerPlacement.Find(AppContext.BaseDirectory, _endpoint.IsLoopback);
    }

    /// <summary>The session of the run, once <see cref="Prepare"/> was called.</summary>
    internal ConnectSession Session => _session ?? throw new InvalidOperationException("The engine was not prepared.");

    public EngineInfo Info => new("spark-connect", _version);

    public IRunSource Open(RunRequest request, CancellationToken cancellationToken) => request.Source.Format == FileKind.Arrow
        ? throw new DpSparkException("DPS6012", ExitCodes.Usage, "an arrow source cannot be read by Spark.", "Spark has no reader of Arrow files.", ["write the rows as parquet", "run with --engine local"])
        : SparkFiles.Open(request);

    /// <summary>Connects, settles the session and sends the worker, and lets it answer once: what cannot work is known before anything is reserved.</summary>
    public void Prepare(CancellationToken cancellationToken) => Blocking.Run(async () =>
    {
        _version = await HelloAsync(cancellationToken).ConfigureAwait(false);
        if (!Version.TryParse(_version.Split('-')[0], out var version) || version < s_oldest)
        {
            throw new DpSparkException("DPS6007", ExitCodes.Environment, $"Spark {_version} is not supported.", "Releases run on Spark 4.0 to 4.3.", ["use a server of one of these versions"]);
        }

        _session = new ConnectSession(_endpoint, new ConnectOptions { Retry = _settings.Retry ?? new RetryPolicy() });
        await _session.SetConfigAsync(Config(), cancellationToken).ConfigureAwait(false);
        if (_worker.Shipping == WorkerShipping.Artifact)
        {
            await _session.AddArtifactsAsync([SparkArtifact.FromFile($"archives/{Path.GetFileName(_worker.Path)}#{WorkerPlacement.Folder}", _worker.Path)], cancellationToken).ConfigureAwait(false);
        }

        _cores = await ProbeAsync(_session, cancellationToken).ConfigureAwait(false);
        _observer.Step("spark", string.Create(CultureInfo.InvariantCulture, $"{_endpoint}, Spark {_version}, {_cores} {(_cores == 1 ? "task" : "tasks")} at once, worker {(_worker.Shipping == WorkerShipping.Artifact ? "sent with the session" : "installed")}"));
    });

    public IBackend Backend(LocalOptions options)
    {
        int? asked = _settings.Settings.TryGetValue(Slices, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        return new SparkBackend(Session, _cores, asked);
    }

    public void Dispose()
    {
        if (_session is { } session)
        {
            Blocking.Run(() => session.DisposeAsync().AsTask());
        }
    }

    /// <summary>The server's version, or within seconds the fault that there is none: a run should not wait minutes for a name that was mistyped.</summary>
    private async Task<string> HelloAsync(CancellationToken cancellationToken)
    {
        var impatient = new ConnectOptions { Retry = new RetryPolicy { MaxRetries = 3 }, LongCallDeadline = TimeSpan.FromMinutes(1) };
        var first = new ConnectSession(_endpoint, impatient);
        if (_endpoint.SessionId is not null)
        {
            // The session is somebody's own: ending it here would end it for the run.
            return await first.VersionAsync(cancellationToken).ConfigureAwait(false);
        }

        await using (first.ConfigureAwait(false))
        {
            return await first.VersionAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private Dictionary<string, string> Config()
    {
        var config = new Dictionary<string, string>(_settings.Settings, StringComparer.Ordinal)
        {
            ["spark.sql.session.timeZone"] = "UTC",
            ["spark.sql.caseSensitive"] = "true",
            ["spark.sql.legacy.parquet.nanosAsLong"] = "true",
            ["spark.sql.execution.arrow.compression.codec"] = "none",
            ["spark.sql.execution.arrow.useLargeVarTypes"] = "false",
            ["spark.sql.execution.arrow.pyspark.validateSchema.enabled"] = "true",
            ["spark.sql.execution.pyspark.python"] = _worker.Command,
        };
        config.TryAdd("spark.sql.execution.arrow.maxRecordsPerBatch", "32768");
        return config;
    }

    /// <summary>How many tasks the cluster runs at once, as a row that has been through the worker.</summary>
    private static async Task<int> ProbeAsync(ConnectSession session, CancellationToken cancellationToken)
    {
        var counted = SparkRelation.Sql("SELECT count(DISTINCT slice) AS tasks FROM (SELECT spark_partition_id() AS slice FROM range(65536))");
        var echo = new WorkerFunction("dpspark_echo", new StageRequest { Step = StageStep.Echo }.ToBytes(), [new SparkField("tasks", new SparkType(SparkTypeKind.Long))]);
        var cores = 0L;
        await foreach (var batch in session.CollectAsync(counted.MapPartitions(echo, ["tasks"]), cancellation: cancellationToken).ConfigureAwait(false))
        {
            using (batch)
            {
                cores = batch.Length > 0 ? batch.Columns[0].ValuesAs<long>()[0] : cores;
            }
        }

        return (int)Math.Clamp(cores, 1, 100_000);
    }
}
