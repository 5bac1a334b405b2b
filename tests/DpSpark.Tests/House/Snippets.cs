using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.House;

/// <summary>The code of the documents: each block of C# is one of these regions, compiled and run.</summary>
public sealed class Snippets : IDisposable
{
    private readonly TempFolder _folder = new();

    public Snippets()
    {
        var sample = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant");
        _folder.Write("job.yml", File.ReadAllText(Path.Combine(sample, "job.yml")));
        _folder.Write(Path.Combine("data", "visits.csv"), File.ReadAllText(Path.Combine(sample, "data", "visits.csv")));
    }

    public void Dispose() => _folder.Dispose();

    internal static DpJob Build()
    {
        #region build
        var job = DpJob.Create("restaurant-visits")
            .Source(s => s.Csv("data/visits.csv")
                .Column<string>("visitor_id")
                .Column<int>("weekday", nulls: NullPolicy.Drop)
                .Column<decimal>("spend_eur", nulls: NullPolicy.Drop, precision: 9, scale: 2))
            .PrivacyUnit(u => u.Id("visitor_id")
                .MaxPartitionsContributed(4)
                .MaxContributionsPerPartition(1))
            .PartitionBy("weekday")
            .Keyset(KeySet.Range("weekday", 1, 7), source: "calendar")
            .Aggregate(a => a
                .PrivacyIdCount("visitors")
                .Count("visits")
                .Sum("spend_eur", min: 0, max: 60, weight: 2))
            .Privacy(Budget.Pure("1.0"), Noise.Laplace)
            .Output(o => o.Parquet("out/").ConfidenceInterval(0.95).NonNegative())
            .Ledger("ledger.db", dataset: "restaurant");
        #endregion
        return job;
    }

    [Fact]
    public void Build_OfTheDocs_IsTheSample()
    {
        var job = Build();

        Assert.Equal(DpJob.Load(_folder["job.yml"]).ToManifest().ToCanonicalText(), job.ToManifest().ToCanonicalText());
    }

    [Fact]
    public void Plan_OfTheDocs_SaysWhatItCosts()
    {
        var job = Build();
        using var console = new StringWriter();

        #region plan
        DpPlan plan = job.Plan();                       // pure: opens no data
        console.WriteLine(plan.ToText());
        #endregion

        Assert.Contains("epsilon 1, delta 0", console.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OfTheDocs_ReadsTheRelease()
    {
        var job = Build().Options(new ManifestOptions { Folder = _folder.Path });
        var seen = new List<WeekdayRow>();

        #region run
        await using var context = DpSparkContext.Local();

        DpRelease release = await job.RunAsync(context);
        await foreach (var row in release.ReadAsync<WeekdayRow>())
        {
            seen.Add(row);                              // noisy rows only
        }
        #endregion

        Assert.Equal(RunOutcome.Released, release.Outcome);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], seen.Select(r => r.Weekday));
    }

    [Fact]
    public async Task Connect_OfTheDocs_EndsAtOnceWithoutAServer()
    {
        var job = Build();
        using var console = new StringWriter();

        await Assert.ThrowsAsync<DpSparkException>(async () =>
        {
            #region connect
            await using var spark = await DpSparkContext.ConnectAsync("sc://localhost:15002");
            DpRelease release = await job.RunAsync(spark);
            #endregion
            console.WriteLine(release.Id);
        });
    }

    #region row
    private sealed record WeekdayRow(int Weekday, long Visitors, double SpendEur);
    #endregion

    [Fact]
    public async Task Quantiles_OfTheDocs_AreReleasedWithinTheirBounds()
    {
        var job = Build().Options(new ManifestOptions { Folder = _folder.Path });
        var seen = new List<SpreadRow>();

        #region quantiles
        var spread = job.Aggregate(a => a
            .Quantile("spend_eur", [0.25, 0.5, 0.75], min: 0, max: 60, output: "spend")   // spend_p25, spend_p50, spend_p75
            .Max("spend_eur", min: 0, max: 60, output: "most")
            .CountDistinct("spend_eur", maxValues: 1, output: "prices"));
        #endregion

        await using var context = DpSparkContext.Local();
        await foreach (var row in (await spread.RunAsync(context)).ReadAsync<SpreadRow>())
        {
            seen.Add(row);
        }

        Assert.Equal(7, seen.Count);
        Assert.All(seen, r => Assert.True(0 <= r.SpendP25 && r.SpendP25 <= r.SpendP50 && r.SpendP50 <= r.SpendP75 && r.SpendP75 <= r.Most && r.Most <= 60 && r.Prices >= 0));
    }

    private sealed record SpreadRow(int Weekday, double SpendP25, double SpendP50, double SpendP75, double Most, long Prices);

    [Fact]
    public void Convert_OfTheDocs_GoesBothWays()
    {
        var job = Build();
        var path = _folder["made.yml"];

        #region convert
        File.WriteAllText(path, job.ToYaml());
        var same = DpJob.Load(path);
        #endregion

        Assert.Equal(job.ToManifest().ToCanonicalText(), same.ToManifest().ToCanonicalText());
    }

    #region visit
    private sealed record Visit(string VisitorId, int Weekday, decimal SpendEur);
    #endregion

    [Fact]
    public async Task Test_OfTheDocs_KeepsFourDays()
    {
        var manifest = _folder["job.yml"];

        #region test
        var week = Enumerable.Range(1, 7).Select(day => new Visit("one person", day, 20));

        var table = await TestJob.From(manifest).WithRows(week).NoNoise().RunLocalAsync();

        Assert.Equal(4, table.Sum("visitors"));
        #endregion
    }
}
