using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace DpSpark.Testing.Spark;

/// <summary>
/// A real Spark Connect server on loopback, on a port of its own, with a fresh bearer token. Disposing it stops it; so does the end of this process,
/// however it ends.
/// </summary>
public sealed partial class SparkServer : IAsyncDisposable
{
    // The JVM ends with this script, and the script with its standard input: a test host that is killed leaves nothing behind.
    internal const string Supervisor =
        """
        "$@" < /dev/null &
        jvm=$!
        (while kill -0 $jvm 2> /dev/null; do sleep 0.2; done; kill -USR1 $$ 2> /dev/null) &
        trap 'exit 1' USR1
        read -r _
        kill $jvm 2> /dev/null
        for _ in $(seq 50); do kill -0 $jvm 2> /dev/null || exit 0; sleep 0.2; done
        kill -9 $jvm
        """;

    private readonly Process _process;
    private readonly TaskCompletionSource<int> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _tail = new();
    private readonly int _logLines;
    private int _port;

    private SparkServer(Process process, string folder, string token, int logLines)
    {
        _logLines = logLines;
        _process = process;
        Folder = folder;
        Token = token;
    }

    /// <summary>Host and port that it listens on.</summary>
    public string Address => "127.0.0.1:" + _port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The bearer token that every call must carry.</summary>
    public string Token { get; }

    /// <summary>Where its pages are, when <c>spark.ui.enabled</c> was set.</summary>
    public Uri? Pages
    {
        get
        {
            lock (_tail)
            {
                return _tail.Select(l => PagesLine().Match(l)).FirstOrDefault(m => m.Success) is { } match ? new Uri("http://127.0.0.1:" + match.Groups[1].Value) : null;
            }
        }
    }

    /// <summary>The connection string.</summary>
    public string ConnectionString => $"sc://{Address}/;token={Token}";

    /// <summary>A folder that goes away with the server; also the server's working folder. Tests may write here.</summary>
    public string Folder { get; }

    /// <summary>The last lines of the server's log.</summary>
    public string LogTail
    {
        get
        {
            lock (_tail)
            {
                return string.Join('\n', _tail);
            }
        }
    }

    /// <summary>Starts a server and waits until it is ready. Skip the test first where <see cref="SparkInstallation.Home"/> is null.</summary>
    /// <param name="options">Null for <c>local[2]</c> and nothing else.</param>
    /// <exception cref="InvalidOperationException">It did not come up; the message holds the end of its log.</exception>
    public static async Task<SparkServer> StartAsync(SparkServerOptions? options = null)
    {
        options ??= new();
        var home = SparkInstallation.Home ?? throw new InvalidOperationException(SparkInstallation.SkipReason);
        var folder = Directory.CreateTempSubdirectory("dpspark-server-").FullName;
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var start = new ProcessStartInfo("bash", ["-c", Supervisor, "supervisor", .. Command(home, folder, options)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["SPARK_HOME"] = home;
        start.Environment["SPARK_LOCAL_IP"] = "127.0.0.1";
        start.Environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token;
        start.Environment.Remove("SPARK_REMOTE");
        foreach (var (name, value) in options.Environment)
        {
            start.Environment[name] = value;
        }

        var server = new SparkServer(Process.Start(start)!, folder, token, options.LogLines);
        try
        {
            await server.WaitUntilReadyAsync(options.StartTimeout).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Kills the server at once, as a crash would.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ChildProcess.StopAsync(_process).ConfigureAwait(false);
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // Something of the server still writes there; the system's own cleaning of temporary files takes it.
        }
    }

    private static IEnumerable<string> Command(string home, string folder, SparkServerOptions options)
    {
        Dictionary<string, string> settings = new()
        {
            ["spark.connect.grpc.binding.address"] = "127.0.0.1",
            ["spark.connect.grpc.binding.port"] = "0",
            ["spark.driver.host"] = "127.0.0.1",
            ["spark.driver.bindAddress"] = "127.0.0.1",
            ["spark.ui.enabled"] = "false",
            ["spark.local.dir"] = folder,
            ["spark.sql.catalogImplementation"] = "in-memory",
            ["spark.sql.warehouse.dir"] = Path.Combine(folder, "warehouse"),
            ["spark.sql.shuffle.partitions"] = "4",
            ["spark.driver.extraJavaOptions"] = "-Djava.io.tmpdir=" + folder,
        };
        foreach (var (name, value) in options.Settings)
        {
            settings[name] = value;
        }

        yield return Path.Combine(home, "bin", "spark-submit");
        yield return "--class";
        yield return "org.apache.spark.sql.connect.service.SparkConnectServer";
        yield return "--master";
        yield return options.Master;
        yield return "--driver-memory";
        yield return options.DriverMemory;
        foreach (var (name, value) in settings)
        {
            yield return "--conf";
            yield return name + "=" + value;
        }

        yield return "spark-internal";
    }

    private async Task WaitUntilReadyAsync(TimeSpan timeout)
    {
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException("The Connect server ended before it was ready:\n" + LogTail));
        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            _port = await _ready.Task.WaitAsync(timeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException("The Connect server was not ready in time:\n" + LogTail);
        }
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > _logLines)
            {
                _tail.Dequeue();
            }
        }

        if (Ready().Match(line) is { Success: true } match)
        {
            _ready.TrySetResult(int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex("Spark Connect server started at: .*:([0-9]+)$")]
    private static partial Regex Ready();

    [GeneratedRegex("service 'SparkUI' on port ([0-9]+)")]
    private static partial Regex PagesLine();
}
