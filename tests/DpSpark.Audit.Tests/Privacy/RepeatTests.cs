using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>What an attacker gains from seeing a task twice, or two numbers of one release: nothing. Repeats redraw the same bits, everything else is independent.</summary>
public sealed class RepeatTests
{
    private const int Releases = 4000;

    /// <summary>Units, rows, sums with different clamps of one column, a mean; all on two keys without data, so that what is released is noise alone.</summary>
    private static readonly ReleaseRequest s_request = Request(
        2,
        2,
        2,
        Aggregate(AggregateKind.PrivacyIdCount, "units"),
        Aggregate(AggregateKind.Count, "rows"),
        Aggregate(AggregateKind.Sum, "narrow", "real", "0", "4"),
        Aggregate(AggregateKind.Sum, "wide", "real", "0", "8"),
        PartitionSum("clamped", "real", "0", "8"));

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Release_SameKeyTwice_GivesTheSameBits(NoiseChoice choice)
    {
        var plan = Plan(choice);
        var source = Source([.. Crowd(1, 9, 1.5), .. Crowd(2, 4, 0.1)]);

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(Numbers(plan, source, i), Numbers(plan, source, i));
            Assert.NotEqual(Numbers(plan, source, i), Numbers(plan, source, i + 50));
        }
    }

    [Fact]
    public void Release_SelectedKeysUnderOneKey_AreTheSameKeys()
    {
        var plan = Planner.Plan(Request(0, 1, 1, Aggregate(AggregateKind.Count, "n")).Private(SelectionStrategy.TruncatedGeometric, "0.1"));
        var source = Source([.. Enumerable.Range(1, 200).SelectMany(k => Crowd(k, 2))]);
        static long[] Shown(Arrow.RecordBatch table) => table.Columns[0].ValuesAs<long>()[..table.Length].ToArray();

        for (var i = 0; i < 20; i++)
        {
            var first = Shown(Release(plan, source, Key("keys", i)));

            Assert.Equal(first, Shown(Release(plan, source, Key("keys", i))));
            Assert.NotEqual(first, Shown(Release(plan, source, Key("keys", i + 20))));
        }
    }

    /// <remarks>
    /// Spearman's correlation of 4000 releases between any two numbers, and between a number and itself one release later; under independence z = r sqrt(n - 1) is standard normal.
    /// 55 pairs and 10 lags; |z| below 6 in all: false alarms below 65 · 2e-9. Power: a correlation of 0.2 is z = 12.6 and missed with less than 1e-9; noise that is shared has r = 1.
    /// </remarks>
    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Release_AnyTwoNumbers_HaveIndependentNoise(NoiseChoice choice)
    {
        var plan = Plan(choice);
        var source = Source([]);
        var tables = Tables(plan);
        var columns = Enumerable.Range(0, 2 * plan.Spec.Nodes.Count).Select(_ => new double[Releases]).ToArray();

        for (var i = 0; i < Releases; i++)
        {
            var numbers = Numbers(plan, source, i);
            for (var c = 0; c < columns.Length; c++)
            {
                columns[c][i] = numbers[c];
            }
        }

        GC.KeepAlive(tables);
        var ranks = Array.ConvertAll(columns, Ranks);
        for (var a = 0; a < ranks.Length; a++)
        {
            for (var b = 0; b < a; b++)
            {
                Assert.InRange(Z(ranks[a], ranks[b]), -6, 6);
            }

            Assert.InRange(Z(ranks[a][1..], ranks[a][..^1]), -6, 6);
            Assert.True(Z(ranks[a], ranks[a]) > 60);
        }
    }

    [Fact]
    public void Release_OneColumnWithTwoClamps_CarriesDifferentNoise()
    {
        var plan = Plan(NoiseChoice.Laplace);
        var source = Source([]);
        var scales = plan.Spec.Nodes.ToDictionary(n => n.Output, n => n.Draws[0].StandardDeviation);

        // Noise of one stream with two scales would be the same number in units of its scale.
        for (var i = 0; i < 100; i++)
        {
            var table = Release(plan, source, Key("clamps", i));
            var narrow = ValueOf(table, "narrow", 1) / scales["narrow"];

            Assert.False(Math.Abs(narrow - (ValueOf(table, "wide", 1) / scales["wide"])) < 1e-6 * Math.Abs(narrow));
            Assert.False(Math.Abs(narrow - (ValueOf(table, "clamped", 1) / scales["clamped"])) < 1e-6 * Math.Abs(narrow));
            Assert.False(Math.Abs(narrow - (ValueOf(table, "narrow", 2) / scales["narrow"])) < 1e-6 * Math.Abs(narrow));
        }
    }

    private static ReleasePlan Plan(NoiseChoice choice) => Planner.Plan(choice == NoiseChoice.Gaussian ? s_request.Gaussian("1e-6") : s_request);

    private static double[] Numbers(ReleasePlan plan, Testing.MemorySource source, int release)
    {
        var table = Release(plan, source, Key("repeat", release));
        return [.. plan.Spec.Nodes.SelectMany(n => new[] { ValueOf(table, n.Output, 1), ValueOf(table, n.Output, 2) })];
    }

    /// <summary>Ranks centred on 0; ties are broken by a fixed shuffle, which keeps them independent.</summary>
    private static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        new Random(values.Length).Shuffle(order);
        var keys = Array.ConvertAll(order, i => values[i]);
        Array.Sort(keys, order);
        var ranks = new double[values.Length];
        for (var r = 0; r < order.Length; r++)
        {
            ranks[order[r]] = r - ((values.Length - 1) / 2.0);
        }

        return ranks;
    }

    private static double Z(double[] a, double[] b)
    {
        var (sum, squaresA, squaresB) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
            squaresA += a[i] * a[i];
            squaresB += b[i] * b[i];
        }

        return sum / Math.Sqrt(squaresA * squaresB) * Math.Sqrt(a.Length - 1);
    }
}
