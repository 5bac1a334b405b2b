using DpSpark.Core.Bounding;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>Bounds and accumulates the rows of one bucket: all rows of the units that fall into it. One instance serves one thread.</summary>
internal abstract class UnitBucket
{
    /// <summary>The thread's accumulators.</summary>
    public abstract AccumulatorTable Table { get; }

    /// <summary>The thread's histograms in a first pass; else null.</summary>
    public abstract UnitProfile? Profile { get; }

    /// <summary>Processes a block of rows in the bucket layout.</summary>
    /// <param name="rows">Rows as <see cref="RowFormat"/> lays them out.</param>
    /// <param name="usedBits">Leading hash bits of units that are equal for all rows.</param>
    public abstract void Process(ReadOnlySpan<ulong> rows, int usedBits);

    /// <summary>Processes one unit whose rows do not fit into memory.</summary>
    /// <param name="writer">Holds the rows.</param>
    /// <param name="bucket">The bucket that holds nothing else.</param>
    /// <param name="store">Where to spill.</param>
    /// <param name="pool">Memory.</param>
    /// <param name="token">Stops the work.</param>
    public abstract void ProcessHeavy(BucketWriter writer, int bucket, ISpillStore store, ChunkPool pool, CancellationToken token);

    /// <summary>To be called after the table was emptied.</summary>
    public abstract void TableEmptied();

    /// <summary>Makes the bucket processor for the key shapes of a release.</summary>
    public static UnitBucket Create(StageSpec spec, RowFormat format, bool bounded, BoundKey key, IReadOnlyList<byte[]>? keyset)
    {
        var table = new AccumulatorTable(spec, format.PartitionShape);
        if (format.UnitShape == KeyShape.Word)
        {
            var unit = ProjectStage.UnitKey(spec);
            return keyset is not null ? With(unit, new KeysetKey(keyset))
                : format.PartitionShape == KeyShape.Word ? With(unit, ProjectStage.PartitionKey(spec))
                : With(unit, new StoredKeys());
        }

        var units = new StoredKeys();
        return keyset is not null ? With(units, new KeysetKey(keyset))
            : format.PartitionShape == KeyShape.Word ? With(units, ProjectStage.PartitionKey(spec))
            : With(units, new StoredKeys());

        UnitBucket With<TUnit, TPartition>(TUnit unitKeys, TPartition partitionKeys)
            where TUnit : IKeyBytes
            where TPartition : IKeyBytes =>
            new UnitBucket<TUnit, TPartition>(spec, format, bounded, key, unitKeys, partitionKeys, table);
    }
}

/// <inheritdoc/>
internal sealed class UnitBucket<TUnit, TPartition> : UnitBucket
    where TUnit : IKeyBytes
    where TPartition : IKeyBytes
{
    private const long StoredPartitionsLimit = 64 * 1024 * 1024;

    private readonly RowFormat _format;
    private readonly StoredKeys? _units;
    private readonly StoredKeys? _partitions;
    private readonly RunAccumulator<TPartition> _accumulator;
    private readonly BoundStage<TUnit, TPartition> _stage;
    private readonly HeavyUnit<TUnit, TPartition> _heavy;
    private ulong[] _fixed = [];

    public UnitBucket(StageSpec spec, RowFormat format, bool bounded, BoundKey key, TUnit unitKeys, TPartition partitionKeys, AccumulatorTable table)
    {
        _format = format;
        _units = unitKeys as StoredKeys;
        _partitions = partitionKeys as StoredKeys;
        _accumulator = new RunAccumulator<TPartition>(spec, bounded, partitionKeys, table, key);
        _stage = new BoundStage<TUnit, TPartition>(spec, bounded, key, unitKeys, partitionKeys, _accumulator);
        _heavy = new HeavyUnit<TUnit, TPartition>(spec, bounded, key, unitKeys, partitionKeys, _stage, _accumulator);
    }

    /// <inheritdoc/>
    public override AccumulatorTable Table => _accumulator.Table;

    /// <inheritdoc/>
    public override UnitProfile? Profile => _accumulator.Profile;

    /// <inheritdoc/>
    public override void TableEmptied() => _accumulator.ForgetEntries();

    /// <inheritdoc/>
    public override void Process(ReadOnlySpan<ulong> rows, int usedBits)
    {
        if (_format.IsFixed)
        {
            _stage.Process(rows, usedBits);
            return;
        }

        _units?.Clear();
        if (_partitions is not null && _partitions.MemoryBytes > StoredPartitionsLimit)
        {
            _partitions.Clear();
            _accumulator.ForgetEntries();
        }

        _stage.Process(Localise(rows), _units is null ? usedBits : 0);
    }

    /// <inheritdoc/>
    public override void ProcessHeavy(BucketWriter writer, int bucket, ISpillStore store, ChunkPool pool, CancellationToken token)
    {
        _units?.Clear();
        var rows = new HeavyRows(writer, bucket, store, pool, _format.Stride, block => _format.IsFixed ? block : LocaliseBlock(block), token);
        foreach (var block in rows.Read())
        {
            _heavy.Process(block[0], rows);
            return;
        }
    }

    private ArraySegment<ulong> LocaliseBlock(ArraySegment<ulong> block)
    {
        var rows = Localise(block);
        return new ArraySegment<ulong>(_fixed, 0, rows.Length);
    }

    /// <summary>Replaces the bytes of units and partitions by numbers in this thread's stores.</summary>
    private ReadOnlySpan<ulong> Localise(ReadOnlySpan<ulong> rows)
    {
        var n = 0;
        for (var at = 0; at < rows.Length; at += (int)(uint)rows[at])
        {
            n++;
        }

        var stride = _format.Stride;
        if (_fixed.Length < n * stride)
        {
            _fixed = new ulong[(n + (n / 4)) * stride];
        }

        var to = 0;
        for (var at = 0; at < rows.Length; at += (int)(uint)rows[at])
        {
            var unitBytes = (int)(rows[at] >> 32);
            var partitionBytes = (int)rows[at + 1];
            var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows[(at + RowFormat.HeaderWords + _format.Values)..]);
            _fixed[to] = _units is null ? rows[at + 2] : (ulong)_units.IdOf(rows[at + 2], bytes[..unitBytes]);
            _fixed[to + 1] = _partitions is null ? rows[at + 3] : (ulong)_partitions.IdOf(rows[at + 3], bytes.Slice(unitBytes, partitionBytes));
            rows.Slice(at + RowFormat.HeaderWords, _format.Values).CopyTo(_fixed.AsSpan(to + 2));
            to += stride;
        }

        return _fixed.AsSpan(0, to);
    }
}
