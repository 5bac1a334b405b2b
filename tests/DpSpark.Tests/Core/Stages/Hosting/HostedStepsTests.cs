using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Flow;
using DpSpark.Tests.Engine.Local;

namespace DpSpark.Tests.Core.Stages.Hosting;

/// <summary>Two hosts, one truth: the steps on random slices give the local engine's table, row for row, noise included.</summary>
public sealed class HostedStepsTests
{
    public static TheoryData<int?, int?, int?> Bounds => new() { { 3, 2, null }, { 4, null, null }, { null, null, 7 }, { 3, 2, 9 }, { 2, 1, 4 } };

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_AnyKeyShape_EqualsTheLocalEngine(int? l0, int? lInf, int? l1)
    {
        foreach (var shape in Enumerable.Range(0, 8))
        {
            var test = Case(l0, lInf, l1, shape);
            var expected = test.LinesOf(test.Run(RunMode.Seeded));

            foreach (var input in new[] { StageInput.Source, StageInput.Projected })
            {
                var lines = test.LinesOf(new HostedRun(test, shape + 100, littleMemory: false).Release(input, noisy: true));

                Assert.Equal(expected, lines);
            }
        }
    }

    [Fact]
    public void Run_KeysShownBefore_AreLeftOutByBothHosts()
    {
        foreach (var shape in Enumerable.Range(0, 4))
        {
            var test = Case(3, 2, null, shape | 4) with { LeavesOut = true, Weights = shape < 2 };
            var expected = test.LinesOf(test.Run(RunMode.Seeded));

            Assert.Equal(test.ReferenceLines(), test.LinesOf(test.Run(RunMode.Bounded)));
            foreach (var input in new[] { StageInput.Source, StageInput.Projected })
            {
                Assert.Equal(expected, test.LinesOf(new HostedRun(test, shape, littleMemory: false).Release(input, noisy: true)));
                Assert.Equal(test.ReferenceLines(), test.LinesOf(new HostedRun(test, shape, littleMemory: true).Release(input, noisy: false)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void Run_OneHeavyUnitAndLittleMemory_SpillsAndEqualsTheReference(int? l0, int? lInf, int? l1)
    {
        foreach (var shape in new[] { 0, 3, 6 })
        {
            var test = Case(l0, lInf, l1, shape, heavyShare: 0.9);
            var run = new HostedRun(test, shape, littleMemory: true);

            var lines = test.LinesOf(run.Release(StageInput.Projected, noisy: false));

            Assert.Equal(test.ReferenceLines(), lines);
            Assert.True(run.Store.Created > 0);
        }
    }

    [Theory]
    [InlineData(3, null, true)]
    [InlineData(2, 3, false)]
    [InlineData(null, 2, false)]
    [InlineData(5, null, false)]
    public void Run_SumsMadeBeforeTheShuffle_EqualTheReference(int? l0, int? lInf, bool sums)
    {
        foreach (var shape in Enumerable.Range(0, 8))
        {
            var test = new EngineCase
            {
                L0 = l0,
                LInf = lInf,
                Sums = sums,
                TwoValues = sums,
                TextUnits = (shape & 1) != 0,
                TextPartitions = (shape & 2) != 0,
                Keyset = (shape & 4) != 0,
                Seed = shape,
            };

            var lines = test.LinesOf(new HostedRun(test, shape, littleMemory: false).Release(StageInput.Partial, noisy: false));

            Assert.Equal(test.ReferenceLines(), lines);
        }
    }

    private static EngineCase Case(int? l0, int? lInf, int? l1, int shape, double heavyShare = 0) => new()
    {
        L0 = l0,
        LInf = lInf,
        L1 = l1,
        TextUnits = (shape & 1) != 0,
        TextPartitions = (shape & 2) != 0,
        Keyset = (shape & 4) != 0,
        TwoValues = shape % 3 == 0,
        MaxValues = shape % 3 == 0 ? 2 : 0,
        Seed = shape + 10,
        HeavyShare = heavyShare,
    };
}
