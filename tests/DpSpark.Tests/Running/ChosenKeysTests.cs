using System.Text.Json;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Tests.Running;

/// <summary>Which rows a release has, and what stands beside its numbers: top_k, the key of all others, keys alone, quality, metadata.</summary>
public sealed class ChosenKeysTests : IDisposable
{
    private readonly JobFolder _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Run_TopKWithOther_ReleasesTheLargestKeysAndGathersTheRest()
    {
        _job.Edit("keyset: { values: { day: [1, 2, 3] }, source: calendar }", "keyset: { values: { day: [1, 2, 4, 5] }, other: true, source: calendar }\ntop_k: { k: 3, by: visits, budget: { epsilon: \"50\" } }");
        _job.Edit("epsilon: \"1.0\"", "epsilon: \"100\"");

        var run = _job.Run();

        Assert.Equal((0, 3), (run.Code, run.Json.GetProperty("rows").GetInt32()));
        // Day 3 is no key: its rows are under the key of nulls. Days 4 and 5 have none.
        Assert.Equal(["", "1", "2"], File.ReadLines(_job["out", "part-00000.csv"]).Skip(1).Select(l => l.Split(',')[0]));
        using var record = JsonDocument.Parse(File.ReadAllText(_job["out", "_release.json"]));
        Assert.True(record.RootElement.GetProperty("partitions").GetProperty("other").GetBoolean());
        Assert.Equal(3, record.RootElement.GetProperty("partitions").GetProperty("top_k").GetProperty("k").GetInt32());
    }

    [Fact]
    public void Run_OtherInTheBounds_CountsAsOnePartitionOfAUnit()
    {
        // Every visitor comes on days 3 and 4, which are both no keys: one partition, so that a bound of 1 row leaves one row of each.
        _job.Edit("values: { day: [1, 2, 3] }, source", "values: { day: [1] }, other: true, source");
        _job.Write("visits.csv", "who,day,spend\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"v{i},3,1\nv{i},4,1\n")));

        var run = _job.Run("--test-mode", "bounded");

        Assert.Equal(0, run.Code);
        Assert.Equal([",40,40", "1,0,0"], File.ReadLines(Directory.EnumerateFiles(_job["out"], "test-part-*").Single()).Skip(1));
    }

    [Fact]
    public void Run_KeysAlone_ReleasesTheKeysWithEnoughUnits()
    {
        _job.Edit("keyset: { values: { day: [1, 2, 3] }, source: calendar }", "partition_selection: { strategy: auto }");
        _job.Edit("aggregates:\n  - { count: \"*\", as: visits }\n  - { sum: spend, min_value: 0, max_value: 10, as: spend }\n", "aggregates: []\n");
        _job.Edit("epsilon: \"1.0\", delta: \"0\"", "epsilon: \"20\", delta: \"1e-6\"");

        var run = _job.Run();

        Assert.Equal(0, run.Code);
        Assert.Equal(["day", "1", "2", "3"], File.ReadLines(_job["out", "part-00000.csv"]));
        using var record = JsonDocument.Parse(File.ReadAllText(_job["out", "_release.json"]));
        Assert.NotEqual(0, record.RootElement.GetProperty("partitions").GetProperty("chance_shown").GetArrayLength());
    }

    [Fact]
    public void Run_WeightedSelection_CountsUnitsOfManyPartitionsLess()
    {
        // Days 2 to 17: the same four visitors, each in sixteen of them, who weigh a quarter. Day 20: eight visitors of that day alone. Sigma is about 0.4 and the threshold below 3.5.
        _job.Edit("max_partitions_contributed: 2,", "max_partitions_contributed: 16,");
        _job.Edit("keyset: { values: { day: [1, 2, 3] }, source: calendar }", "partition_selection: { strategy: weighted_gaussian }");
        _job.Edit("aggregates:\n  - { count: \"*\", as: visits }\n  - { sum: spend, min_value: 0, max_value: 10, as: spend }\n", "aggregates: []\n");
        _job.Edit("epsilon: \"1.0\", delta: \"0\"", "epsilon: \"20\", delta: \"1e-6\"");
        var many = Enumerable.Range(0, 64).Select(i => $"m{i % 4},{2 + (i / 4)},1\n");
        _job.Write("visits.csv", "who,day,spend\n" + string.Concat(many.Concat(Enumerable.Range(0, 8).Select(i => $"s{i},20,1\n"))));

        var run = _job.Run();

        Assert.Equal(0, run.Code);
        Assert.Equal(["day", "20"], File.ReadLines(_job["out", "part-00000.csv"]));
        using var record = JsonDocument.Parse(File.ReadAllText(_job["out", "_release.json"]));
        Assert.Equal("weighted_gaussian", record.RootElement.GetProperty("partitions").GetProperty("strategy").GetString());
    }

    [Fact]
    public void Run_ReplaceOneOnADatasetOfAddRemove_IsRefusedAndNotCharged()
    {
        Assert.Equal(0, _job.Run().Code);
        _job.Edit("noise: laplace", "noise: laplace, adjacency: replace_one");
        _job.Edit("path: out/", "path: other/");

        var run = _job.Run();

        Assert.Equal((3, "DPS4004"), (run.Code, run.Json.GetProperty("diagnostics")[0].GetProperty("code").GetString()));
        Assert.False(Directory.Exists(_job["other"]));
    }

    [Fact]
    public void Run_SumOfOneValue_IsThatTimesTheReleasedCount()
    {
        _job.Edit("min_value: 0, max_value: 10, as: spend", "min_value: 2.5, max_value: 2.5, as: spend");

        Assert.Equal(0, _job.Run().Code);

        Assert.All(File.ReadLines(_job["out", "part-00000.csv"]).Skip(1).Select(l => l.Split(',')), l =>
            Assert.Equal(2.5 * int.Parse(l[1], System.Globalization.CultureInfo.InvariantCulture), double.Parse(l[2], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Run_Quality_MarksRowsWithLargeErrors()
    {
        _job.Edit("output: { path: out/, format: csv }", "output: { path: out/, format: csv, ci: 0.95, quality: { low_when: \"stddev > 0.5 * abs(value)\", per: aggregate } }");

        var run = _job.Run();

        Assert.Equal(0, run.Code);
        var lines = File.ReadLines(_job["out", "part-00000.csv"]).Select(l => l.Split(',')).ToList();
        Assert.Equal(["visits_quality", "spend_quality"], lines[0][^2..]);
        Assert.All(lines.Skip(1), l => Assert.Equal(double.Parse(l[2], System.Globalization.CultureInfo.InvariantCulture) > 0.5 * Math.Abs(double.Parse(l[1], System.Globalization.CultureInfo.InvariantCulture)) ? "low" : "high", l[^2]));
    }

    [Fact]
    public void Run_QualityThatCannotBeRead_PointsAtTheCharacter()
    {
        _job.Edit("output: { path: out/, format: csv }", "output: { path: out/, ci: 0.95, quality: { low_when: \"stddev > spend\" } }");

        var run = _job.Run();

        var fault = run.Json.GetProperty("diagnostics")[0];
        Assert.Equal((2, "DPS2038"), (run.Code, fault.GetProperty("code").GetString()));
        Assert.Equal(64, fault.GetProperty("column").GetInt32());
    }

    [Fact]
    public void Run_Parquet_CarriesTheErrorOfEveryNumberInItsSchema()
    {
        _job.Edit("format: csv", "format: parquet, ci: 0.95");

        _job.Run();

        using var file = ParquetFile.Open(_job["out", "part-00000.parquet"]);
        var metadata = file.Schema.Metadata.ToDictionary(p => p.Key, p => p.Value);
        using var column = JsonDocument.Parse(metadata["dpspark.column.spend"]);
        Assert.Equal("sum", column.RootElement.GetProperty("aggregate").GetString());
        Assert.Equal(10, column.RootElement.GetProperty("bounds")[1].GetDouble());
        Assert.True(column.RootElement.GetProperty("noise")[0].GetProperty("stddev").GetDouble() > 10);
        Assert.Contains("\"epsilon\":\"1\"", metadata["dpspark.guarantee"], StringComparison.Ordinal);
    }
}
