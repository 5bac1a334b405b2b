using System.Diagnostics;
using System.Text.RegularExpressions;

namespace DpSpark.Testing.Spark;

/// <summary>
/// A standalone Spark cluster on loopback: a master and workers of their own addresses, which Spark takes for different machines. Disposing it stops it; so does the end of this process.
/// </summary>
public sealed partial class SparkCluster : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly List<Daemon> _daemons = [];

    private SparkCluster(string folder) => Folder = folder;

    /// <summary>A folder that goes away with the cluster; the output of every executor is in <c>work-N</c> below it.</summary>
    public string Folder { get; }

    /// <summary>The master's address, <c>spark://…</c>.</summary>
    public string Master { get; private set; } = "";

    /// <summary>Starts a cluster and waits until its workers have registered. Skip the test first where <see cref="SparkInstallation.Home"/> is null.</summary>
    /// <param name="workers">How many workers.</param>
    /// <param name="environment">Changes to the environment of the daemons, and so of every executor; null removes a variable.</param>
    /// <exception cref="InvalidOperationException">It did not come up; the message holds the end of a log.</exception>
    public static async Task<SparkCluster> StartAsync(int workers, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var cluster = new SparkCluster(Directory.CreateTempSubdirectory("dpspark-cluster-").FullName);
        try
        {
            cluster.Master = (await cluster.StartAsync("127.0.0.1", MasterReady(), environment, "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0").ConfigureAwait(false)).Groups[1].Value;
            await Task.WhenAll(Enumerable.Range(1, workers).Select(i => cluster.StartAsync($"127.0.0.{i}", WorkerReady(), environment, "worker.Worker", "--host", $"127.0.0.{i}",
                "--webui-port", "0", "--cores", "8", "--memory", "4g", "--work-dir", Path.Combine(cluster.Folder, $"work-{i}"), cluster.Master))).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in Enumerable.Reverse(_daemons))
        {
            await daemon.StopAsync().ConfigureAwait(false);
        }

        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // An executor that ends now still writes there; the system's own cleaning of temporary files takes it.
        }
    }

    private Task<Match> StartAsync(string host, Regex ready, IReadOnlyDictionary<string, string?>? environment, string name, params string[] args)
    {
        var home = SparkInstallation.Home ?? throw new InvalidOperationException(SparkInstallation.SkipReason);
        var start = new ProcessStartInfo("bash", ["-c", SparkServer.Supervisor, "supervisor", Path.Combine(home, "bin", "spark-class"), "org.apache.spark.deploy." + name, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        start.Environment["SPARK_HOME"] = home;
        start.Environment["SPARK_LOCAL_IP"] = host;
        start.Environment["SPARK_LOCAL_DIRS"] = Folder;
        start.Environment["SPARK_DAEMON_MEMORY"] = "512m";
        foreach (var (variable, value) in environment ?? new Dictionary<string, string?>())
        {
            if (value is null)
            {
                start.Environment.Remove(variable);
            }
            else
            {
                start.Environment[variable] = value;
            }
        }

        var daemon = new Daemon(Process.Start(start)!, ready);
        lock (_daemons)
        {
            _daemons.Add(daemon);
        }

        return daemon.ReadyAsync(s_patience);
    }

    [GeneratedRegex("Starting Spark master at (spark://[^ ]+)$")]
    private static partial Regex MasterReady();

    [GeneratedRegex("Successfully registered with master")]
    private static partial Regex WorkerReady();

    private sealed class Daemon
    {
        private readonly Process _process;
        private readonly Queue<string> _tail = new();
        private readonly TaskCompletionSource<Match> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Daemon(Process process, Regex ready)
        {
            _process = process;
            process.EnableRaisingEvents = true;
            process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException("A daemon of the cluster ended before it was ready:\n" + Tail()));
            DataReceivedEventHandler take = (_, e) =>
            {
                if (e.Data is not { } line)
                {
                    return;
                }

                lock (_tail)
                {
                    _tail.Enqueue(line);
                    if (_tail.Count > 100)
                    {
                        _tail.Dequeue();
                    }
                }

                if (ready.Match(line) is { Success: true } match)
                {
                    _ready.TrySetResult(match);
                }
            };
            process.OutputDataReceived += take;
            process.ErrorDataReceived += take;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public async Task<Match> ReadyAsync(TimeSpan patience)
        {
            try
            {
                return await _ready.Task.WaitAsync(patience).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw new InvalidOperationException("A daemon of the cluster was not ready in time:\n" + Tail());
            }
        }

        public Task StopAsync() => ChildProcess.StopAsync(_process);

        private string Tail()
        {
            lock (_tail)
            {
                return string.Join('\n', _tail);
            }
        }
    }
}
