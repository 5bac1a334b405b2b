using DpSpark.Engine.Flow;
using DpSpark.Testing;

namespace DpSpark.Tests.Engine.Local;

/// <summary>The columnar engine gives exactly what the plain reference gives, whatever the key shapes, bounds, order, threads and memory.</summary>
public sealed class LocalBackendTests
{
    public static TheoryData<int?, int?, int?> Bounds => new()
    {
        { 3, 2, null }, { 1, 1, null }, { 4, null, null }, { null, null, 7 }, { 3, 2, 9 }, { 100, 1000, null }, { 2, 3, 1 }, { null, 2, 20 },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_Bounded_EqualsReferenceForEveryKeyShape(int? l0, int? lInf, int? l1)
    {
        foreach (var shape in Enumerable.Range(0, 8))
        {
            var test = new EngineCase
            {
                L0 = l0,
                LInf = lInf,
                L1 = l1,
                TextUnits = (shape & 1) != 0,
                TextPartitions = (shape & 2) != 0,
                Keyset = (shape & 4) != 0,
                TwoValues = shape % 3 == 0,
                Seed = shape + 10,
            };

            var lines = test.LinesOf(test.Run(RunMode.Bounded));

            Assert.Equal(test.ReferenceLines(), lines);
        }
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_QuantilesAndDistinctValues_EqualsReferenceWithMuchAndLittleMemory(int? l0, int? lInf, int? l1)
    {
        foreach (var shape in new[] { 0, 3, 5, 6 })
        {
            var store = new CountingSpillStore();
            var test = new EngineCase
            {
                L0 = l0,
                LInf = lInf,
                L1 = l1,
                TextUnits = (shape & 1) != 0,
                TextPartitions = (shape & 2) != 0,
                Keyset = (shape & 4) != 0,
                TwoValues = true,
                MaxValues = 1 + (shape % 3 * 2),
                HeavyShare = 0.9,
                Rows = 12_000,
                Seed = shape + 50,
            };

            Assert.Equal(test.ReferenceLines(), test.LinesOf(test.Run(RunMode.Bounded)));
            Assert.Equal(test.ReferenceLines(), test.LinesOf(test.Run(RunMode.Bounded, threads: 3, shuffle: 5, rowBytes: 1, bucketBytes: 20_000, tableBytes: 1, store: store)));
            Assert.True(store.Created > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_CountsOnly_EqualsReference(int? l0, int? lInf, int? l1)
    {
        var test = new EngineCase { L0 = l0, LInf = lInf, L1 = l1, Sums = false };

        var lines = test.LinesOf(test.Run(RunMode.Bounded));

        Assert.Equal(test.ReferenceLines(), lines);
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_OneUnitWithNearlyEverythingAndLittleMemory_EqualsReference(int? l0, int? lInf, int? l1)
    {
        foreach (var text in new[] { false, true })
        {
            var store = new CountingSpillStore();
            var test = new EngineCase { L0 = l0, LInf = lInf, L1 = l1, TextUnits = text, TextPartitions = text, HeavyShare = 0.9, Rows = 12_000, TwoValues = text };

            var lines = test.LinesOf(test.Run(RunMode.Bounded, rowBytes: 1, bucketBytes: 20_000, tableBytes: 1, store: store));

            Assert.Equal(test.ReferenceLines(), lines);
            Assert.True(store.Created > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_WeightsOfUnits_EqualReferenceWithMuchAndLittleMemory(int? l0, int? lInf, int? l1)
    {
        foreach (var shape in new[] { 0, 1, 2, 3 })
        {
            var test = new EngineCase { L0 = l0, LInf = lInf, L1 = l1, TextUnits = shape > 1, TextPartitions = shape > 0, Sums = shape != 2, Weights = true, HeavyShare = 0.5, Rows = 6000, Seed = shape + 90 };

            Assert.Equal(test.ReferenceLines(), test.LinesOf(test.Run(RunMode.Bounded)));
            Assert.Equal(test.ReferenceLines(), test.LinesOf(test.Run(RunMode.Bounded, threads: 2, shuffle: 5, rowBytes: 1, bucketBytes: 20_000, tableBytes: 1)));
        }
    }

    [Fact]
    public void Run_BucketsLargerThanMemory_AreSpreadAgain()
    {
        var test = new EngineCase { L0 = 3, LInf = 2, Rows = 30_000, Units = 3000, Partitions = 300 };

        var lines = test.LinesOf(test.Run(RunMode.Bounded, rowBytes: 1, bucketBytes: 500, tableBytes: 1));

        Assert.Equal(test.ReferenceLines(), lines);
    }

    [Fact]
    public void Run_AnyOrderThreadsSplitsAndMemory_GivesTheSameTable()
    {
        var test = new EngineCase { L0 = 3, LInf = 2, TextPartitions = true };
        var expected = test.LinesOf(test.Run(RunMode.Seeded));

        foreach (var (threads, splits, shuffle, rowBytes) in new (int, int, int, long?)[] { (1, 1, 0, null), (2, 7, 1, null), (2, 50, 2, 1), (3, 2, 3, 1), (1, 50, 4, 1) })
        {
            var lines = test.LinesOf(test.Run(RunMode.Seeded, threads, splits, shuffle, rowBytes, rowBytes is null ? null : 3000, rowBytes is null ? null : 1));

            Assert.Equal(expected, lines);
        }
    }

    [Fact]
    public void Run_AnotherSecret_GivesAnotherTable()
    {
        var test = new EngineCase { L0 = 3, LInf = 2 };
        var first = test.LinesOf(test.Run(RunMode.Seeded));
        test.Secret[31] ^= 1;

        var second = test.LinesOf(test.Run(RunMode.Seeded));

        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Run_Raw_BoundsAndClampsNothing()
    {
        var test = new EngineCase { L0 = 1, LInf = 1, Sums = false };
        var unbounded = new EngineCase { Sums = false };

        var lines = test.LinesOf(test.Run(RunMode.Raw));

        Assert.Equal(unbounded.ReferenceLines(), lines);
        Assert.NotEqual(test.ReferenceLines(), lines);
    }
}
