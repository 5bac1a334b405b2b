using DpSpark.Jobs.Running;

namespace DpSpark.Tests.Jobs.Manifest;

public sealed class DpJobRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpspark-api-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed record Visit(string VisitorId, int? Weekday, decimal? SpendEur);

    private sealed record WeekdayRow(long Weekday, long Visitors, long Visits, double SpendEur);

    [Fact]
    public async Task RunLocalAsync_WithoutNoise_KeepsFourDaysOfOnePerson()
    {
        var path = Path.Combine(_folder, "job.yml");
        await File.WriteAllTextAsync(path, SampleJobs.Restaurant);

        var table = await TestJob.From(path).WithRows(Enumerable.Range(1, 7).Select(day => new Visit("a", day, 100m))).NoNoise().RunLocalAsync();

        Assert.Equal(4, table.Sum("visitors"));
        Assert.Equal(240, table.Sum("spend_eur"));
        Assert.Equal(Enumerable.Range(1, 7).Select(d => (long)d), table.Read<WeekdayKey>().Select(r => r.Weekday));
    }

    [Theory]
    [InlineData("parquet")]
    [InlineData("csv")]
    public async Task RunAsync_Twice_ReplaysTheSameRows(string format)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        var path = Path.Combine(_folder, "job.yml");
        await File.WriteAllTextAsync(path, SampleJobs.Restaurant.Replace("format: parquet", "format: " + format, StringComparison.Ordinal));
        await File.WriteAllLinesAsync(Path.Combine(_folder, "data", "visits.csv"), ["visitor_id,weekday,spend_eur", .. Enumerable.Range(0, 500).Select(i => $"v{i},{(i % 7) + 1},{i % 50}.50")]);
        var job = DpJob.Load(path);
        await using var context = DpSparkContext.Local(new RunSettings { Threads = 1, MemoryBytes = 128 << 20 });

        var first = await job.RunAsync(context);
        var again = await job.RunAsync(context);

        Assert.Equal((RunOutcome.Released, RunOutcome.Replayed), (first.Outcome, again.Outcome));
        Assert.Equal((7, first.Id), (first.Rows, again.Id));
        var rows = await ToList(first);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], rows.Select(r => r.Weekday));
        Assert.Equal(rows, await ToList(again));
    }

    private sealed record WeekdayKey(long Weekday);

    private sealed record Spread(long Weekday, double SpendP25, double[] Spend, long Bins0, long[] Bins);

    [Fact]
    public async Task RunLocalAsync_AggregatesOfSeveralColumns_AreReadByNameAndAsArrays()
    {
        var table = await TestJob.From(WeekdayJob().Aggregate(a => a.Quantile("spend_eur", [0.25, 0.5, 0.999], 0, 100, "spend").Histogram("spend_eur", [0, 30, 100], "bins")))
            .WithRows(Enumerable.Range(0, 100).Select(i => new Visit($"v{i}", 1, i))).NoNoise().RunLocalAsync();

        Assert.Equal(["weekday", "spend_p25", "spend_p50", "spend_p99_9", "bins_0", "bins_1"], table.Columns);
        Assert.Equal(30, table.Values("bins_0")[0]);
        var row = table.Read<Spread>()[0];
        Assert.Equal((1, 30), (row.Weekday, row.Bins0));
        Assert.Equal([30, 70], row.Bins);
        Assert.Equal(row.SpendP25, row.Spend[0]);
        Assert.Equal([24.5, 49.5, 99], row.Spend.Select(v => Math.Round(v * 2) / 2), (expected, found) => Math.Abs(expected - found) <= 1);
    }

    [Fact]
    public async Task RunLocalAsync_BoundsToBeFound_FitTheRows()
    {
        var table = await TestJob.From(WeekdayJob().Aggregate(a => a.Sum("spend_eur", BudgetPart.Percent(10), "spend")))
            .WithRows(Enumerable.Range(0, 2000).Select(i => new Visit($"v{i}", 1 + (i % 7), 10))).NoNoise().RunLocalAsync();

        Assert.InRange(table.Sum("spend"), 16000, 20000);
    }

    private static DpJob WeekdayJob() => DpJob.Create("visits")
        .Source(s => s.Csv("visits.csv").Column<string>("visitor_id").Column<int>("weekday").Column<decimal>("spend_eur", precision: 9, scale: 2))
        .PrivacyUnit(u => u.Id("visitor_id").MaxPartitionsContributed(1).MaxContributionsPerPartition(1))
        .PartitionBy("weekday")
        .Keyset(KeySet.Range("weekday", 1, 7), "calendar")
        .Privacy(Budget.Pure(1));

    private static async Task<List<WeekdayRow>> ToList(DpRelease release)
    {
        var rows = new List<WeekdayRow>();
        await foreach (var row in release.ReadAsync<WeekdayRow>())
        {
            rows.Add(row);
        }

        return rows;
    }
}
