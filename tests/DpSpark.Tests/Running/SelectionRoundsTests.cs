using System.Text.Json;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Tests.Running;

/// <summary>A job whose keys are found in rounds, from its manifest to its folder.</summary>
public sealed class SelectionRoundsTests : IDisposable
{
    private const string Manifest = """
        version: 1
        name: visits
        source:
          csv: visits.csv
          columns: { who: string, place: string }
        privacy_unit: { id: who, max_partitions_contributed: 8, max_contributions_per_partition: 1 }
        partition_by: [place]
        partition_selection: { strategy: sips, rounds: 3, pre_threshold: 2 }
        aggregates: [{ privacy_id_count: "*", as: visitors }]
        privacy: { epsilon: "8", delta: "1e-6", noise: gaussian }
        output: { path: out/, format: csv, ci: 0.95 }
        ledger: { file: ledger.db, dataset: visits }

        """;

    private readonly JobFolder _job = new(Manifest);

    public SelectionRoundsTests() =>
        // 600 visitors: all of them at the station, each at one of twenty shops, and each at a place of its own.
        _job.Write("visits.csv", "who,place\n" + string.Concat(Enumerable.Range(0, 600).Select(v => FormattableString.Invariant($"v{v},station\nv{v},shop {v % 20}\nv{v},home {v}\n"))));

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Run_Sips_ReleasesTheKeysOfAllRoundsAndRecordsThem()
    {
        var run = _job.Run();

        Assert.Equal((0, "released", 21), (run.Code, run.Json.GetProperty("outcome").GetString(), run.Json.GetProperty("rows").GetInt32()));
        Assert.DoesNotContain(File.ReadLines(_job["out", "part-00000.csv"]), l => l.StartsWith("home", StringComparison.Ordinal));
        using var record = JsonDocument.Parse(File.ReadAllText(_job["out", "_release.json"]));
        var partitions = record.RootElement.GetProperty("partitions");
        Assert.Equal(("partition_selection", "sips"), (partitions.GetProperty("kind").GetString(), partitions.GetProperty("strategy").GetString()));
        Assert.Equal([1, 2, 3], partitions.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("round").GetInt32()));
        Assert.Equal(3, partitions.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("threshold").GetString()).Distinct().Count());
        Assert.NotEqual(0, partitions.GetProperty("chance_shown").GetArrayLength());
        Assert.Empty(record.RootElement.GetProperty("guarantee").GetProperty("unprotected").EnumerateArray());
        Assert.Equal(["round1", "round2", "round3"], record.RootElement.GetProperty("mechanisms").EnumerateArray().Select(m => m.GetProperty("part").GetString()).Take(3));
        Assert.Equal(ExactDecimal.Parse("8"), _job.Budget().SpentEpsilon);
        Assert.Equal("replayed", _job.Run().Json.GetProperty("outcome").GetString());
        Assert.Equal(ExactDecimal.Parse("8"), _job.Budget().SpentEpsilon);
    }

    [Fact]
    public void Run_AnotherNumberOfRounds_IsAnotherRelease()
    {
        Assert.Equal(0, _job.Run().Code);
        _job.Edit("rounds: 3", "rounds: 2");
        _job.Edit("path: out/", "path: other/");

        Assert.Equal("released", _job.Run().Json.GetProperty("outcome").GetString());

        Assert.Equal(ExactDecimal.Parse("16"), _job.Budget().SpentEpsilon);
    }

    [Theory]
    [InlineData("sips, rounds: 3", "sips, rounds: 1", "DPS2013")]
    [InlineData("sips, rounds: 3", "sips, rounds: 11", "DPS2013")]
    [InlineData("sips, rounds: 3", "weighted_gaussian, rounds: 3", "DPS2019")]
    [InlineData("noise: gaussian", "noise: gaussian, adjacency: replace_one", "DPS2525")]
    public void Run_RoundsThatCannotBe_AreRefused(string from, string to, string code)
    {
        _job.Edit(from, to);

        var run = _job.Run();

        Assert.Equal((2, code), (run.Code, run.Json.GetProperty("diagnostics")[0].GetProperty("code").GetString()));
    }

    [Fact]
    public void Run_BoundsToFindAsWell_FindsBoundsThenKeys()
    {
        _job.Edit("max_partitions_contributed: 8,", "max_partitions_contributed: { auto: { budget: 20% } },");

        var run = _job.Run();

        Assert.Equal((0, "released", 21), (run.Code, run.Json.GetProperty("outcome").GetString(), run.Json.GetProperty("rows").GetInt32()));
        Assert.Equal(ExactDecimal.Parse("8"), _job.Budget().SpentEpsilon);
    }

#if DEBUG
    [Fact]
    public void Run_KilledAfterARound_FinishesOneReleaseWithTheSameKeysAndNoise()
    {
        var between = CommandLineRun.Process(_job.Path, "kill:keys-shown", "run", "--temp", _job["tmp"]);
        CommandLineRun.Process(_job.Path, "kill:stage-written", "run", "--temp", _job["tmp"]);
        var first = PartFiles.Hash(Directory.EnumerateDirectories(_job.Path, ".out.staging-*").Single());
        Directory.Delete(Directory.EnumerateDirectories(_job.Path, ".out.staging-*").Single(), recursive: true);

        var after = _job.Run();

        Assert.True(between.Code is 137 or -1 or 9, between.Error);
        Assert.Equal((0, "released"), (after.Code, after.Json.GetProperty("outcome").GetString()));
        Assert.Equal(first, PartFiles.Hash(_job["out"]));
        Assert.Equal(ReleaseState.Committed, Assert.Single(_job.History()).State);
        Assert.Equal(ExactDecimal.Parse("8"), _job.Budget().SpentEpsilon);
        Assert.Empty(_job.Leavings());
    }
#endif

    [Fact]
    public void Plan_Sips_SaysTheRounds()
    {
        var run = CommandLineRun.In(_job.Path, ["plan"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("select, round 2 of 3: keys not shown before, at least 2 units", run.Out, StringComparison.Ordinal);
        using var plan = JsonDocument.Parse(File.ReadAllText(_job["plan.json"]));
        Assert.Equal(3, plan.RootElement.GetProperty("rounds").GetArrayLength());
        Assert.Equal("sips", plan.RootElement.GetProperty("partitions").GetProperty("strategy").GetString());
    }
}
