using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Engine.Planning;
using DpSpark.Testing;
using DpSpark.Tests.Engine.Planning;
using Xunit.Abstractions;

namespace DpSpark.Tests.Core.Stages.Items;

/// <summary>What is read off trees, at the layer of the mechanism: one data set, many partitions that hold it, each with noise of its own.</summary>
public sealed class TreeReleaseTests
{
    private readonly ITestOutputHelper _output;

    public TreeReleaseTests(ITestOutputHelper output) => _output = output;

    private static readonly bool s_long = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1";

    private static int Draws => s_long ? 10_000 : 400;

    [Theory]
    [InlineData(NoiseChoice.Gaussian, "whole", 300)]
    [InlineData(NoiseChoice.Gaussian, "real", 4000)]
    [InlineData(NoiseChoice.Laplace, "whole", 400)]
    [InlineData(NoiseChoice.Laplace, "real", 4000)]
    public void Release_ManyTimes_IntervalsCoverAndAreNotTooWide(NoiseChoice noise, string column, int values)
    {
        var request = Requests.Request(TreePlanTests.Quantile(column, "0", "60", "0.25", "0.5", "0.75"), TreePlanTests.Max(column, "0", "60"))
            .Bounded(4, 1, null).Noisy(noise) with
        { ConfidenceLevel = ExactDecimal.Parse("0.95") };
        var data = Skewed(values, column == "whole");
        double[] ranks = [0.25, 0.5, 0.75];

        var released = Release(request, data, Draws);

        for (var r = 0; r < ranks.Length; r++)
        {
            var truth = data[(int)Math.Ceiling(ranks[r] * values) - 1];
            var covered = released.Count(n => n[r].Low <= truth && truth <= n[r].High) / (double)Draws;
            var error = released.Select(n => Math.Abs(n[r].Value - truth)).Order().ElementAt((int)(0.95 * Draws));
            var width = released.Average(n => n[r].High - n[r].Low);

            // Five standard deviations of a share of Draws below 94.3 %.
            _output.WriteLine($"{noise} {column} rank {ranks[r]}: covered {covered}, width {width} against {2 * error}");
            Assert.True(covered >= 0.943 - (s_long ? 0 : 5 * Math.Sqrt(0.95 * 0.05 / Draws)), $"{noise} {column} rank {ranks[r]}: covered {covered}");
            Assert.True(width <= 2 * ((2 * error) + (column == "whole" ? 1 : 60.0 / 4096)), $"{noise} {column} rank {ranks[r]}: width {width} against {2 * error}");
            Assert.True(released.All(n => n[r].Low <= n[r].Value && n[r].Value <= n[r].High));
        }

        Assert.True(released.All(n => n[0].Value <= n[1].Value && n[1].Value <= n[2].Value && n[2].Value <= n[3].Value));
        Assert.True(released.Average(n => n[3].Value) is var top && top > data[(int)(0.8 * values)] && top <= 60);
    }

    [Fact]
    public void Release_MuchData_FindsTheQuantileWithinALeaf()
    {
        var request = Requests.Request(TreePlanTests.Quantile("real", "0", "60", "0.1", "0.5", "0.9")).Bounded(1, 1, null).Noisy(NoiseChoice.Gaussian) with { Epsilon = ExactDecimal.Parse("4") };
        var data = Skewed(200_000, whole: false);

        var released = Release(request, data, 20);

        foreach (var (rank, r) in new[] { (0.1, 0), (0.5, 1), (0.9, 2) })
        {
            var truth = data[(int)(rank * data.Length)];
            Assert.All(released, n => Assert.InRange(n[r].Value, truth - 0.05, truth + 0.05));
        }
    }

    [Fact]
    public void Release_NothingButNoise_StaysWithinTheBounds()
    {
        var request = Requests.Request(TreePlanTests.Quantile("real", "10", "60", "0", "0.5", "1"), TreePlanTests.Max("real", "10", "60")).Noisy(NoiseChoice.Gaussian) with { ConfidenceLevel = ExactDecimal.Parse("0.95") };

        var released = Release(request, [], 200);

        Assert.All(released.SelectMany(n => n), n => Assert.True(n.Value is >= 10 and <= 60 && n.Low >= 10 && n.High <= 60));
        Assert.InRange(released.Average(n => n[1].Value), 25, 45);
    }

    /// <summary>The peer's errors at the same budget: three quantiles alone, and together with count, privacy-id count, sum and mean.</summary>
    [SkippableTheory]
    [InlineData(false, 3.0, 2.9, 3.3)]
    [InlineData(true, 8.0, 5.8, 7.1)]
    public void Release_RestaurantDays_BeatsThePeerByAQuarter(bool together, double first, double second, double third)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var rows = File.ReadLines(SharedFiles.PathOf("data/restaurant/week_data.csv")).Skip(1).Select(l => l.Split(',')).DistinctBy(l => (l[0], l[4])).ToArray();
        AggregateRequest[] others = together ? [Requests.Count(), Requests.Units(), Requests.Sum("whole", "0", "60"), Requests.Mean("whole", "0", "60")] : [];
        var request = Requests.Request([TreePlanTests.Quantile("whole", "0", "60", "0.25", "0.5", "0.75"), .. others]).Bounded(7, 1, null).Noisy(NoiseChoice.Auto);
        var squares = new double[3];
        var releases = s_long ? 400 : 60;
        foreach (var day in rows.GroupBy(l => l[4]))
        {
            var data = day.Select(l => Math.Clamp(double.Parse(l[3]), 0, 60)).Order().ToArray();
            foreach (var numbers in Release(request, data, releases))
            {
                for (var r = 0; r < 3; r++)
                {
                    squares[r] += Math.Pow(numbers[r].Value - data[(int)Math.Ceiling((r + 1) * 0.25 * data.Length) - 1], 2);
                }
            }
        }

        var errors = squares.Select(s => Math.Sqrt(s / releases / 7)).ToArray();

        Assert.True(errors[0] <= 0.75 * first && errors[1] <= 0.75 * second && errors[2] <= 0.75 * third, string.Join(' ', errors));
        _output.WriteLine(string.Join(' ', errors));
    }

    private static double[] Skewed(int values, bool whole)
    {
        var random = new Random(values);
        return [.. Enumerable.Range(0, values).Select(_ => Math.Clamp(8 + (26 * Math.Pow(random.NextDouble(), 0.7)) + (18 * Math.Pow(random.NextDouble(), 4)), 0, 60)).Select(v => whole ? Math.Round(v) : v).Order()];
    }

    private static (double Value, double Low, double High)[][] Release(ReleaseRequest request, double[] data, int draws)
    {
        var plan = Planner.Plan(request);
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        var spec = plan.Spec;
        var item = spec.Items[0];
        var map = new LeafMap(item);
        var table = new AccumulatorTable(spec, KeyShape.Word);
        var entry = table.EntryOf(1);
        foreach (var value in data)
        {
            table.AddItems(entry, 0, [ItemLog.Pack(map.Of((long)Math.Round(Math.ScaleB(value, -item.Grid.BinaryExponent))), 1)]);
        }

        for (var i = 0; i < spec.Accumulators.Count; i++)
        {
            table.Values(entry)[i] = spec.Accumulators[i].Kind == AccumulatorKind.Count ? data.Length : 0;
        }

        table.CountItems();
        using var keys = new ReleaseKeys(spec, new byte[32], "coverage"u8);
        var stage = new ReleaseStage(keys, noisy: true);
        var numbers = new ReleasedNumber[spec.Nodes.Count];
        var released = new (double Value, double Low, double High)[draws][];
        for (var i = 0; i < draws; i++)
        {
            stage.TryRelease(BitConverter.GetBytes(i), data.Length, table.Values(entry), new PartitionItems(table, entry), numbers);
            released[i] = [.. numbers.Select(n => (BitConverter.Int64BitsToDouble(n.Value), BitConverter.Int64BitsToDouble(n.Low), BitConverter.Int64BitsToDouble(n.High)))];
        }

        return released;
    }
}
