using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>Jobs made by the C# API that together use all that it can say.</summary>
internal static class JobsByCode
{
    public static IReadOnlyList<DpJob> All { get; } = [.. Sources(), .. Keys(), .. Aggregates(), .. Budgets()];

    /// <summary>A complete job of one count per weekday.</summary>
    private static DpJob Base(string name) => DpJob.Create(name)
        .Options(GoodJobs.Options)
        .Source(s => Columns(s.Csv("visits.csv")))
        .PrivacyUnit(u => u.Id("who").MaxPartitionsContributed(3).MaxContributionsPerPartition(2))
        .PartitionBy("weekday")
        .Keyset(KeySet.Range("weekday", 1, 7), "calendar")
        .Aggregate(a => a.Count("visits"))
        .Privacy(Budget.Approximate(1, "1e-6"));

    private static SourceBuilder Columns(SourceBuilder source) => source
        .Column<string>("who").Column<int>("weekday").Column<decimal>("spend", precision: 9, scale: 2).Column<double>("minutes").Column<DateTimeOffset>("at").Column<string>("zone");

    private static IEnumerable<DpJob> Sources()
    {
        yield return Base("csv in full")
            .Description("All that can be said of files and columns")
            .Var("folder", "data/${run_date}")
            .Source(s => s.Csv(["${folder}/a.csv", "b.csv.gz"], header: false, delimiter: ';', nullText: "NA")
                .Column<string>("who", from: "id", nulls: NullPolicy.Keep)
                .Column<int>("weekday", nulls: NullPolicy.Error)
                .Column<float>("small", nan: NaNPolicy.Drop, infinity: InfinityPolicy.Clamp)
                .Column<double>("score", nulls: NullPolicy.Replace(0), nan: NaNPolicy.Replace(1.5), infinity: InfinityPolicy.Drop)
                .Column<double>("other", nulls: NullPolicy.Drop, nan: NaNPolicy.Error, infinity: InfinityPolicy.Error)
                .Column<decimal>("spend", precision: 9, scale: 2)
                .Column<DateTime>("at", format: "yyyy-MM-dd HH:mm:ss")
                .Column<DateOnly>("day").Column<bool>("active").Column<long>("number").Column<byte[]>("raw"))
            .PrivacyUnit(u => u.Id("who", "number").MaxPartitionsContributed(4).MaxContributionsPerPartition(2).MaxContributions(6).NullIdIsOneUnit())
            .Output(o => o.Csv("out/${folder}").Replace().ConfidenceInterval("0.9").NonNegative())
            .Ledger("ledger.db", "visits", purpose: "open data", expires: "90m")
            .ReleaseAgainOnLateData();
        yield return Base("parquet").Source(s => Columns(s.Parquet("a/*.parquet", "b/"))).Output(o => o.Parquet("out/").ConfidenceInterval(0.95).Quality("stddev > 0.5 * abs(value)"));
        yield return Base("arrow").Source(s => Columns(s.Arrow("visits.arrow"))).Output(o => o.Arrow("out/").ConfidenceInterval(0.95).Quality("ci_high - ci_low > 10", perAggregate: true));
        yield return Base("json").Source(s => Columns(s.Json("s3a://lake/visits/")));
        yield return Base("table").Source(s => Columns(s.Table("lake.shop.visits@8841"))).Output(o => o.Table("lake.pub.visits").Replace());
        yield return Base("sql").Source(s => Columns(s.Sql("SELECT * FROM visits WHERE spend > 0")));
        yield return Base("rows").PrivacyUnit(u => u.Row());
    }

    private static IEnumerable<DpJob> Keys()
    {
        yield return Base("columns")
            .PartitionBy("zone", PartitionColumn.Truncate("at", CalendarUnit.Month, "month"), PartitionColumn.Bin("minutes", [0, 18, 65.5], "long"), PartitionColumn.Bin("spend", 0.5, 0, 1, "dear"))
            .Keyset(KeySet.Cross(
                KeySet.Csv("zones.csv"),
                KeySet.Dates("month", new DateOnly(2026, 1, 1), new DateOnly(2026, 3, 1), CalendarUnit.Month),
                KeySet.Cross(KeySet.Range("long", 0, 18), KeySet.Values("dear", 0, 0.5))), "a list", other: true);
        yield return Base("hours").PartitionBy(PartitionColumn.Truncate("at", CalendarUnit.Hour))
            .Keyset(KeySet.Dates("at", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 1, 1, 5, 0, 0, TimeSpan.Zero), CalendarUnit.Hour), "calendar");
        yield return Base("days").PartitionBy(PartitionColumn.Truncate("at", CalendarUnit.Day))
            .Keyset(KeySet.Dates("at", new DateOnly(2026, 1, 1), new DateOnly(2026, 1, 31), CalendarUnit.Day), "calendar");
        yield return Base("rows of keys").PartitionBy("zone", "weekday")
            .Keyset(KeySet.Cross(KeySet.Rows(new Dictionary<string, object?> { ["zone"] = "a", ["weekday"] = 1 }, new Dictionary<string, object?> { ["zone"] = "b", ["weekday"] = 2 })), "a list");
        yield return Base("listed").Keyset(KeySet.Rows(new Dictionary<string, object?> { ["weekday"] = 1 }, new Dictionary<string, object?> { ["weekday"] = 2 }), "a list");
        yield return Base("values").Keyset(KeySet.Values("weekday", 1, 2, 3), "a list");
        yield return Base("csv of keys").PartitionBy("zone").Keyset(KeySet.Csv("zones.csv"), "a list");
        yield return Base("parquet of keys").PartitionBy("zone").Keyset(KeySet.Cross(KeySet.Parquet("zones.parquet")), "a list");
        yield return Base("arrow of keys").PartitionBy("zone").Keyset(KeySet.Arrow("zones.arrow"), "a list");
        yield return Base("largest").TopK(3, "visits", BudgetPart.Percent(10));
        yield return Base("largest by epsilon").TopK(3, "visits", BudgetPart.Epsilon("0.1", "1e-9"));
        foreach (var strategy in new SelectionStrategy?[] { null, SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.GaussianThreshold, SelectionStrategy.WeightedGaussian })
        {
            yield return Selected("selection by " + (strategy?.ToString() ?? "the best")).PartitionSelection(strategy, 5, weight: 2);
        }

        yield return Selected("selection in rounds").PartitionSelection(SelectionStrategy.Sips, rounds: 4);
        yield return Selected("selection by epsilon").PartitionSelection(SelectionStrategy.TruncatedGeometric, epsilon: "0.2", delta: "1e-9");
        yield return Selected("keys alone").PartitionSelection().KeysAlone();
    }

    private static DpJob Selected(string name) => DpJob.Create(name)
        .Options(GoodJobs.Options)
        .Source(s => Columns(s.Csv("visits.csv")))
        .PrivacyUnit(u => u.Id("who").MaxPartitionsContributed(3).MaxContributionsPerPartition(2))
        .PartitionBy("zone")
        .Aggregate(a => a.PrivacyIdCount("visitors"))
        .Privacy(Budget.Approximate(1, "1e-6"));

    private static IEnumerable<DpJob> Aggregates()
    {
        var part = BudgetPart.Percent("2.5");
        yield return Base("numbers").Aggregate(a => a
            .PrivacyIdCount("visitors", epsilon: "0.1", delta: "1e-9")
            .Sum("spend", 0, 60, "spent", weight: 2)
            .SumPerPartition("spend", "-10", 1e2, "spent_by_day")
            .Mean("minutes", 0, 600, "mean")
            .Variance("minutes", 0, 600, "variance")
            .Stddev("minutes", 0, 600, "deviation")
            .Quantile("spend", [0.25, 0.5, 0.999], 0, 60, "spread")
            .Min("spend", 0, 60, "least")
            .Max("spend", 0, 60, "most")
            .CountDistinct("zone", 2, "zones")
            .Histogram("spend", [0, 10, 60], "bins")
            .Histogram("minutes", 200, 0, 600, "even")
            .VectorSum(["spend", "minutes"], VectorNorm.L1, 600, "one")
            .VectorSum(["spend", "minutes"], VectorNorm.L2, 600, "two")
            .VectorSum(["spend", "minutes"], VectorNorm.LInf, 600, "each")
            .Covariance("spend", "minutes", (0, 0), (60, 600), "together"));
        yield return Base("found").PrivacyUnit(u => u.Id("who").MaxPartitionsContributed(part).MaxContributionsPerPartition(BudgetPart.Epsilon("0.02"))).Aggregate(a => a
            .Sum("spend", part, "spent")
            .SumPerPartition("spend", part, "spent_by_day")
            .Mean("minutes", part, "mean")
            .Variance("minutes", part, "variance")
            .Stddev("minutes", part, "deviation")
            .Quantile("spend", [0.5], part, "spread")
            .Min("spend", part, "least")
            .Max("spend", part, "most", weight: 3));
    }

    private static IEnumerable<DpJob> Budgets()
    {
        yield return Base("pure").Privacy(Budget.Pure("1.0"), Noise.Laplace);
        yield return Base("gaussian").Privacy(Budget.Approximate("1.0", "1e-8"), Noise.Gaussian, Accountant.Pld, Adjacency.ReplaceOne);
        yield return Base("concentrated").Privacy(Budget.Concentrated("0.1", "1e-8"), Noise.Auto, Accountant.Zcdp, Adjacency.AddRemove);
        yield return Base("basic").Privacy(Budget.Approximate("1.0", "1e-8"), Noise.Auto, Accountant.Basic);
    }
}
