using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Core.Bounding;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Spark;
using DpSpark.Spark.Tests.Jobs;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>After runs on data with marks in it, neither the marks nor the keys of the run are in anything that Spark writes or shows.</summary>
[Collection(FaultCollection.Name)]
[Trait("Category", "Cluster")]
public sealed partial class NothingPrivateTests(FaultClusterFixture spark)
{
    private const int MaxPages = 400;
    private const string Unit = "unit-4f1d9c";
    private const string RareKey = "rare-key-77ab03";
    private const string Value = "918273.6455";
    private const string Planted = "planted-3c1e77";
    private const string Pages = "pages";
    private const string Events = "the event log";
    private const string Manifest = """
        version: 1
        name: marked
        source: { csv: rows.csv, columns: { who: string, kind: string, spend: { type: double, nulls: NULLS } } }
        privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
        partition_by: [kind]
        partition_selection: { strategy: laplace_threshold, pre_threshold: 50 }
        aggregates: [{ count: "*", as: visits }, { sum: spend, min_value: 0, max_value: 10, as: spend }]
        privacy: { epsilon: "1.0", delta: "1e-9", noise: laplace }
        output: { path: out/, format: csv }
        ledger: { file: ledger.db, dataset: marked }

        """;

    [SkippableFact]
    public async Task Runs_OnMarkedRows_LeaveNothingPrivateInSpark()
    {
        var cluster = spark.Cluster;
        var server = await spark.BareServerAsync();
        Dictionary<string, byte[]> marks = [];
        var said = new StringBuilder();
        var settings = JobOnBoth.SettingsOf(server) with { Worker = new WorkerPlacement(WorkerShipping.Artifact, WorkerArchive.Path) };
        using var good = Job("drop", Value);
        var (secret, release) = Reserve(good, server);
        AddKey(marks, "the secret", secret);
        AddKey(marks, "the bounding key", BoundKey.Derive(secret, Encoding.UTF8.GetBytes(release)).ToBytes());
        var result = good.Release(settings);
        Assert.Equal((RunOutcome.Released, release), (result.Outcome, result.ReleaseId));
        said.AppendJoin('\n', good.Parts("out").Select(p => Encoding.UTF8.GetString(p.Content))).Append(File.ReadAllText(good["out/_release.json"]));
        Assert.Contains("common", said.ToString(), StringComparison.Ordinal);

        using var bad = Job("error", "");
        var fault = Assert.ThrowsAny<DpSparkException>(() => bad.Release(settings));
        Assert.Equal(ExitCodes.Contract, fault.ExitCode);
        said.Append(fault);

        foreach (var (name, text) in new[] { ("a unit", Unit), ("an unreleased key", RareKey), ("a value", Value) })
        {
            AddText(marks, name, text);
        }

        var traces = await TracesAsync(server, cluster, said.ToString());

        // What was searched holds what it should: the plan in pages and event log, tasks in the logs.
        Assert.Contains(traces, f => f.Name == Pages && f.Text.Contains("dpspark_release", StringComparison.Ordinal));
        Assert.Contains(traces, f => f.Name == Events && f.Text.Contains("dpspark_release", StringComparison.Ordinal));
        Assert.Contains(traces, f => f.Name == "an executor's stderr" && f.Content.Length > 1000);
        Assert.Empty(Found(traces, marks));

        // The search finds what is there: a mark that Spark was made to tell in each of these ways.
        Dictionary<string, byte[]> planted = [];
        AddText(planted, "a planted value", Planted);
        await PlantAsync(server);
        var leaks = Found(await TracesAsync(server, cluster, ""), planted);
        Assert.All(new[] { Pages, Events, "the server's log", "an executor's stderr" }, place => Assert.Contains(leaks, l => l.EndsWith(" is in " + place, StringComparison.Ordinal)));

        // Nor is there anything private in what outlives the application.
        await spark.StopBareServerAsync();
        File.WriteAllText(Path.Combine(cluster.Folder, "left"), Planted);
        var left = Left(cluster.Folder).ToArray();
        Assert.Empty(Found(left, marks));
        Assert.Contains(Found(left, planted), l => l.EndsWith("/left", StringComparison.Ordinal));
    }

    /// <summary>Everything that Spark tells while an application runs: log, pages, REST answers, event log, output of the executors and of the workers in them.</summary>
    private async Task<List<Trace>> TracesAsync(SparkServer server, SparkCluster cluster, string said)
    {
        var pages = new StringBuilder();
        Assert.InRange(await CrawlAsync(server.Pages!, pages), 15, MaxPages);
        return
        [
            new("the server's log", Encoding.UTF8.GetBytes(server.LogTail)),
            new(Pages, Encoding.UTF8.GetBytes(pages.ToString())),
            new("what the client said", Encoding.UTF8.GetBytes(said)),
            .. Directory.EnumerateFiles(spark.Events, "*", SearchOption.AllDirectories).Select(f => new Trace(Events, File.ReadAllBytes(f))),
            .. Directory.EnumerateFiles(cluster.Folder, "std*", SearchOption.AllDirectories).Select(f => new Trace("an executor's " + Path.GetFileName(f), File.ReadAllBytes(f))),
        ];
    }

    /// <summary>Makes Spark tell a value in the ways it has: a setting, a plan, the description of a job, the error of a task.</summary>
    private static async Task PlantAsync(SparkServer server)
    {
        await using var session = new ConnectSession(ConnectEndpoint.Parse(server.ConnectionString));
        await session.SetConfigAsync(new Dictionary<string, string> { ["spark.job.description"] = Planted });
        var rows = SparkRelation.Sql($"select cast(concat('{Planted}', id) as int) as n from range(0, 4, 1, 2) where '{Planted}' != cast(id as string)");
        await Assert.ThrowsAsync<SparkConnectException>(async () =>
        {
            await foreach (var batch in session.CollectAsync(rows))
            {
                batch.Dispose();
            }
        });
    }

    /// <summary>Files below a folder, but for the worker's own.</summary>
    private static IEnumerable<Trace> Left(string folder) => !Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(f => !f.Contains(WorkerPlacement.Folder, StringComparison.Ordinal)).Select(f => new Trace(f, File.ReadAllBytes(f)));

    private static List<string> Found(IEnumerable<Trace> traces, Dictionary<string, byte[]> marks) =>
        [.. traces.SelectMany(t => marks.Where(m => t.Content.AsSpan().IndexOf(m.Value) >= 0).Select(m => $"{m.Key} is in {t.Name}"))];

    private static JobOnBoth Job(string nulls, string markedValue)
    {
        var job = new JobOnBoth(Manifest.Replace("NULLS", nulls, StringComparison.Ordinal));
        var rows = new StringBuilder("who,kind,spend\n");
        for (var i = 0; i < 2000; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"{Unit}-{i},{(i % 3 == 0 ? "common" : "usual")},{i % 9}.25\n");
        }

        for (var i = 0; i < 5; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"{Unit}-x{i},{RareKey},{markedValue}\n");
        }

        job.Write("rows.csv", rows.ToString());
        return job;
    }

    /// <summary>Reserves and stops there, as a crash would: the secret is on disk, and the next run goes on with it.</summary>
    private static (byte[] Secret, string Release) Reserve(JobOnBoth job, SparkServer server)
    {
        using (var client = FaultJob.Client(job[""], server, "kill:running", WorkerArchive.Path))
        {
            var output = client.StandardOutput.ReadToEndAsync();
            var error = client.StandardError.ReadToEnd();
            client.WaitForExit();
            Assert.True(client.ExitCode == 137, error + output.Result);
        }

        var secret = File.ReadAllBytes(Directory.EnumerateFiles(job[""], "*.secret", SearchOption.AllDirectories).Single());
        Assert.Equal(32, secret.Length);
        return (secret, Assert.Single(job.History("marked")).ReleaseId);
    }

    private static void AddKey(Dictionary<string, byte[]> marks, string name, byte[] key)
    {
        // Of a key, half is enough to be a leak; it may be cut, or stand at any place of a longer base64 text.
        var half = key[..8];
        marks[name] = half;
        AddText(marks, name, Convert.ToHexString(half));
        AddText(marks, name, Convert.ToHexStringLower(half));
        AddText(marks, name, string.Join(", ", half.Select(b => ((sbyte)b).ToString(CultureInfo.InvariantCulture))));
        AddText(marks, name, string.Join(",", half.Select(b => ((sbyte)b).ToString(CultureInfo.InvariantCulture))));
        AddText(marks, name, string.Join(" ", half.Select(b => b.ToString("X2", CultureInfo.InvariantCulture))));
        AddBase64(marks, name, half);
        AddText(marks, name, Escaped(half));
    }

    private static void AddText(Dictionary<string, byte[]> marks, string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        marks[$"{name} (as {marks.Count})"] = bytes;
        if (!name.StartsWith("the ", StringComparison.Ordinal))
        {
            marks[$"{name} (hex {marks.Count})"] = Encoding.UTF8.GetBytes(Convert.ToHexString(bytes));
            AddBase64(marks, name, bytes);
        }
        else
        {
            // The text again in base64 or hex: a command that holds it as JSON, printed as bytes.
            marks[$"{name} (hex of text {marks.Count})"] = Encoding.UTF8.GetBytes(Convert.ToHexString(bytes));
        }
    }

    /// <summary>The three ways in which bytes inside a longer text look in base64, less the characters that depend on their neighbours.</summary>
    private static void AddBase64(Dictionary<string, byte[]> marks, string name, byte[] bytes)
    {
        for (var before = 0; before < 3; before++)
        {
            var text = Convert.ToBase64String([.. new byte[before], .. bytes]).TrimEnd('=');
            var inner = Encoding.UTF8.GetBytes(text[(before == 0 ? 0 : before + 1)..^2]);
            marks[$"{name} (base64 {marks.Count})"] = inner;
        }
    }

    /// <summary>As protobuf's text form writes bytes.</summary>
    private static string Escaped(byte[] bytes) => string.Concat(bytes.Select(b => b is >= 32 and < 127 ? ((char)b).ToString() : "\\" + Convert.ToString(b, 8).PadLeft(3, '0')));

    /// <summary>Every page and every answer of the REST interface that can be reached by links.</summary>
    private static async Task<int> CrawlAsync(Uri root, StringBuilder pages)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        var applications = await client.GetStringAsync(new Uri(root, "/api/v1/applications"));
        var id = ApplicationId().Match(applications).Groups[1].Value;
        Assert.NotEmpty(id);
        var queue = new Queue<string>(["/jobs/", "/stages/", "/storage/", "/environment/", "/executors/", "/SQL/", "/connect/",
            .. new[] { "jobs", "stages?details=true", "executors", "environment", "sql?details=true&planDescription=true&length=1000", "storage/rdd" }.Select(p => $"/api/v1/applications/{id}/{p}")]);
        var known = queue.ToHashSet(StringComparer.Ordinal);
        var visited = 0;
        while (visited < MaxPages && queue.TryDequeue(out var path))
        {
            using var response = await client.GetAsync(new Uri(root, path));
            if (response.StatusCode != HttpStatusCode.OK)
            {
                continue;
            }

            visited++;
            var body = await response.Content.ReadAsStringAsync();
            pages.Append(body).Append('\n').Append(WebUtility.HtmlDecode(body)).Append('\n');
            foreach (Match link in Link().Matches(body))
            {
                var target = new Uri(new Uri(root, path), WebUtility.HtmlDecode(link.Groups[1].Value));
                if (target.Authority == root.Authority && !target.AbsolutePath.StartsWith("/static", StringComparison.Ordinal) && !target.AbsolutePath.Contains("kill", StringComparison.Ordinal)
                    && !target.AbsolutePath.Contains("threadDump", StringComparison.Ordinal) && known.Add(target.PathAndQuery))
                {
                    queue.Enqueue(target.PathAndQuery);
                }
            }
        }

        return visited;
    }

    private sealed record Trace(string Name, byte[] Content)
    {
        public string Text => Encoding.UTF8.GetString(Content);
    }

    [GeneratedRegex("\"id\"\\s*:\\s*\"([^\"]+)\"")]
    private static partial Regex ApplicationId();

    [GeneratedRegex("href=[\"']([^\"'#]+)[\"']")]
    private static partial Regex Link();
}
