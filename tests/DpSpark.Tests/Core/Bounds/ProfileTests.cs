using DpSpark.Core.Bounds;
using DpSpark.Core.Stages;

namespace DpSpark.Tests.Core.Bounds;

public sealed class ProfileTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(3, true)]
    [InlineData(24, false)]
    [InlineData(62, true)]
    public void Of_AnyNumber_IsTheBinAroundIt(int octaves, bool signed)
    {
        var bins = new ProfileBins(octaves, signed);
        var random = new Random(5);
        for (var bin = 0; bin < bins.Count; bin++)
        {
            Assert.Equal(bin, bins.Of(bins.Lower(bin) < 0 ? bins.Lower(bin) : bins.Upper(bin)));
            Assert.True(bins.Lower(bin) < bins.Upper(bin));
            Assert.True(bin == 0 || bins.Lower(bin) == bins.Upper(bin - 1));
        }

        for (var i = 0; i < 1000; i++)
        {
            var value = (long)(Math.Pow(2, random.NextDouble() * 63) * (random.Next(2) == 0 ? 1 : -1) * 0.99);
            var bin = bins.Of(value);
            var clamped = Math.Clamp(value, signed ? bins.Lower(0) : 0, bins.Upper(bins.Count - 1));
            Assert.True(clamped >= bins.Lower(bin) && clamped <= bins.Upper(bin));
        }
    }

    [Fact]
    public void Add_RandomUnits_PutsEachIntoOneBinOfEachHistogramInMemoryAndOutOfIt()
    {
        var spec = Spec();
        var random = new Random(7);
        var profile = new UnitProfile(spec);
        var heavy = new UnitProfile(spec);
        for (var unit = 0; unit < 300; unit++)
        {
            var before = profile.Counts.ToArray();
            var rows = Enumerable.Range(0, 1 + random.Next(12)).Select(_ => (Partition: (ulong)random.Next(5), Value: (long)random.Next(-3000, 9000))).OrderBy(r => r.Partition).ToList();
            var words = rows.SelectMany(r => new[] { (ulong)unit, r.Partition, (ulong)r.Value }).ToArray();

            profile.Add([.. rows.Select((r, i) => new RowKey((ulong)unit, r.Partition, 3 * i))], words);
            heavy.Add([.. words.Chunk(3).Reverse().Select(w => new ArraySegment<ulong>(w))], 3);

            var changes = profile.Counts.Zip(before, (a, b) => a - b).ToArray();
            var (first, expected) = (0, Expected(rows));
            for (var h = 0; h < spec.Profile!.Count; h++)
            {
                var bins = new ProfileBins(spec.Profile[h].Octaves, spec.Profile[h].IsSigned);
                var mine = changes.AsSpan(first, bins.Count).ToArray();
                Assert.Equal(1, mine[bins.Of(expected[h])]);
                Assert.Equal(1, mine.Count(c => c != 0));
                first += bins.Count;
            }
        }

        Assert.Equal(300, profile.Units);
        Assert.Equal(profile.Counts, heavy.Counts);
    }

    [Fact]
    public void Significant_NoiseAlone_ShowsNothing()
    {
        var bins = new ProfileBins(62, true);
        var random = new Random(11);
        for (var run = 0; run < 200; run++)
        {
            var counts = Enumerable.Range(0, bins.Count).Select(_ => Laplace(random, 10)).ToArray();

            Assert.Null(ProfileDecision.Significant(bins, counts, 10));
        }
    }

    [Fact]
    public void Values_HeavyTail_StopBeforeTheOutermostBinWhenNoiseCostsMore()
    {
        var bins = new ProfileBins(31, true);
        var counts = new double[bins.Count];
        for (var value = 1; value <= 100; value++)
        {
            counts[bins.Of(value)] += 1000;
        }

        counts[bins.Of(1_000_000)] = 2000;

        var quiet = ProfileDecision.Values(bins, counts, counts, 1, fromZero: true, noise: 10, contributions: 1);
        var loud = ProfileDecision.Values(bins, counts, counts, 1, fromZero: true, noise: 5000, contributions: 1);

        Assert.Equal((0, bins.Upper(bins.Of(1_000_000))), quiet);
        Assert.InRange(loud!.Value.Upper, 64, 112);
    }

    [Fact]
    public void Values_TwoHistograms_ReachFromTheLowestToTheHighest()
    {
        var bins = new ProfileBins(31, true);
        var low = new double[bins.Count];
        var high = new double[bins.Count];
        low[bins.Of(-50)] = 5000;
        high[bins.Of(30)] = 5000;

        var found = ProfileDecision.Values(bins, low, high, 1, fromZero: false, noise: 1, contributions: 1);

        Assert.Equal((bins.Lower(bins.Of(-50)), bins.Upper(bins.Of(30))), found);
    }

    [Theory]
    [InlineData(null, false, 4)]
    [InlineData(1.0, false, 50)]
    [InlineData(100.0, false, 4)]
    public void Count_FewUnitsWithMany_WeighsNoiseAgainstLoss(double? noise, bool root, long least)
    {
        var bins = new ProfileBins(10, false);
        var counts = new double[bins.Count];
        counts[bins.Of(4)] = 10_000;
        counts[bins.Of(50)] = 40;

        var bound = ProfileDecision.Count(bins, counts, 1, noise, root, 1);

        Assert.InRange(bound!.Value, least, least == 4 ? 4 : 64);
    }

    private static Int128[] Expected(List<(ulong Partition, long Value)> rows)
    {
        var sums = rows.GroupBy(r => r.Partition).Select(g => g.Sum(r => r.Value)).ToList();
        return
        [
            sums.Count, rows.GroupBy(r => r.Partition).Max(g => g.Count()), rows.Select(r => r.Value).OrderByDescending(Math.Abs).ThenByDescending(v => v).First(),
            rows.Min(r => r.Value), rows.Max(r => r.Value), sums.OrderByDescending(Math.Abs).ThenByDescending(v => v).First(),
        ];
    }

    private static StageSpec Spec() => new()
    {
        Columns = [new ColumnSpec { Name = "v", SourceName = "v", Type = ColumnType.Long }],
        UnitColumns = ["u"],
        PartitionBy = [],
        RecordColumns = ["v"],
        Accumulators = [],
        Nodes = [],
        Profile =
        [
            new ProfileSpec { Kind = ProfileKind.Partitions, Octaves = 3 },
            new ProfileSpec { Kind = ProfileKind.RowsPerPartition, Octaves = 4 },
            new ProfileSpec { Kind = ProfileKind.Magnitude, Column = "v", Octaves = 31, IsSigned = true },
            new ProfileSpec { Kind = ProfileKind.Lowest, Column = "v", Octaves = 31, IsSigned = true },
            new ProfileSpec { Kind = ProfileKind.Highest, Column = "v", Octaves = 31, IsSigned = true },
            new ProfileSpec { Kind = ProfileKind.PartitionSum, Column = "v", Octaves = 62, IsSigned = true },
        ],
    };

    private static double Laplace(Random random, double scale)
    {
        var u = random.NextDouble() - 0.5;
        return -scale * Math.Sign(u) * Math.Log(1 - (2 * Math.Abs(u)));
    }
}
