using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Core.Stages.Spilling;
using DpSpark.Testing;

namespace DpSpark.Tests.Core.Stages.Items;

public sealed class BucketMergeTests
{
    private static readonly StageSpec s_spec = new()
    {
        Columns = [],
        UnitColumns = [],
        PartitionBy = [],
        RecordColumns = [],
        Accumulators = [new() { Kind = AccumulatorKind.Count }],
        Items = [new() { Kind = ItemKind.Leaf, Column = "x", Upper = 1, Leaves = 4096 }, new() { Kind = ItemKind.Distinct, Column = "x", MaxValues = 2 }],
        Nodes = [],
    };

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(1L)]
    public void Run_SeveralTables_GivesTheSameSumsLeavesAndNumbersWhateverTheLimit(long limit)
    {
        using var pool = new ChunkPool(1 << 20);
        var store = new CountingSpillStore();
        using var first = new AccumulatorSpill(pool, store);
        using var second = new AccumulatorSpill(pool, store);
        var random = new Random(3);
        var rows = new Dictionary<ulong, long>();
        var leaves = new Dictionary<(ulong, long), long>();
        var hashes = new HashSet<(ulong, ulong)>();
        foreach (var spill in new[] { first, second, first })
        {
            var table = new AccumulatorTable(s_spec, KeyShape.Word);
            for (var i = 0; i < 60_000; i++)
            {
                // One partition has nearly everything.
                var word = (ulong)(i % 50 == 0 ? random.Next(400) : 7);
                var (leaf, hash) = ((long)random.Next(4096), (ulong)random.NextInt64(60_000) * 0x9E3779B97F4A7C15UL);
                var entry = table.EntryOf(word);
                table.AddUnits(entry, 1);
                table.Values(entry)[0] += 2;
                table.AddItems(entry, 0, [ItemLog.Pack(leaf, 1)]);
                table.AddItems(entry, 1, [hash]);
                rows[word] = rows.GetValueOrDefault(word) + 2;
                leaves[(word, leaf)] = leaves.GetValueOrDefault((word, leaf)) + 1;
                hashes.Add((word, hash));
            }

            spill.Write(table);
        }

        var merged = new AccumulatorTable(s_spec, KeyShape.Word);
        var merge = new BucketMerge([first, second], merged, limit);
        var calls = 0;
        for (var bucket = 0; bucket < BucketWriter.Buckets; bucket++)
        {
            merge.Run(
                bucket,
                () =>
                {
                    calls++;
                    for (var entry = 0; entry < merged.Count; entry++)
                    {
                        var word = merged.Word(entry);
                        Assert.Equal(rows[word] / 2, merged.Units(entry));
                        Assert.Equal((rows[word], 0, hashes.Count(h => h.Item1 == word)), ((long)merged.Values(entry)[0], (long)merged.Values(entry)[1], (int)merged.Values(entry)[2]));
                        foreach (var item in merged.ItemsOf(entry, 0))
                        {
                            Assert.True(leaves.Remove((word, ItemLog.LeafOf(item)), out var count) && count == ItemLog.CountOf(item));
                        }

                        rows.Remove(word);
                    }
                },
                CancellationToken.None);
        }

        Assert.Empty(rows);
        Assert.Empty(leaves);
        Assert.Equal(limit > 1 ? BucketWriter.Buckets : calls, calls);
    }
}
