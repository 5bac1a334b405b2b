using System.Text.RegularExpressions;
using DpSpark.Arrow;
using DpSpark.Cli;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Parquet;
using DpSpark.Spark.Tests.Jobs;
using DpSpark.Testing;

namespace DpSpark.Spark.Tests.Acceptance;

/// <summary>One of the repository's manifests in a folder of its own, and the seeded test that every engine must answer alike.</summary>
internal sealed partial class ManifestCase : IDisposable
{
    private const string Samples = "samples";
    private const string Real = "real";
    private const string Docs = "docs";
    private const string W1 = "benchmarks/w1";
    private readonly JobOnBoth _job = new();
    private readonly string[] _vars;

    private ManifestCase(string name)
    {
        var (kind, rest) = name.Split('/', 2) is [var k, var r] ? (k, r) : throw new ArgumentException("A manifest is named KIND/NAME.", nameof(name));
        string[] data = SharedFiles.Folder is null ? [] : ["data=" + SharedFiles.PathOf("data")];
        switch (kind)
        {
            case Samples:
                _job.Copy(Path.Combine(SampleFolder, rest));
                _vars = [];
                break;
            case Real:
                File.Copy(Path.Combine(RealFolder, rest + ".yml"), _job["job.yml"]);
                // Three airports and many instants: at the manifest's own numbers no key would be released, and an empty output would show nothing.
                _vars = [.. data, "work=" + _job["work"], .. rest == "weather-instants" ? ["hours=9000", "epsilon=1e9"] : Array.Empty<string>()];
                break;
            case Docs:
                var text = BlocksOf(Path.Combine(SharedFiles.RepositoryRoot, rest)).Single();
                _job.Copy(SampleOf(text));
                _job.Write("job.yml", text);
                _vars = [];
                break;
            default:
                File.Copy(Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Benchmarks", "duckdb", "w1.yml"), _job["job.yml"]);
                WriteW1(_job["w1.parquet"]);
                _vars = [];
                break;
        }
    }

    /// <summary>Every manifest: the samples, the documents' whole manifests, the benchmark's, and the real datasets'.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory.GetDirectories(SampleFolder).Select(f => Samples + "/" + Path.GetFileName(f)).Order(StringComparer.Ordinal),
        .. Documents().Select(f => Docs + "/" + Path.GetRelativePath(SharedFiles.RepositoryRoot, f).Replace('\\', '/')).Order(StringComparer.Ordinal),
        W1,
        .. Directory.GetFiles(RealFolder, "*.yml").Select(f => Real + "/" + Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal),
    ];

    /// <summary>64 hex digits.</summary>
    private static string Key { get; } = string.Concat(Enumerable.Range(1, 32).Select(i => i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));

    private static string SampleFolder => Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples");

    private static string RealFolder => Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Tests", "RealData", "Manifests");

    /// <summary>The job's folder.</summary>
    public JobOnBoth Folder => _job;

    /// <summary>Skips where its rows are not there.</summary>
    public static ManifestCase Of(string name)
    {
        Skip.If(SharedFiles.Folder is null && name.Split('/')[0] is Real, SharedFiles.SkipReason);
        return new ManifestCase(name);
    }

    /// <summary>Arguments of <c>dpspark run</c> behind the manifest: the seeded test, into a folder of the job.</summary>
    public string[] Seeded(string output) => ["--test-mode", "seeded", "--test-key", Key, "--run-date", "2026-11-20", "-o", _job[output], .. _vars.SelectMany(v => new[] { "--var", v })];

    /// <summary>The command line in this process.</summary>
    public void Run(string output, params string[] where)
    {
        using var said = new StringWriter();
        var code = CommandLine.Run(["run", _job["job.yml"], .. Seeded(output), .. where], new CliHost { Out = said, Error = said, Folder = _job[""], Environment = _ => null });
        Assert.True(code == 0, said.ToString());
    }

    /// <summary>Text outputs have the same lines, Parquet outputs the same values, and there is something in them.</summary>
    public void AssertSame(string expected, string found)
    {
        var left = _job.Parts(expected).ToArray();
        var right = _job.Parts(found).ToArray();
        Assert.NotEmpty(left);
        if (left[0].Name.EndsWith(".parquet", StringComparison.Ordinal))
        {
            var values = Values(expected);
            Assert.InRange(values.Count, 2, int.MaxValue);
            Assert.Equal(values, Values(found));
            return;
        }

        var lines = Lines(left);
        Assert.InRange(lines.Length, 2, int.MaxValue);
        Assert.Equal(lines, Lines(right));
    }

    public void Dispose() => _job.Dispose();

    private static string[] Lines(IEnumerable<(string Name, byte[] Content)> parts) =>
        [.. parts.SelectMany(p => System.Text.Encoding.UTF8.GetString(p.Content).Split('\n', StringSplitOptions.RemoveEmptyEntries)).Order(StringComparer.Ordinal)];

    /// <summary>The schema, and every row as text, in order of the text.</summary>
    private List<string> Values(string output)
    {
        List<string> rows = [];
        var schema = "";
        foreach (var file in Directory.EnumerateFiles(_job[output], "*.parquet"))
        {
            using var reader = ParquetFile.Open(file);
            schema = string.Join(',', reader.Schema.Fields);
            foreach (var batch in reader.ReadBatches())
            {
                using (batch)
                {
                    rows.AddRange(Enumerable.Range(0, batch.Length).Select(row => string.Join(',', batch.Columns.Select(c => KeysetFileReader.TextOf(c, row) ?? "NULL"))));
                }
            }
        }

        rows.Sort(StringComparer.Ordinal);
        return [schema, .. rows];
    }

    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(SharedFiles.RepositoryRoot, "README.md"))
            .Where(f => BlocksOf(f).Any());

    /// <summary>The whole manifests in a document.</summary>
    private static IEnumerable<string> BlocksOf(string file) =>
        Block().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value).Where(t => t.Contains("version: 1", StringComparison.Ordinal) && t.Contains("ledger:", StringComparison.Ordinal));

    /// <summary>The sample whose rows a document's manifest reads.</summary>
    private static string SampleOf(string text) =>
        Directory.GetDirectories(SampleFolder).Single(f => Name().Match(File.ReadAllText(Path.Combine(f, "job.yml"))).Value == Name().Match(text).Value);

    private static void WriteW1(string path)
    {
        const int Rows = 50_000;
        var random = new Random(1);
        Schema schema = new([new Field("user_id", ArrowType.Int64), new Field("partition_key", ArrowType.Int64), new Field("value", ArrowType.Double)]);
        using var writer = new ParquetWriter(File.Create(path), schema);
        using var batch = new RecordBatch(schema,
        [
            ArrowArrays.Int64([.. Enumerable.Range(0, Rows).Select(_ => random.NextInt64(4000))]),
            ArrowArrays.Int64([.. Enumerable.Range(0, Rows).Select(_ => (long)(100 * random.NextDouble() * random.NextDouble()))]),
            ArrowArrays.Double([.. Enumerable.Range(0, Rows).Select(_ => 12 * random.NextDouble())]),
        ], Rows);
        writer.Write(batch);
        writer.Finish();
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^name: .*$", RegexOptions.Multiline)]
    private static partial Regex Name();
}
