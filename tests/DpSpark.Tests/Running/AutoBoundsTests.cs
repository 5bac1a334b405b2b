using System.Text.Json;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Tests.Running;

/// <summary>A job whose bounds are found by a first pass, from its manifest to its folder.</summary>
public sealed class AutoBoundsTests : IDisposable
{
    private const string Manifest = """
        version: 1
        name: visits
        source:
          csv: visits.csv
          columns: { who: string, day: int, spend: "decimal(9,2)" }
        privacy_unit:
          id: who
          max_partitions_contributed: { auto: { budget: 20% } }
          max_contributions_per_partition: { auto: { budget: { epsilon: "8" } } }
        partition_by: [day]
        keyset: { values: { day: [1, 2, 3, 4, 5, 6, 7] }, source: calendar }
        aggregates:
          - { count: "*", as: visits }
          - { sum: spend, auto: { budget: 20% }, as: total }
          - { mean: spend, auto: { budget: 20% }, as: average }
        privacy: { epsilon: "40", delta: "0", noise: laplace }
        output: { path: out/, format: csv, ci: 0.95 }
        ledger: { file: ledger.db, dataset: visits }

        """;

    private readonly JobFolder _job = new(Manifest);

    public AutoBoundsTests() =>
        // 200 visitors, each on 3 of 7 days with 2 rows a day of 10 to 50; one visitor far beyond all of it.
        _job.Write("visits.csv", "who,day,spend\n"
            + string.Concat(from v in Enumerable.Range(0, 200) from d in Enumerable.Range(0, 3) from r in Enumerable.Range(0, 2) select FormattableString.Invariant($"v{v},{1 + ((v + (2 * d)) % 7)},{10 + (v % 41)}.00\n"))
            + string.Concat(from d in Enumerable.Range(1, 7) from r in Enumerable.Range(0, 100) select FormattableString.Invariant($"whale,{d},9000.00\n")));

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Run_BoundsToFind_FindsWhatTheUnitsShowAndSpendsTheTotal()
    {
        var run = _job.Run();

        Assert.Equal((0, "released", 7), (run.Code, run.Json.GetProperty("outcome").GetString(), run.Json.GetProperty("rows").GetInt32()));
        Assert.Equal(ExactDecimal.Parse("40"), _job.Budget().SpentEpsilon);
        var found = Found();
        Assert.Equal(("1", "3"), found["max_partitions_contributed"]);
        Assert.Equal(("1", "2"), found["max_contributions_per_partition"]);
        Assert.Equal("0", found["total"].Lower);
        Assert.InRange(decimal.Parse(found["total"].Upper, System.Globalization.CultureInfo.InvariantCulture), 80, 128);
        Assert.InRange(decimal.Parse(found["average"].Upper, System.Globalization.CultureInfo.InvariantCulture), 40, 64);
    }

#if DEBUG
    [Fact]
    public void Run_KilledBetweenThePasses_FinishesOneReleaseWithTheSameBoundsAndNoise()
    {
        var between = CommandLineRun.Process(_job.Path, "kill:bounds-found", "run", "--temp", _job["tmp"]);
        CommandLineRun.Process(_job.Path, "kill:stage-written", "run", "--temp", _job["tmp"]);
        var first = PartFiles.Hash(Directory.EnumerateDirectories(_job.Path, ".out.staging-*").Single());
        Directory.Delete(Directory.EnumerateDirectories(_job.Path, ".out.staging-*").Single(), recursive: true);

        var after = _job.Run();

        Assert.True(between.Code is 137 or -1 or 9, between.Error);
        Assert.Equal((0, "released"), (after.Code, after.Json.GetProperty("outcome").GetString()));
        Assert.Equal(first, PartFiles.Hash(_job["out"]));
        Assert.Equal(ReleaseState.Committed, Assert.Single(_job.History()).State);
        Assert.Equal(ExactDecimal.Parse("40"), _job.Budget().SpentEpsilon);
        Assert.Empty(_job.Leavings());
    }
#endif

    [Fact]
    public void Run_TooFewUnits_EndsClearlyAndStaysSpent()
    {
        _job.Edit("epsilon: \"40\"", "epsilon: \"0.1\"");
        _job.Edit("{ epsilon: \"8\" }", "10%");

        var run = _job.Run();
        var again = _job.Run();

        Assert.Equal(1, run.Code);
        Assert.Contains("DPS6110", run.Json.GetProperty("diagnostics")[0].GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, again.Code);
        Assert.Equal(ExactDecimal.Parse("0.1"), _job.Budget().SpentEpsilon);
        Assert.False(Directory.Exists(_job["out"]));
    }

    [Fact]
    public void Plan_BoundsToFind_SaysWhatIsDecidedAndAtWhichCost()
    {
        var run = CommandLineRun.In(_job.Path, ["plan"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("First pass", run.Out, StringComparison.Ordinal);
        Assert.Contains("max_partitions_contributed: decides in how many partitions a unit counts", run.Out, StringComparison.Ordinal);
        Assert.Contains("first pass, total: epsilon 8, before all others", run.Out, StringComparison.Ordinal);
        Assert.Contains("epsilon 40, delta 0", run.Out, StringComparison.Ordinal);
    }

    private Dictionary<string, (string Lower, string Upper)> Found()
    {
        using var record = JsonDocument.Parse(File.ReadAllText(_job["out", "_release.json"]));
        return record.RootElement.GetProperty("automatic_bounds").EnumerateArray()
            .ToDictionary(b => b.GetProperty("node").GetString()!, b => (b.GetProperty("found")[0].GetString()!, b.GetProperty("found")[1].GetString()!));
    }
}
