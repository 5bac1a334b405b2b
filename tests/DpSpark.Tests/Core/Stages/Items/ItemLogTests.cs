using DpSpark.Core.Stages.Items;

namespace DpSpark.Tests.Core.Stages.Items;

public sealed class ItemLogTests
{
    [Theory]
    [InlineData(9, 20_000)]
    [InlineData(5000, 20_000)]
    [InlineData(1 << 20, 30_000)]
    public void Compact_LeavesOfManyEntries_AddsTheirCounts(int leaves, int items)
    {
        var random = new Random(leaves);
        var log = new ItemLog(new ItemSpec { Kind = ItemKind.Leaf, Column = "x", Upper = 1, Leaves = leaves });
        var expected = new Dictionary<(int, long), long>();
        for (var i = 0; i < items; i++)
        {
            var (entry, leaf, count) = (random.Next(40), (long)random.Next(leaves), random.Next(1, 4));
            expected[(entry, leaf)] = expected.GetValueOrDefault((entry, leaf)) + count;
            log.Add(entry, ItemLog.Pack(leaf, count));
        }

        log.Compact();

        var found = Enumerable.Range(0, 45).SelectMany(e => log.Of(e).ToArray().Select(w => ((e, ItemLog.LeafOf(w)), ItemLog.CountOf(w)))).ToArray();
        Assert.Equal(expected.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)), found);
    }

    [Fact]
    public void Compact_HashesOfManyEntries_KeepsEachOnce()
    {
        var random = new Random(1);
        var log = new ItemLog(new ItemSpec { Kind = ItemKind.Distinct, Column = "x", MaxValues = 3 });
        var expected = new SortedSet<(int, ulong)>();
        for (var i = 0; i < 50_000; i++)
        {
            var (entry, hash) = (random.Next(10), (ulong)random.NextInt64(500) << 50);
            expected.Add((entry, hash));
            log.Add(entry, hash);
        }

        log.Compact();

        Assert.Equal(expected, Enumerable.Range(0, 10).SelectMany(e => log.Of(e).ToArray().Select(w => (e, w))));
    }

    [Fact]
    public void LeafMap_EveryValue_IsTheExactQuotientAndComesBack()
    {
        foreach (var (lower, upper, leaves) in new[] { (-3L, 3L, 7L), (0, 60, 61), (-1000, 999, 64), (0, 1L << 36, 4096), (-(1L << 62), 1L << 62, 4096), (5, 6, 2) })
        {
            var map = new LeafMap(new ItemSpec { Kind = ItemKind.Leaf, Column = "x", Lower = lower, Upper = upper, Leaves = leaves });
            var random = new Random(7);
            for (var i = 0; i < 2000; i++)
            {
                var k = i switch { 0 => lower, 1 => upper, _ => (long)(lower + (Int128)(random.NextDouble() * (double)((Int128)upper - lower))) };
                k = Math.Clamp(k, lower, upper);
                var exact = (long)Int128.Min(leaves - 1, ((Int128)k - lower) * leaves / ((Int128)upper - lower));

                var leaf = map.Of(k);

                Assert.Equal(exact, leaf);
                Assert.InRange(k, (long)map.First(leaf), (long)map.Last(leaf));
            }
        }
    }
}
