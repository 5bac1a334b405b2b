using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>
/// A standalone cluster of two workers in whose environment .NET cannot be found, and an application on it whose executors may find it again: the workers of Debug builds, which have
/// gates, need it.
/// </summary>
public sealed class FaultClusterFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpspark-faults-").FullName;
    private SparkCluster? _cluster;
    private SparkServer? _server;
    private SparkServer? _bare;

    internal SparkCluster Cluster
    {
        get
        {
            Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
            return _cluster!;
        }
    }

    internal SparkServer Server
    {
        get
        {
            Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
            return _server!;
        }
    }

    internal TaskGates Gates { get; }

    /// <summary>Folder of the event logs of <see cref="BareServerAsync"/>.</summary>
    internal string Events => Path.Combine(_folder, "events");

    public FaultClusterFixture() => Gates = new TaskGates(Path.Combine(_folder, "gates"));

    /// <summary>Where the .NET that runs this lies.</summary>
    private static string DotNet => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    public async Task InitializeAsync()
    {
        if (SparkInstallation.Home is null)
        {
            return;
        }

        _cluster = await SparkCluster.StartAsync(2, WithoutDotNet());
        _server = await StartServerAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var server in new[] { _server, _bare })
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>An application whose executors have no .NET, and which writes and shows all that Spark can: event log, pages, logs.</summary>
    internal async Task<SparkServer> BareServerAsync()
    {
        Directory.CreateDirectory(Events);
        return _bare ??= await StartServerAsync(new Dictionary<string, string>
        {
            ["spark.eventLog.enabled"] = "true",
            ["spark.eventLog.dir"] = new Uri(Events).AbsoluteUri,
            ["spark.eventLog.compress"] = "false",
            ["spark.ui.enabled"] = "true",
            ["spark.ui.port"] = "0",
        }, withDotNet: false, logLines: int.MaxValue);
    }

    /// <summary>Ends the application of <see cref="BareServerAsync"/>.</summary>
    internal async Task StopBareServerAsync()
    {
        if (_bare is { } server)
        {
            _bare = null;
            await server.DisposeAsync();
        }
    }

    /// <summary>An application on the cluster: one executor of two tasks on each worker.</summary>
    /// <param name="settings">Settings that it has besides.</param>
    /// <param name="withDotNet">Whether its executors find .NET, and have gates.</param>
    /// <param name="logLines">Lines of the server's log that are kept.</param>
    internal Task<SparkServer> StartServerAsync(IReadOnlyDictionary<string, string>? settings = null, bool withDotNet = true, int logLines = 400)
    {
        Dictionary<string, string> all = new()
        {
            ["spark.cores.max"] = "4",
            ["spark.executor.cores"] = "2",
            ["spark.executor.memory"] = "512m",
            ["spark.scheduler.minRegisteredResourcesRatio"] = "1.0",
            ["spark.scheduler.maxRegisteredResourcesWaitingTime"] = "60s",
        };
        if (withDotNet)
        {
            all["spark.executorEnv.DOTNET_ROOT"] = DotNet;
            all["spark.executorEnv.DPSPARK_TASK_GATE"] = Gates.Folder;
        }

        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        return SparkServer.StartAsync(new() { Master = _cluster!.Master, DriverMemory = "768m", Settings = all, LogLines = logLines });
    }

    /// <summary>Every tool of this machine but .NET; and a program that looks for it elsewhere is led to an empty folder.</summary>
    private Dictionary<string, string?> WithoutDotNet()
    {
        var tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists))
        {
            foreach (var tool in Directory.EnumerateFiles(folder))
            {
                var link = Path.Combine(tools, Path.GetFileName(tool));
                if (Path.GetFileName(tool) is not ("dotnet" or "dnx" or "dpspark") && !File.Exists(link))
                {
                    File.CreateSymbolicLink(link, tool);
                }
            }
        }

        var environment = new Dictionary<string, string?> { ["PATH"] = tools, ["DOTNET_ROOT"] = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName };
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>())
        {
            if (name.StartsWith("DOTNET_", StringComparison.Ordinal))
            {
                environment.TryAdd(name, null);
            }
        }

        return environment;
    }
}

/// <summary>Classes of this collection share the cluster and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class FaultCollection : ICollectionFixture<FaultClusterFixture>
{
    public const string Name = "Spark cluster";
}
