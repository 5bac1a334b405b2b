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
