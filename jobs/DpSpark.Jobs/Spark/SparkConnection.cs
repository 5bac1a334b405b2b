using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Core.Stages.Hosting;

namespace DpSpark.Jobs.Spark;

/// <summary>A session with a Connect server, made ready in steps: who is there, which worker, settings and shipping, a probe. A run takes them all at once, the doctor one by one.</summary>
internal sealed class SparkConnection : IDisposable
{
    private static readonly Version s_oldest = new(4, 0);
    private static readonly Version s_newest = new(4, 3);

    /// <summary>Where <c>--archives</c> ends up, by resource manager.</summary>
    private static readonly string[] s_archives = ["spark.archives", "spark.yarn.dist.archives"];

    private const string Master = "spark.master";

    private readonly SparkSettings _settings;
    private ConnectSession? _session;

    /// <exception cref="DpSparkException">The connection string cannot be read (DPS2096).</exception>
    public SparkConnection(SparkSettings settings)
    {
        _settings = settings;
        try
        {
            Endpoint = ConnectEndpoint.Parse(settings.Remote, settings.Token);
        }
        catch (FormatException e)
        {
            // The text names the fault, never a value: the string may hold a token.
            throw new DpSparkException("DPS2096", ExitCodes.Usage, "the connection string of the Spark server cannot be read: " + e.Message, null, ["write it as sc://host:15002/;token=…;use_ssl=true"], e);
        }
    }

    public ConnectEndpoint Endpoint { get; }

    /// <summary>The server's version, after <see cref="HelloAsync"/>.</summary>
    public string? Version { get; private set; }

    /// <summary>The worker, after <see cref="ChooseWorkerAsync"/>.</summary>
    public WorkerPlacement? Worker { get; private set; }

    /// <summary>The session, after <see cref="HelloAsync"/>.</summary>
    public ConnectSession Session => _session ?? throw new InvalidOperationException("The server was not asked for its version.");

    /// <summary>Finds the server and its version, or within seconds the fault that there is none: a run should not wait minutes for a name that was mistyped.</summary>
    /// <exception cref="DpSparkException">The version is not supported (DPS6007).</exception>
    public async Task HelloAsync(CancellationToken cancellationToken)
    {
        var impatient = new ConnectOptions { Retry = new RetryPolicy { MaxRetries = 3 }, LongCallDeadline = TimeSpan.FromMinutes(1) };
        var first = new ConnectSession(Endpoint, impatient);
        if (Endpoint.SessionId is not null)
        {
            // The session is somebody's own: ending it here would end it for the run.
            Version = await first.VersionAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await using (first.ConfigureAwait(false))
            {
                Version = await first.VersionAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        if (!IsSupported(Version))
        {
            throw new DpSparkException("DPS6007", ExitCodes.Environment, $"Spark {Shown(Version)} is not supported.", "Releases run on Spark 4.0 to 4.3.", ["use a server of one of these versions"]);
        }

        _session = new ConnectSession(Endpoint, new ConnectOptions { Retry = _settings.Retry ?? new RetryPolicy() });
    }

    /// <summary>Takes the worker that was named, else the one that Spark was given with <c>--archives</c>, else the one beside the program.</summary>
    /// <exception cref="DpSparkException">There is none (DPS6004).</exception>
    public async Task ChooseWorkerAsync(CancellationToken cancellationToken)
    {
        if (_settings.Worker is { } named)
        {
            Worker = named;
            return;
        }

        var settings = await Session.GetConfigAsync([.. s_archives, Master], cancellationToken).ConfigureAwait(false);

        // A server on this machine may be the driver of a cluster: its address alone does not say where tasks run.
        var isLocal = Endpoint.IsLoopback && settings.GetValueOrDefault(Master) is { } master && master.StartsWith("local", StringComparison.Ordinal);
        Worker = s_archives.Select(name => WorkerPlacement.InArchives(name, settings.GetValueOrDefault(name))).FirstOrDefault(p => p is not null)
            ?? WorkerPlacement.Find(AppContext.BaseDirectory, isLocal);
    }

    /// <summary>Makes those settings of the session that do not depend on the worker.</summary>
    public async Task ConfigureAsync(CancellationToken cancellationToken)
    {
        var config = new Dictionary<string, string>(_settings.Settings, StringComparer.Ordinal)
        {
            ["spark.sql.session.timeZone"] = "UTC",
            ["spark.sql.caseSensitive"] = "true",
            ["spark.sql.legacy.parquet.nanosAsLong"] = "true",
            ["spark.sql.json.enableExactStringParsing"] = "true",
            ["spark.sql.sources.partitionOverwriteMode"] = "static",
            ["spark.sql.execution.arrow.compression.codec"] = "none",
            ["spark.sql.execution.arrow.useLargeVarTypes"] = "false",
            ["spark.sql.execution.arrow.pyspark.validateSchema.enabled"] = "true",
        };
        config.TryAdd("spark.sql.execution.arrow.maxRecordsPerBatch", "32768");
        await Session.SetConfigAsync(config, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes the session's settings and sends the worker where it is to be sent.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        var worker = Worker ?? throw new InvalidOperationException("No worker was chosen.");
        await ConfigureAsync(cancellationToken).ConfigureAwait(false);
        await Session.SetConfigAsync(new Dictionary<string, string> { ["spark.sql.execution.pyspark.python"] = worker.Command }, cancellationToken).ConfigureAwait(false);
        if (worker.Shipping == WorkerShipping.Artifact)
        {
            await Session.AddArtifactsAsync([SparkArtifact.FromFile($"archives/{Path.GetFileName(worker.Path)}#{WorkerPlacement.Folder}", worker.Path)], cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How many tasks the cluster runs at once, as a row that has been through the worker.</summary>
    public async Task<int> ProbeAsync(CancellationToken cancellationToken)
    {
        var counted = SparkRelation.Sql("SELECT count(DISTINCT slice) AS tasks FROM (SELECT spark_partition_id() AS slice FROM range(65536))");
        var cores = 0L;
        await foreach (var batch in Session.CollectAsync(counted.MapPartitions(Echo([new SparkField("tasks", new SparkType(SparkTypeKind.Long))]), ["tasks"]), cancellation: cancellationToken).ConfigureAwait(false))
        {
            using (batch)
            {
                cores = batch.Length > 0 ? batch.Columns[0].ValuesAs<long>()[0] : cores;
            }
        }

        return (int)Math.Clamp(cores, 1, 100_000);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_session is { } session)
        {
            Blocking.Run(() => session.DisposeAsync().AsTask());
        }
    }

    /// <summary>The worker's step that gives back what it gets.</summary>
    internal static WorkerFunction Echo(IReadOnlyList<SparkField> columns) => new("dpspark_echo", new StageRequest { Step = StageStep.Echo }.ToBytes(), columns);

    /// <summary>Whether releases run on this version of Spark; builds may add words after a hyphen.</summary>
    internal static bool IsSupported(string version) => System.Version.TryParse(version.Split('-')[0], out var parsed) && new Version(parsed.Major, parsed.Minor) is var line && line >= s_oldest && line <= s_newest;

    /// <summary>A server may answer anything; what is printed is short and harmless.</summary>
    private static string Shown(string version) => new([.. version.Take(40).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '?')]);
}
