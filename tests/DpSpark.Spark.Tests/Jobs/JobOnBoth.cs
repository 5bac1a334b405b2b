using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Spark;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>A job in a folder of its own that goes away, to be run in this process and on Spark.</summary>
internal sealed class JobOnBoth : IDisposable
{
    private static readonly byte[] s_key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly string _folder = Directory.CreateTempSubdirectory("dpspark-both-").FullName;

    public JobOnBoth(string? manifest = null)
    {
        if (manifest is not null)
        {
            Write("job.yml", manifest);
        }
    }

    public string this[string name] => Path.Combine(_folder, name);

    public void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
    }

    /// <summary>Takes the files of another folder.</summary>
    public void Copy(string from)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var to = this[Path.GetRelativePath(from, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }

    /// <summary>A seeded test in this process.</summary>
    public RunResult Here(string output, RunMode mode = RunMode.Seeded) => Run(output, mode, null);

    /// <summary>The same test on Spark.</summary>
    public RunResult OnSpark(SparkServer server, string output, RunMode mode = RunMode.Seeded) => Run(output, mode, SettingsOf(server));

    /// <summary>The same test on Spark, as the settings say.</summary>
    public RunResult OnSpark(SparkSettings spark, string output, RunMode mode = RunMode.Seeded) => Run(output, mode, spark);

    /// <summary>How Spark would compute the release.</summary>
    public string Explain(SparkSettings spark, RunMode mode)
    {
        var (job, plan) = Load();
        var request = new RunRequest
        {
            Plan = plan,
            CanonicalJob = job.ToCanonicalText(),
            Source = new SourceLocation(job.Source.Kind, job.Source.Paths, job.Folder, job.Source.Csv),
            Output = new OutputTarget(_folder, "out", job.Output.Format, Replace: false),
            Principal = "test",
            ToolVersion = "0",
            Mode = mode,
            MemoryBytes = 1 << 28,
            Threads = 1,
        };
        using var spill = TempSpillStore.Open(null);
        using var engine = new SparkEngine(spark, new Silent());
        var source = (SparkSource)engine.Open(request, CancellationToken.None);
        engine.Prepare(CancellationToken.None);
        var backend = (SparkBackend)engine.Backend(new LocalOptions { MemoryBytes = request.MemoryBytes, Threads = request.Threads, SpillStore = spill });
        var relation = backend.Relation(plan, source, new RunKey(s_key, s_key), mode, out _);
        return Blocking.Run(() => engine.Session.ExplainAsync(relation));
    }

    /// <summary>A release.</summary>
    public RunResult Release(SparkSettings? spark, CancellationToken cancellation = default)
    {
        var (job, plan) = Load();
        return JobRunner.Run(job, plan, new RunSettings { Spark = spark }, new Silent(), cancellation);
    }

    public static SparkSettings SettingsOf(SparkServer server) => new() { Remote = server.ConnectionString };

    /// <summary>Releases that the job's ledger knows, however they stand.</summary>
    public IReadOnlyList<HistoryEntry> History(string dataset)
    {
        if (!File.Exists(this["ledger.db"]))
        {
            return [];
        }

        using var ledger = BudgetLedger.Open(this["ledger.db"], LedgerOpenMode.Existing);
        return ledger.History(dataset);
    }

    /// <summary>The data files of an output folder: name and content.</summary>
    public IEnumerable<(string Name, byte[] Content)> Parts(string output) =>
        Directory.EnumerateFiles(this[output]).Where(f => Path.GetFileName(f).Contains("part-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllBytes(f)));

    /// <summary>Both outputs are the same, byte for byte, and not empty.</summary>
    public void AssertSame(string left, string right)
    {
        var expected = Parts(left).ToArray();
        var found = Parts(right).ToArray();
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(p => p.Name), found.Select(p => p.Name));
        foreach (var ((name, content), (_, other)) in expected.Zip(found))
        {
            Assert.True(content.AsSpan().SequenceEqual(other), $"{name} differs between the engines.");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private RunResult Run(string output, RunMode mode, SparkSettings? spark)
    {
        var (job, plan) = Load();
        return JobRunner.Run(job, plan, new RunSettings { Mode = mode, TestKey = mode == RunMode.Seeded ? s_key : null, OutputPath = this[output], Spark = spark }, new Silent(), CancellationToken.None);
    }

    private (JobManifest Job, ReleasePlan Plan) Load()
    {
        var job = ManifestReader.Read(this["job.yml"], new ManifestOptions { KeysetFiles = new KeysetFileReader() }).EnsureJob();
        return (job, Planner.Plan(job.Request));
    }

    private sealed class Silent : IRunObserver
    {
        public void Step(string step, string text)
        {
        }

        public void Progress(StageProgress progress)
        {
        }
    }
}
