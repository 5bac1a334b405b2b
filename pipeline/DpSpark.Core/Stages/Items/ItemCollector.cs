using System.Runtime.CompilerServices;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Items;

/// <summary>Turns the kept rows of one unit in one partition into items of that partition.</summary>
/// <remarks>
/// Guarantee: one unit adds at most L-infinity leaves to a partition, and at most <see cref="ItemSpec.MaxValues"/> distinct values, chosen by the smallest keyed rank of (unit, partition, value):
/// a function of that unit's rows and the key alone. Source: dp-math.md 2.3, 3.6, 3.8. One instance serves one thread.
/// </remarks>
internal sealed class ItemCollector<TPartition>
    where TPartition : IKeyBytes
{
    private readonly Slot[] _slots;
    private readonly SipHash24 _value;
    private readonly TPartition _partitionKeys;
    private readonly AccumulatorTable _table;
    private readonly bool _bounded;
    private SipHash24 _unit;
    private ulong[] _hashes = new ulong[16];
    private ulong[] _ranks = [];

    public ItemCollector(StageSpec spec, bool bounded, BoundKey key, TPartition partitionKeys, AccumulatorTable table)
    {
        _bounded = bounded;
        _partitionKeys = partitionKeys;
        _table = table;
        _value = key.Begin(BoundStep.Value);
        _slots = new Slot[spec.Items.Count];
        for (var i = 0; i < _slots.Length; i++)
        {
            var item = spec.Items[i];
            _slots[i] = SlotOf(spec, item);
            RanksValues |= item.Kind == ItemKind.Distinct && bounded;
        }
    }

    /// <summary>Whether <see cref="BeginUnit"/> is needed.</summary>
    public bool RanksValues { get; }

    /// <summary>Starts a unit.</summary>
    /// <param name="state">Rank after the step <see cref="BoundStep.Distinct"/> and the unit.</param>
    public void BeginUnit(SipHash24 state) => _unit = state;

    public void Add(int entry, ulong partition, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Kind == ItemKind.Leaf)
            {
                AddLeaves(_slots[i], _table.Log(i), entry, rows, words);
            }
            else
            {
                AddDistinct(_slots[i], _table.Log(i), entry, partition, rows, words);
            }
        }
    }

    /// <summary>Open items of a run that is too long to be held in memory.</summary>
    public OpenItems Open() => new(_slots.Length);

    /// <summary>Adds one row of such a run.</summary>
    public void AddOpen(OpenItems open, int entry, ulong partition, ReadOnlySpan<ulong> row)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            ref readonly var slot = ref _slots[i];
            if (slot.Kind == ItemKind.Leaf)
            {
                _table.Log(i).Add(entry, ItemLog.Pack(slot.Leaves.Of(slot.Grid.Clamped((long)row[slot.Offset])), 1));
                continue;
            }

            var hash = HashOf(row[slot.Offset]);
            if (!_bounded)
            {
                _table.Log(i).Add(entry, hash);
                continue;
            }

            open.Offer(i, RankOf(partition, hash), hash, slot.MaxValues);
        }
    }

    /// <summary>Adds what was kept of such a run.</summary>
    public void Close(OpenItems open, int entry)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            foreach (var (_, hash) in open.Kept(i))
            {
                _table.Log(i).Add(entry, hash);
            }
        }
    }

    private static void AddLeaves(in Slot slot, ItemLog log, int entry, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        foreach (ref readonly var row in rows)
        {
            log.Add(entry, ItemLog.Pack(slot.Leaves.Of(slot.Grid.Clamped((long)words[row.At + slot.Offset])), 1));
        }
    }

    private void AddDistinct(in Slot slot, ItemLog log, int entry, ulong partition, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        if (_hashes.Length < rows.Length)
        {
            _hashes = new ulong[rows.Length * 2];
        }

        var hashes = _hashes.AsSpan(0, rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            hashes[i] = HashOf(words[rows[i].At + slot.Offset]);
        }

        hashes.Sort();
        var distinct = 0;
        for (var i = 0; i < hashes.Length; i++)
        {
            if (i == 0 || hashes[i] != hashes[i - 1])
            {
                hashes[distinct++] = hashes[i];
            }
        }

        hashes = hashes[..distinct];
        if (_bounded && distinct > slot.MaxValues)
        {
            hashes = KeepSmallest(hashes, partition, slot.MaxValues);
        }

        foreach (var hash in hashes)
        {
            log.Add(entry, hash);
        }
    }

    private Span<ulong> KeepSmallest(Span<ulong> hashes, ulong partition, int keep)
    {
        if (_ranks.Length < hashes.Length)
        {
            _ranks = new ulong[hashes.Length * 2];
        }

        var ranks = _ranks.AsSpan(0, hashes.Length);
        for (var i = 0; i < hashes.Length; i++)
        {
            ranks[i] = RankOf(partition, hashes[i]);
        }

        ranks.Sort(hashes);

        // Equal ranks of different values have probability 2^-64 a pair; then the smaller hash goes first, as in OpenItems.
        for (var i = 1; i < ranks.Length; i++)
        {
            for (var j = i; j > 0 && ranks[j] == ranks[j - 1] && hashes[j] < hashes[j - 1]; j--)
            {
                (hashes[j], hashes[j - 1]) = (hashes[j - 1], hashes[j]);
            }
        }

        return hashes[..keep];
    }

    private ulong RankOf(ulong partition, ulong hash)
    {
        var state = _unit;
        _partitionKeys.AppendTlv(ref state, partition);
        state.AppendWord(hash);
        return state.Finish();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong HashOf(ulong word)
    {
        var state = _value;
        state.AppendWord(word);
        return state.Finish();
    }

    private static Slot SlotOf(StageSpec spec, ItemSpec item)
    {
        var (offset, column) = RecordColumn.Find(spec, item.Column);
        return item.Kind == ItemKind.Leaf
            ? new Slot(item.Kind, offset, new ValueGrid(column, item.Grid, item.Lower, item.Upper), new LeafMap(item), 0)
            : new Slot(item.Kind, offset, default, default, item.MaxValues);
    }

    private readonly record struct Slot(ItemKind Kind, int Offset, ValueGrid Grid, LeafMap Leaves, int MaxValues);
}

/// <summary>The distinct values of one unit in one partition that have the smallest ranks so far, per item list.</summary>
internal sealed class OpenItems(int lists)
{
    private readonly SortedSet<(ulong Rank, ulong Hash)>?[] _kept = new SortedSet<(ulong Rank, ulong Hash)>?[lists];

    public void Offer(int list, ulong rank, ulong hash, int keep)
    {
        var kept = _kept[list] ??= [];
        if (kept.Count == keep && kept.Max.CompareTo((rank, hash)) < 0)
        {
            return;
        }

        kept.Add((rank, hash));
        if (kept.Count > keep)
        {
            kept.Remove(kept.Max);
        }
    }

    public IEnumerable<(ulong Rank, ulong Hash)> Kept(int list) => _kept[list] ?? [];
}
