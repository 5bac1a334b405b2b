using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>Sources that Spark alone reads give the release that the same rows give as files of this machine.</summary>
[Collection(SparkCollection.Name)]
public sealed class SparkSourceTests(SparkServerFixture spark)
{
    private const string Manifest = """
        version: 1
        name: visits
        source:
          csv: visits.csv
          columns:
            who:   string
            kind:  { type: string, nulls: keep }
            spend: { type: double, nulls: { replace: 1 }, nan: { replace: 2 }, inf: clamp }
            cents: { type: decimal(9,2), nulls: { replace: "0.25" } }
            at:    { type: timestamp, nulls: drop }
        privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 2 }
        partition_by: [kind, { trunc: at, to: day, as: day }]
        partition_selection: { strategy: laplace_threshold }
        aggregates:
          - { count: "*", as: visits }
          - { sum: spend, min_value: -5, max_value: 10, as: spend }
          - { mean: cents, min_value: 0, max_value: 3, as: cents }
        privacy: { epsilon: "40.0", delta: "1e-4", noise: laplace }
        output: { path: out/, format: csv }
        ledger: { file: ledger.db, dataset: visits }

        """;

    [SkippableFact]
    public void Json_WithOddValues_IsReadAsCsv()
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest);
        var (csv, json) = OddRows();
        job.Write("visits.csv", csv);
        job.Write("json/a.json", json);
        var here = job.Here("here");

        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "json: json", StringComparison.Ordinal));
        job.OnSpark(server, "there");
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", $"json: \"file://{job["json"]}/*.json\"", StringComparison.Ordinal));
        job.OnSpark(server, "cluster");

        Assert.InRange(here.Rows, 8, 40);
        job.AssertSame("here", "there");
        job.AssertSame("here", "cluster");
    }

    [SkippableFact]
    public void Json_BrokenLine_EndsTheRunAndQuotesNothing()
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest.Replace("csv: visits.csv", "json: rows.json", StringComparison.Ordinal));
        job.Write("rows.json", """{"who":"a","kind":"marked-value","at":"2026-11-16T10:00:00Z"}""" + "\n{\"who\":\"marked-value\n");

        var fault = Assert.Throws<DpSparkException>(() => job.OnSpark(server, "there"));

        Assert.Equal(("DPS5212", ExitCodes.Contract), (fault.Code, fault.ExitCode));
        Assert.DoesNotContain("marked-value", fault.Message + fault.Why + string.Join(' ', fault.Fixes), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void FilesBehindAnAddress_AreTheSameRows_AndAChangeIsAnotherInput()
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest);
        var (csv, _) = OddRows();
        job.Write("data/one.csv", csv);
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "csv: data", StringComparison.Ordinal));
        job.Here("here");
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", $"csv: \"file://{job["data"]}\"", StringComparison.Ordinal));

        job.OnSpark(server, "there");
        var first = job.Release(JobOnBoth.SettingsOf(server));
        var again = job.Release(JobOnBoth.SettingsOf(server));
        job.Write("data/two.csv", csv);
        job.Write("job.yml", File.ReadAllText(job["job.yml"]).Replace("path: out/", "path: other/", StringComparison.Ordinal));
        var late = Assert.Throws<LateDataException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        var local = Assert.Throws<DpSparkException>(() => job.Release(null));

        job.AssertSame("here", "there");
        Assert.Equal((RunOutcome.Released, RunOutcome.Replayed, first.ReleaseId), (first.Outcome, again.Outcome, again.ReleaseId));
        Assert.Single(job.History("visits"));
        Assert.Equal("DPS2090", local.Code);
        Assert.NotNull(late);
    }

    [SkippableFact]
    public void CsvBehindAnAddress_WithAnotherHeader_EndsTheRun()
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest);
        var (csv, _) = OddRows();
        job.Write("data/one.csv", csv);
        job.Write("data/two.csv", csv.Replace("who,kind", "kind,who", StringComparison.Ordinal));
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", $"csv: \"file://{job["data"]}\"", StringComparison.Ordinal));

        var fault = Assert.Throws<DpSparkException>(() => job.OnSpark(server, "there"));

        Assert.NotEqual(ExitCodes.Bug, fault.ExitCode);
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", $"csv: \"file://{job["data"]}/one.csv\"", StringComparison.Ordinal).Replace("who:   string", "whom:   string", StringComparison.Ordinal).Replace("id: who,", "id: whom,", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Contract, Assert.Throws<DpSpark.Jobs.Sources.SourceContractException>(() => job.OnSpark(server, "there")).ExitCode);
    }

    [SkippableFact]
    public async Task TableAndQuery_AreTheRowsOfTheirFiles()
    {
        var server = spark.Server;
        using var job = new JobOnBoth(Manifest);
        var (csv, _) = OddRows();
        job.Write("visits.csv", csv);
        await SqlAsync(server, "DROP TABLE IF EXISTS visits_in", $"""
            CREATE TABLE visits_in USING parquet LOCATION '{job["table"]}' AS
            SELECT nullif(who, '') AS who, kind, try_cast(nullif(spend, '') AS double) AS spend, try_cast(cents AS decimal(9,2)) AS cents, try_cast(at AS timestamp) AS at, map('a', 1) AS other
            FROM csv.`{job["visits.csv"]}` AS raw(who, kind, spend, cents, at) WHERE who <> 'who' AND at LIKE '20%' AND who LIKE 'p%'
            """);
        try
        {
            job.Write("job.yml", Manifest.Replace("csv: visits.csv", "parquet: table", StringComparison.Ordinal));
            var here = job.Here("here");
            job.Write("job.yml", Manifest.Replace("csv: visits.csv", "table: default.visits_in", StringComparison.Ordinal));
            job.OnSpark(server, "table-out");
            job.Write("job.yml", Manifest.Replace("csv: visits.csv", "sql: \"SELECT * FROM visits_in WHERE true -- all of them\"", StringComparison.Ordinal));
            job.OnSpark(server, "sql-out");

            Assert.InRange(here.Rows, 5, 40);
            job.AssertSame("here", "table-out");
            job.AssertSame("here", "sql-out");

            // A release of the query is recognised, and what is added to its table is another input.
            var first = job.Release(JobOnBoth.SettingsOf(server));
            var again = job.Release(JobOnBoth.SettingsOf(server));
            job.Write("job.yml", File.ReadAllText(job["job.yml"]).Replace("path: out/", "path: other/", StringComparison.Ordinal));
            await SqlAsync(server, "INSERT INTO visits_in SELECT * FROM visits_in LIMIT 1");
            Assert.Throws<LateDataException>(() => job.Release(JobOnBoth.SettingsOf(server)));
            Assert.Equal((RunOutcome.Replayed, first.ReleaseId), (again.Outcome, again.ReleaseId));

            // Another type than the contract's is drift, as in a file.
            job.Write("job.yml", Manifest.Replace("csv: visits.csv", "table: visits_in", StringComparison.Ordinal).Replace("who:   string", "who:   long", StringComparison.Ordinal));
            Assert.Equal(ExitCodes.Contract, Assert.Throws<DpSpark.Jobs.Sources.SourceContractException>(() => job.OnSpark(server, "never")).ExitCode);
        }
        finally
        {
            await SqlAsync(server, "DROP TABLE visits_in");
        }
    }

    [SkippableFact]
    public async Task SourceWhoseStateNobodyKnows_IsRefusedForARelease()
    {
        var server = spark.Server;
        const string Query = "SELECT 'a' AS who, 'x' AS kind, 1D AS spend, 1.5BD AS cents, timestamp'2026-11-16' AS at";
        using var job = new JobOnBoth(Manifest.Replace("csv: visits.csv", $"sql: \"{Query}\"", StringComparison.Ordinal));

        job.OnSpark(server, "tested");
        var query = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "sql: SELECT FROM WHERE", StringComparison.Ordinal));
        var broken = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "table: nowhere", StringComparison.Ordinal));
        var missing = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        var local = Assert.Throws<DpSparkException>(() => job.Release(null));

        // Tables of formats with snapshots tell theirs as a property.
        await SqlAsync(server, "DROP TABLE IF EXISTS snapshots", "CREATE TABLE snapshots (who string, kind string, spend double, cents decimal(9,2), at timestamp) USING parquet TBLPROPERTIES ('current-snapshot-id' = '8841')");
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "table: snapshots", StringComparison.Ordinal));
        var known = job.Release(JobOnBoth.SettingsOf(server));
        job.Write("job.yml", Manifest.Replace("csv: visits.csv", "table: snapshots@8841", StringComparison.Ordinal));
        var travel = Assert.Throws<DpSparkException>(() => job.Release(JobOnBoth.SettingsOf(server)));
        await SqlAsync(server, "DROP TABLE snapshots");

        Assert.Equal(("DPS6022", "DPS6023", "DPS6009", "DPS6021"), (query.Code, broken.Code, missing.Code, local.Code));
        Assert.Equal((RunOutcome.Released, "DPS6023"), (known.Outcome, travel.Code));
        Assert.Single(job.History("visits"));
    }

    internal static async Task SqlAsync(SparkServer server, params string[] statements)
    {
        await using var session = new ConnectSession(ConnectEndpoint.Parse(server.ConnectionString));
        foreach (var statement in statements)
        {
            await session.RunAsync(SparkCommand.Sql(statement));
        }
    }

    /// <summary>The same rows twice: values as csv writes them, and as JSON may.</summary>
    private static (string Csv, string Json) OddRows()
    {
        (string Csv, string Json)[] kinds = [("tea", "\"tea\""), ("\"a,b\"", "\"a,b\""), ("\"say \"\"hi\"\"\"", "\"say \\\"hi\\\"\""), ("", "null"), ("\"\"", "\"\""), ("K\u00e4se", "\"K\\u00e4se\""), ("1.50", "1.50"), ("true", "true"), ("\"two\nlines\"", "\"two\\nlines\"")];
        (string Csv, string Json)[] spends = [("1.5", "1.5"), ("NaN", "NaN"), ("Infinity", "\"Infinity\""), ("", "null"), ("abc", "\"abc\""), ("-0", "-0"), ("1e1", "1e1"), ("1e400", "1e400")];
        (string Csv, string Json)[] cents = [("1.10", "1.10"), ("2.555", "2.555"), ("", "null"), ("x", "[1]"), ("12345678901234567890.25", "12345678901234567890.25"), ("0.07", "\"0.07\"")];
        (string Csv, string Json)[] times = [("2026-11-16T10:00:00Z", "\"2026-11-16T10:00:00Z\""), ("2026-11-17 23:59:59.999999", "\"2026-11-17 23:59:59.999999\""), ("", "null"), ("yesterday", "\"yesterday\"")];
        var random = new Random(20261120);
        var csv = new System.Text.StringBuilder("who,kind,spend,cents,at\n");
        var json = new System.Text.StringBuilder();
        for (var i = 0; i < 3000; i++)
        {
            var (who, kind, spend, cent, at) = (random.Next(300), kinds[random.Next(kinds.Length)], spends[random.Next(spends.Length)], cents[random.Next(cents.Length)], times[random.Next(times.Length)]);
            csv.Append(System.Globalization.CultureInfo.InvariantCulture, $"{(who == 0 ? "" : "p" + who)},{kind.Csv},{spend.Csv},{cent.Csv},{at.Csv}\n");

            // A field that is null may as well be left out.
            var more = kind.Json == "null" && i % 2 == 0 ? "" : $",\"kind\":{kind.Json}";
            json.Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"who\":{(who == 0 ? "null" : "\"p" + who + "\"")}{more},\"extra\":{{\"a\":[1]}},\"spend\":{spend.Json},\"cents\":{cent.Json},\"at\":{at.Json}}}\n");
        }

        return (csv.ToString(), json.ToString());
    }
}
