using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
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
    public void Predict_OfTheDocs_GivesErrors()
    {
        var job = Build();
        using var console = new StringWriter();

        #region predict
        var spending = job.Aggregate(a => a
            .Mean("spend_eur", min: 0, max: 60, output: "mean")
            .Quantile("spend_eur", [0.5, 0.9], min: 0, max: 60, output: "bill"));
        var errors = new PlannedErrors(spending.Plan().Release);

        // What a mean of 500 rows around 18 would be off; then quantiles of values that look like the real ones.
        console.WriteLine(errors.RootMeanSquare("mean", new PartitionStatistics { Count = 500, Mean = 18 }));
        using var bills = errors.Quantiles("bill_p50");
        bills.Take([.. Enumerable.Range(0, 500).Select(i => i * i / 5000.0)]);
        foreach (var error in bills.Predict(simulations: 1000))
        {
            console.WriteLine($"{error.Output}: {error.Value} euros, {error.Rank} ranks");
        }
        #endregion

        Assert.Contains("bill_p90: ", console.ToString(), StringComparison.Ordinal);
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
    public async Task Moments_OfTheDocs_AreReleased()
    {
        var job = Build().Options(new ManifestOptions { Folder = _folder.Path });

        #region moments
        var numbers = job.Aggregate(a => a
            .Mean("spend_eur", min: 0, max: 60, output: "mean")
            .Variance("spend_eur", min: 0, max: 60, output: "variance")
            .Stddev("spend_eur", min: 0, max: 60, output: "deviation")
            .Histogram("spend_eur", edges: [0, 10, 20, 60], output: "bills")              // bills_0, bills_1, bills_2
            .VectorSum(["spend_eur", "weekday"], VectorNorm.L2, maxNorm: 60, output: "v")   // v_spend_eur, v_weekday
            .Covariance("spend_eur", "weekday", min: (0, 1), max: (60, 7), output: "together"));
        #endregion

        await using var context = DpSparkContext.Local();
        var release = await numbers.RunAsync(context);
        var seen = new List<BillRow>();
        #region arrays
        await foreach (var row in release.ReadAsync<BillRow>())
        {
            seen.Add(row);                              // row.Bills has three counts
        }
        #endregion

        Assert.Equal(7, seen.Count);
        Assert.All(seen, r => Assert.Equal(3, r.Bills.Length));
    }

    #region billrow
    private sealed record BillRow(int Weekday, double Mean, long[] Bills);
    #endregion

    [Fact]
    public void Found_OfTheDocs_IsPlanned()
    {
        #region found
        var found = DpJob.Create("bounds-found")
            .Source(s => s.Csv("data/visits.csv").Column<string>("visitor_id").Column<int>("weekday").Column<double>("spend_eur"))
            .PrivacyUnit(u => u.Id("visitor_id")
                .MaxPartitionsContributed(BudgetPart.Percent(5))
                .MaxContributionsPerPartition(1))
            .PartitionBy("weekday")
            .Keyset(KeySet.Range("weekday", 1, 7), source: "calendar", other: true)
            .TopK(3, by: "visits", BudgetPart.Percent(10))
            .Aggregate(a => a
                .Count("visits")
                .Sum("spend_eur", BudgetPart.Percent(10), output: "spend"))
            .Privacy(Budget.Approximate("1.0", "1e-8"), Noise.Auto, Accountant.Pld, Adjacency.AddRemove)
            .Output(o => o.Csv("out/").ConfidenceInterval(0.95).Quality("stddev > 0.5 * abs(value)"));
        #endregion

        Assert.NotNull(found.Plan().Release.Bounds);
    }

    [Fact]
    public void Keys_OfTheDocs_ArePlannedAndTheirTableIsRead()
    {
        #region keys
        var keys = DpJob.Create("kinds-of-crashes")
            .Source(s => s.Table("lake.telemetry.crashes@8841").Column<string>("device_id").Column<string>("signal"))
            .PrivacyUnit(u => u.Id("device_id").MaxPartitionsContributed(3))
            .PartitionBy("signal")
            .PartitionSelection(SelectionStrategy.TruncatedGeometric, preThreshold: 20)
            .KeysAlone()
            .Privacy(Budget.Approximate("0.5", "1e-8"))
            .Output(o => o.Table("lake.pub.signals"));
        #endregion

        Assert.Equal(FileKind.Table, keys.ToManifest().Source.Kind);
        Assert.Empty(keys.Plan().Job.Request.Aggregates);
    }

    [Fact]
    public void Rho_OfTheDocs_IsAnEpsilon()
    {
        var job = Build();

        #region rho
        job.Privacy(Budget.Concentrated(rho: "0.1", delta: "1e-8"), Noise.Gaussian);
        #endregion

        Assert.True(job.Plan().Release.Epsilon > ExactDecimal.One);
    }

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
