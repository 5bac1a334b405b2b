using System.Numerics;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>
/// Merges what was set aside of one bucket, in one table where it fits, else in several: partitions by further bits of their hashes, and the distinct values of partitions that are too large even
/// then a slice at a time, of which the number alone is kept. Memory depends on the limit, not on the data.
/// </summary>
internal sealed class BucketMerge
{
    private const int MostParts = 1 << 12;
    private readonly IReadOnlyList<AccumulatorSpill> _spills;
    private readonly AccumulatorTable _table;
    private readonly long _limit;

    /// <summary>Prepares.</summary>
    /// <param name="spills">What the threads set aside.</param>
    /// <param name="table">Receives a part at a time.</param>
    /// <param name="limit">Bytes that a table may take.</param>
    public BucketMerge(IReadOnlyList<AccumulatorSpill> spills, AccumulatorTable table, long limit)
    {
        _spills = spills;
        _table = table;

        // Items take 8 bytes set aside, and up to 28 in a table.
        _limit = Math.Max(1 << 16, limit / 4);
    }

    /// <summary>Merges a bucket; <paramref name="merged"/> is called with the table complete, once or for one part after the other.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="merged">Takes the partitions of the table.</param>
    /// <param name="token">Stops the work.</param>
    public void Run(int bucket, Action merged, CancellationToken token)
    {
        var bytes = 0L;
        foreach (var spill in _spills)
        {
            bytes += spill.BytesOf(bucket);
        }

        var parts = PartsFor(bytes);
        if (_table.Items == 0 || parts == 1)
        {
            Merge(bucket, SpillSlice.Whole);
            _table.CountItems();
            merged();
            return;
        }

        var bytesOf = new long[parts];
        foreach (var spill in _spills)
        {
            spill.AddBytes(bucket, _table.Stored is null, bytesOf);
        }

        for (var part = 0; part < parts; part++)
        {
            token.ThrowIfCancellationRequested();
            var slices = PartsFor(bytesOf[part]);
            for (var slice = 0; slice < slices && bytesOf[part] > 0; slice++)
            {
                token.ThrowIfCancellationRequested();
                Merge(bucket, new SpillSlice(part, parts, slice, slices, false), slice == 0);
                _table.CountItems();
                _table.ForgetDistinct();
            }

            if (bytesOf[part] > 0)
            {
                merged();
            }
        }

        _table.Clear();
        foreach (var spill in _spills)
        {
            spill.Drop(bucket);
        }
    }

    private int PartsFor(long bytes) => (int)Math.Min(MostParts, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, (bytes + _limit - 1) / _limit)));

    private void Merge(int bucket, SpillSlice slice, bool clear = true)
    {
        if (clear)
        {
            _table.Clear();
        }

        foreach (var spill in _spills)
        {
            spill.MergeInto(bucket, _table, slice);
        }
    }
}
