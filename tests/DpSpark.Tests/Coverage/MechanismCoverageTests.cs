using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Tests.Engine.Planning;
using Xunit.Abstractions;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Coverage;

/// <summary>The 95 % intervals of every aggregate hold the number of the bounded data as often as they say, and are not much wider than they need to be.</summary>
/// <remarks>
/// 400 releases of each case, within five standard deviations of the limits; 10^4 and the limits themselves where DPSPARK_LONG is 1. All keys are fixed, so a run never differs from the one before.
/// </remarks>
public sealed class MechanismCoverageTests(ITestOutputHelper output)
{
    private const double Least = 0.943;

    private static readonly bool s_long = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1";

    private static readonly ExactDecimal[] s_edges = [.. new[] { "0", "10", "20", "40", "60" }.Select(Of)];

    /// <summary>Noise of scale 50 units and more: epsilon 0.05 for units in up to four partitions.</summary>
    private static readonly Dictionary<string, AggregateRequest[]> s_additive = new()
    {
        ["count"] = [Count("x")],
        ["privacy_id_count"] = [Units("x")],
        ["sum"] = [Sum("real", "-20", "60", "x")],
        ["sum by partition"] = [PartitionSum("whole", "0", "60", "x")],
        ["histogram"] = [Aggregate(AggregateKind.Histogram, "real", null) with { Edges = s_edges }],
        ["vector_sum"] = [new() { Kind = AggregateKind.VectorSum, Output = "x", Columns = ["real", "whole"], Norm = VectorNorm.L2, MaxNorm = Of("60"), Budget = Even }],
        ["count_distinct"] = [new() { Kind = AggregateKind.CountDistinct, Output = "x", Column = "whole", MaxValues = 1, Budget = Even }],
        ["count, sum, mean and variance together"] = [Count("n"), Sum("real", "0", "60", "s"), Mean("real", "0", "60", "m"), Aggregate(AggregateKind.Variance, "real", "v")],
    };

    private static readonly Dictionary<string, AggregateRequest[]> s_ratios = new()
    {
        ["mean"] = [Mean("real", "0", "60", "x")],
        ["variance"] = [Aggregate(AggregateKind.Variance, "real", null)],
        ["stddev"] = [Aggregate(AggregateKind.Stddev, "real", null)],
        ["covariance"] =
        [
            new() { Kind = AggregateKind.Covariance, Output = "x", Columns = ["real", "whole"], MinValues = [Of("0"), Of("0")], MaxValueList = [Of("60"), Of("60")], Budget = Even },
        ],
        ["count, sum, mean and variance together"] = [Count("n"), Sum("real", "0", "60", "s"), Mean("real", "0", "60", "m"), Aggregate(AggregateKind.Variance, "real", "v")],
    };

    private static readonly Dictionary<string, AggregateRequest[]> s_trees = new()
    {
        ["quantile"] = [Aggregate(AggregateKind.Quantile, "real", null) with { Ranks = [Of("0.25"), Of("0.5"), Of("0.9")] }],
        ["min"] = [Aggregate(AggregateKind.Min, "real", null)],
        ["max"] = [Aggregate(AggregateKind.Max, "real", null)],
        ["quantile, min and max beside a count"] =
            [Count("n"), Aggregate(AggregateKind.Quantile, "real", "q") with { Ranks = [Of("0.5")] }, Aggregate(AggregateKind.Min, "real", "low"), Aggregate(AggregateKind.Max, "real", "high")],
    };

    public static TheoryData<string, NoiseChoice> Additive => Cases(s_additive);

    public static TheoryData<string, NoiseChoice> Ratios => Cases(s_ratios);

    public static TheoryData<string, NoiseChoice> Trees => Cases(s_trees);

    private static int Releases => s_long ? 10_000 : 400;

    [Theory]
    [MemberData(nameof(Additive))]
    public void Release_NoiseOfFiftyUnitsAndMore_CoversAsOftenAsItSays(string name, NoiseChoice noise)
    {
        foreach (var (column, found) in Run(name, s_additive[name], noise, "0.05", 20_000))
        {
            bool isRatio = column is "m" or "v";
            Assert.True(found.Share >= Least - Slack(found) && (isRatio || found.Share <= 0.957 + Slack(found)), $"{name}, {noise}, {column}: {found.Share}");
        }
    }

    [Theory]
    [MemberData(nameof(Ratios))]
    public void Release_NumbersReadOffMoments_CoverAndAreNotTooWide(string name, NoiseChoice noise)
    {
        foreach (int values in new[] { 300, 5000 })
        {
            foreach (var (column, found) in Run(name, s_ratios[name], noise, "1", values))
            {
                Assert.True(found.Share >= Least - Slack(found), $"{name}, {noise}, {values}, {column}: {found.Share}");
                Assert.True(name != "mean" || found.Share <= 0.99 + (Slack(found) / 2), $"{name}, {noise}, {values}, {column}: {found.Share}");
                Assert.True(found.Width <= 2 * found.Shortest, $"{name}, {noise}, {values}, {column}: {found.Width} against {found.Shortest}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Trees))]
    public void Release_RanksReadOffTrees_CoverAndAreNotTooWide(string name, NoiseChoice noise)
    {
        foreach (var (column, found) in Run(name, s_trees[name], noise, "1", 4000))
        {
            Assert.True(found.Share >= Least - Slack(found), $"{name}, {noise}, {column}: {found.Share}");
            Assert.True(found.Width <= 2 * (found.Shortest + (60.0 / 4096)), $"{name}, {noise}, {column}: {found.Width} against {found.Shortest}");
        }
    }

    [Fact]
    public void Intervals_ThatAreTooNarrow_AreNoticed()
    {
        // Half of the half-width covers 78 % under Laplace noise; the checks above would see a tenth of that.
        var found = new IntervalCoverage();
        foreach (int i in Enumerable.Range(0, 400))
        {
            double error = i < 312 ? 0 : 2;
            found.Add(error, error - 1, error + 1, 0);
        }

        Assert.False(found.Share >= Least - found.Slack);
    }

    private static double Slack(IntervalCoverage found) => s_long ? 0 : found.Slack;

    private static AggregateRequest Aggregate(AggregateKind kind, string column, string? name) =>
        new() { Kind = kind, Output = name ?? "x", Column = column, MinValue = Of("0"), MaxValue = Of("60"), Budget = Even };

    private static TheoryData<string, NoiseChoice> Cases(Dictionary<string, AggregateRequest[]> all)
    {
        var cases = new TheoryData<string, NoiseChoice>();
        foreach (string name in all.Keys)
        {
            cases.Add(name, NoiseChoice.Laplace);
            cases.Add(name, NoiseChoice.Gaussian);
        }

        return cases;
    }

    private Dictionary<string, IntervalCoverage> Run(string name, AggregateRequest[] aggregates, NoiseChoice noise, string epsilon, int rows)
    {
        var request = Request(aggregates).Noisy(noise) with { Epsilon = Of(epsilon), ConfidenceLevel = Of("0.95") };
        var found = MechanismLayer.Run(request, Rows(rows), Releases);
        foreach (var (column, coverage) in found)
        {
            output.WriteLine(coverage.Row($"{name}{(found.Count > 1 ? $": {column}" : "")} | {noise} | {epsilon} | {rows}"));
        }

        return found;
    }

    /// <summary>Skewed values from 8 to 52, and whole ones that go with them.</summary>
    private static List<(double Real, double Whole)> Rows(int rows)
    {
        var random = new Random(rows);
        return [.. Enumerable.Range(0, rows).Select(_ => 8 + (26 * Math.Pow(random.NextDouble(), 0.7)) + (18 * Math.Pow(random.NextDouble(), 4))).Select(v => (v, Math.Round((v / 2) + (20 * random.NextDouble()))))];
    }
}
