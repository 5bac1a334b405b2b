using System.Diagnostics;
using System.Globalization;
using DpSpark.Connect.Plans;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Spark;

namespace DpSpark.Benchmarks;

/// <summary>
/// Workload W1 on a Spark Connect server: the release, the plain query and the query that bounds in SQL, alternating in one session; medians and ratios. The queries use Spark's own functions
/// for what <c>duckdb/compare.sh</c> asks DuckDB.
/// </summary>
internal sealed class Spark : IRunObserver
{
    private const string Plain = "SELECT partition_key, count(*), sum(value), avg(value), count(DISTINCT user_id) FROM parquet.`{0}` GROUP BY partition_key";

    private const string Bounded = """
        WITH pairs AS (
          SELECT user_id, partition_key, count(*) AS n, sum(least(greatest(value, 0.0D), 10.0D)) AS s
          FROM (SELECT *, row_number() OVER (PARTITION BY user_id, partition_key ORDER BY xxhash64(value)) AS r FROM parquet.`{0}`)
          WHERE r <= 4
          GROUP BY user_id, partition_key),
        kept AS (
          SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY xxhash64(user_id, partition_key)) AS p FROM pairs)
        SELECT partition_key, sum(n), sum(s), sum(s) / sum(n), count(*)
        FROM kept
        WHERE p <= 8
        GROUP BY partition_key
        HAVING count(*) > 20
        """;

    // What the release needs of Spark, up to the worker: reading and decoding; then the shuffle by unit as well.
    private const string Read = "SELECT sum(user_id), sum(partition_key), sum(value) FROM parquet.`{0}`";
    private const string Shuffle = "SELECT sum(user_id), sum(partition_key), sum(value) FROM (SELECT /*+ REPARTITION(4, user_id) */ * FROM parquet.`{0}`)";

    /// <summary>Measures and prints.</summary>
    /// <param name="file">The Parquet file of the workload.</param>
    /// <param name="remote">Connection string of the server.</param>
    /// <param name="runs">Measured runs of each; one more of each warms up.</param>
    /// <param name="peers">What runs beside the release.</param>
    /// <param name="server">Process id of a server on this machine, whose processor time is told as well; null for none.</param>
    public static void Compare(string file, string remote, int runs, Peers peers, int? server)
    {
        var path = Path.GetFullPath(file);
        var observer = new Spark();
        var job = ManifestReader.Read(Path.Combine(AppContext.BaseDirectory, "w1.yml"), new ManifestOptions { Vars = new Dictionary<string, string> { ["file"] = path } }).EnsureJob();
        var plan = Planner.Plan(job.Request);
        var request = new RunRequest
        {
            Plan = plan,
            CanonicalJob = job.ToCanonicalText(),
            Source = new SourceLocation(job.Source.Kind, job.Source.Paths, job.Folder),
            Output = new OutputTarget(Path.GetTempPath(), "out", job.Output.Format, Replace: false),
            Principal = "benchmark",
            ToolVersion = "0",
            Mode = RunMode.Seeded,
            MemoryBytes = 1 << 30,
            Threads = 2,
        };
        var settings = Environment.GetEnvironmentVariable("DPSPARK_WORKER") is { Length: > 0 } worker
            ? new SparkSettings { Remote = remote, Worker = WorkerPlacement.Parse(worker, Environment.CurrentDirectory) }
            : new SparkSettings { Remote = remote };
        using var spill = TempSpillStore.Open(null);
        using var engine = new SparkEngine(settings, observer);
        var source = engine.Open(request, CancellationToken.None);
        engine.Prepare(CancellationToken.None);
        var backend = engine.Backend(new LocalOptions { MemoryBytes = request.MemoryBytes, Threads = request.Threads, SpillStore = spill });
        var key = new RunKey(new byte[32], new byte[32]);

        var contestants = new List<(string Name, Func<int> Run)> { ("release", () => backend.Run(plan, source, key, RunMode.Seeded, null, CancellationToken.None).Table.Length) };
        foreach (var (name, query) in QueriesOf(peers))
        {
            contestants.Add((name, () => Query(engine, query, path)));
        }

        var seconds = contestants.Select(_ => new List<double>()).ToArray();
        var processor = contestants.Select(_ => new List<double>()).ToArray();
        using var memory = server is { } watched ? new PeakMemory(watched) : null;
        for (var run = 0; run <= runs; run++)
        {
            for (var i = 0; i < contestants.Count; i++)
            {
                var before = server is { } id ? ProcessorTime.OfTree(id) : default;
                var watch = Stopwatch.StartNew();
                var rows = contestants[i].Run();
                var taken = watch.Elapsed.TotalSeconds;
                var used = server is { } tree ? ProcessorTime.OfTree(tree) - before : default;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{(run == 0 ? "warm-up" : $"run {run}"),-8} {contestants[i].Name,-8} {taken,7:F2} s, processor {used.Itself,6:F2} s and {used.Children,5:F2} s in workers, {rows} rows"));
                if (run > 0)
                {
                    seconds[i].Add(taken);
                    processor[i].Add(used.Itself + used.Children);
                }
            }
        }

        for (var i = 0; i < contestants.Count; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median   {contestants[i].Name,-8} {Median(seconds[i]),7:F2} s, processor {Median(processor[i]),6:F2} s; release / {contestants[i].Name} = {Median(seconds[0]) / Median(seconds[i]):F2}, processor {Median(processor[0]) / Median(processor[i]):F2}"));
        }

        if (memory?.Now() is { } peak)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak     {string.Join(" and ", contestants.Select(c => c.Name))}: server {peak.Server} MiB, largest worker {peak.Child} MiB"));
        }
    }

    /// <inheritdoc/>
    public void Step(string step, string text) => Console.WriteLine($"{step}: {text}");

    /// <inheritdoc/>
    public void Progress(StageProgress progress)
    {
    }

    private static IReadOnlyList<(string Name, string Query)> QueriesOf(Peers peers) => peers switch
    {
        Peers.None => [],
        Peers.Plain => [("plain", Plain)],
        Peers.Parts => [("read", Read), ("shuffle", Shuffle)],
        _ => [("plain", Plain), ("bounded", Bounded)],
    };

    private static int Query(SparkEngine engine, string query, string path)
    {
        var text = query.Replace("{0}", path, StringComparison.Ordinal);
        return Blocking.Run(async () =>
        {
            var rows = 0;
            await foreach (var batch in engine.Session.CollectAsync(SparkRelation.Sql(text)).ConfigureAwait(false))
            {
                using (batch)
                {
                    rows += batch.Length;
                }
            }

            return rows;
        });
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>What a release is compared with.</summary>
internal enum Peers
{
    /// <summary>The plain query and the one that bounds.</summary>
    Both,

    /// <summary>Nothing: for the memory of the release alone.</summary>
    None,

    /// <summary>The plain query alone.</summary>
    Plain,

    /// <summary>The parts of the release that are Spark's own.</summary>
    Parts,
}
