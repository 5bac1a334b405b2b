using DpSpark.Core.Bounding;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>Accumulates rows that are units of their own: nothing to bound, nothing to spread.</summary>
internal sealed class RowsAsUnits
{
    private readonly RunAccumulator<FixedKey> _accumulator;
    private readonly KeyShape _shape;
    private readonly int _values;
    private readonly ulong[] _row;

    private readonly UnitProfile? _profile;

    public RowsAsUnits(StageSpec spec, bool bounded, RowFormat format, BoundKey key, UnitBucket bucket)
    {
        var table = bucket.Table;
        _profile = bucket.Profile;
        _accumulator = new RunAccumulator<FixedKey>(spec, bounded, default, table, key);
        _shape = format.PartitionShape;
        _values = format.Values;
        _row = new ulong[format.Stride];
    }

    public void Add(ContributionBatch batch)
    {
        Span<RowKey> key = [new RowKey(0, 0, 0)];
        var start = 0;
        for (var i = 0; i < batch.Length; i++)
        {
            for (var v = 0; v < _values; v++)
            {
                _row[2 + v] = (ulong)batch.Values[v][i];
            }

            if (_profile is not null)
            {
                _profile.Add(key, _row);
                continue;
            }

            var entry = _shape == KeyShape.Word
                ? _accumulator.Table.EntryOf(batch.Partitions[i])
                : _accumulator.Table.EntryOf(batch.Partitions[i], batch.PartitionBytes.Written[start..batch.PartitionEnds[i]]);
            start = _shape == KeyShape.Word ? 0 : batch.PartitionEnds[i];
            _accumulator.AddTo(entry, key, _row);
        }
    }
}
