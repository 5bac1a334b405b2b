using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
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
        var pages = new StringBuilder();
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

        var visited = await CrawlAsync(server.Pages!, pages);
        foreach (var (name, text) in new[] { ("a unit", Unit), ("an unreleased key", RareKey), ("a value", Value) })
        {
            AddText(marks, name, text);
        }

        var files = new List<(string Name, byte[] Content)> { ("the server's log", Encoding.UTF8.GetBytes(server.LogTail)), ("pages", Encoding.UTF8.GetBytes(pages.ToString())), ("what the client said", Encoding.UTF8.GetBytes(said.ToString())) };
        files.AddRange(Directory.EnumerateFiles(spark.Events, "*", SearchOption.AllDirectories).Select(f => ("the event log", File.ReadAllBytes(f))));
        files.AddRange(Directory.EnumerateFiles(cluster.Folder, "std*", SearchOption.AllDirectories).Select(f => ("an executor's " + Path.GetFileName(f), File.ReadAllBytes(f))));

        // What was searched holds what it should: the plan in pages and event log, tasks in the logs.
        Assert.InRange(visited, 15, MaxPages);
        Assert.Contains("dpspark_release", pages.ToString(), StringComparison.Ordinal);
        Assert.Contains(files, f => f.Name == "the event log" && Encoding.UTF8.GetString(f.Content).Contains("dpspark_release", StringComparison.Ordinal));
        Assert.Contains(files, f => f.Name == "an executor's stderr" && f.Content.Length > 1000);
        foreach (var (name, content) in files)
        {
            foreach (var (mark, bytes) in marks)
            {
                Assert.True(content.AsSpan().IndexOf(bytes) < 0, $"{mark} is in {name}");
            }
        }
    }

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

    [GeneratedRegex("\"id\"\\s*:\\s*\"([^\"]+)\"")]
    private static partial Regex ApplicationId();

    [GeneratedRegex("href=[\"']([^\"'#]+)[\"']")]
    private static partial Regex Link();
}
