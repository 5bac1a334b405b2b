using System.Runtime.CompilerServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Adds the kept rows of one unit in one partition to that partition's accumulator (step 3).</summary>
/// <typeparam name="TPartition">How the bytes of partitions are found.</typeparam>
/// <remarks>One instance serves one thread. Sums are exact integers on the plan's grid; their order does not matter.</remarks>
public sealed class RunAccumulator<TPartition>
    where TPartition : IKeyBytes
{
    private readonly Slot[] _slots;
    private readonly StoredKeys? _local;
    private readonly bool _clamps;
    private int[] _entryOf = [];
    private int _entriesKnown;

    /// <summary>Prepares the step.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="clamps">False for raw test runs: values are not clamped.</param>
    /// <param name="partitionKeys">Bytes of partitions; where they are <see cref="StoredKeys"/>, partition words are numbers in it.</param>
    /// <param name="table">Receives the sums.</param>
    public RunAccumulator(StageSpec spec, bool clamps, TPartition partitionKeys, AccumulatorTable table)
    {
        Table = table;
        _clamps = clamps;
        _local = partitionKeys as StoredKeys;
        _slots = new Slot[spec.Accumulators.Count];
        for (var i = 0; i < _slots.Length; i++)
        {
            var accumulator = spec.Accumulators[i];
            _slots[i] = accumulator.Kind == AccumulatorKind.Count
                ? new Slot(accumulator.Kind, 0, default)
                : SlotOf(spec, accumulator);
        }
    }

    /// <summary>The accumulators.</summary>
    public AccumulatorTable Table { get; }

    /// <summary>Forgets which local partition number is which entry: after the table was emptied or the local keys changed.</summary>
    public void ForgetEntries()
    {
        if (_entriesKnown > 0)
        {
            Array.Clear(_entryOf, 0, Math.Min(_entryOf.Length, _entriesKnown));
            _entriesKnown = 0;
        }
    }

    /// <summary>Adds one unit's kept rows of one partition.</summary>
    /// <param name="partition">The partition's word.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="words">The rows' words.</param>
    public void Add(ulong partition, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        AddTo(_local is null ? Table.EntryOf(partition) : LocalEntry((int)partition), rows, words);
    }

    /// <summary>Adds one unit's kept rows to an entry of the table.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="words">The rows' words.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddTo(int entry, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        Table.AddUnits(entry, 1);
        var sums = Table.Values(entry);
        for (var i = 0; i < _slots.Length; i++)
        {
            ref readonly var slot = ref _slots[i];
            switch (slot.Kind)
            {
                case AccumulatorKind.Count:
                    sums[i] += rows.Length;
                    break;
                case AccumulatorKind.Sum when _clamps:
                    sums[i] += SumClamped(slot, rows, words);
                    break;
                default:
                    var sum = Int128.Zero;
                    foreach (ref readonly var row in rows)
                    {
                        sum += slot.Grid.Unclamped((long)words[row.At + slot.Offset]);
                    }

                    sums[i] += !_clamps || slot.Kind == AccumulatorKind.Sum ? sum : Int128.Clamp(sum, slot.Grid.Lower, slot.Grid.Upper);
                    break;
            }
        }
    }

    /// <summary>Adds one row to sums that are still open, for a run too long to be held in memory; <see cref="Close"/> adds them to the table.</summary>
    /// <param name="open">One sum per accumulator.</param>
    /// <param name="row">The row's words: unit, partition, values.</param>
    public void AddOpen(Span<Int128> open, ReadOnlySpan<ulong> row)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            ref readonly var slot = ref _slots[i];
            open[i] += slot.Kind == AccumulatorKind.Count ? 1
                : slot.Kind == AccumulatorKind.Sum && _clamps ? slot.Grid.Clamped((long)row[slot.Offset])
                : slot.Grid.Unclamped((long)row[slot.Offset]);
        }
    }

    /// <summary>Adds the open sums of one unit in one partition to the table.</summary>
    /// <param name="partition">The partition's word.</param>
    /// <param name="open">One sum per accumulator.</param>
    /// <param name="maxRows">Rows that count at most.</param>
    public void Close(ulong partition, ReadOnlySpan<Int128> open, int maxRows)
    {
        var entry = _local is null ? Table.EntryOf(partition) : LocalEntry((int)partition);
        Table.AddUnits(entry, 1);
        var sums = Table.Values(entry);
        for (var i = 0; i < _slots.Length; i++)
        {
            ref readonly var slot = ref _slots[i];
            sums[i] += slot.Kind switch
            {
                AccumulatorKind.Count => Int128.Min(open[i], maxRows),
                AccumulatorKind.PartitionSum when _clamps => Int128.Clamp(open[i], slot.Grid.Lower, slot.Grid.Upper),
                _ => open[i],
            };
        }
    }

    private static Int128 SumClamped(in Slot slot, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        if (slot.IsNarrow && rows.Length < 1 << 20)
        {
            long narrow = 0;
            foreach (ref readonly var row in rows)
            {
                narrow += slot.Grid.Clamped((long)words[row.At + slot.Offset]);
            }

            return narrow;
        }

        var sum = Int128.Zero;
        foreach (ref readonly var row in rows)
        {
            sum += slot.Grid.Clamped((long)words[row.At + slot.Offset]);
        }

        return sum;
    }

    private int LocalEntry(int id)
    {
        if (id >= _entryOf.Length)
        {
            Array.Resize(ref _entryOf, Math.Max(64, Math.Max(id + 1, 2 * _entryOf.Length)));
        }

        _entriesKnown = Math.Max(_entriesKnown, id + 1);
        if (_entryOf[id] == 0)
        {
            _entryOf[id] = Table.EntryOf(_local!.Hash(id), _local.Key(id)) + 1;
        }

        return _entryOf[id] - 1;
    }

    private static Slot SlotOf(StageSpec spec, AccumulatorSpec accumulator)
    {
        for (var i = 0; i < spec.RecordColumns.Count; i++)
        {
            if (spec.RecordColumns[i] != accumulator.Column)
            {
                continue;
            }

            foreach (var column in spec.Columns)
            {
                if (column.Name == accumulator.Column)
                {
                    return new Slot(accumulator.Kind, 2 + i, new ValueGrid(column, accumulator.Grid, accumulator.Lower, accumulator.Upper));
                }
            }
        }

        throw new InvalidOperationException("DPS9004: an accumulator's column is not among the record columns.");
    }

    /// <summary>An accumulator: its kind, where its column is in a row, and its grid.</summary>
    private readonly record struct Slot(AccumulatorKind Kind, int Offset, ValueGrid Grid)
    {
        /// <summary>Whether 2^20 clamped values fit 64 bits.</summary>
        public bool IsNarrow { get; } = Math.Max(Math.Abs(Grid.Lower), Math.Abs(Grid.Upper)) <= 1L << 42;
    }
}
