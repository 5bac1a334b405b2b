using System.Runtime.CompilerServices;
using DpSpark.Core.Keys;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>One accumulator per partition: the number of units and the exact integer sums of a plan. Merging is integer addition, so order and slicing cannot change a result.</summary>
/// <remarks>Partitions are words or stored bytes, by <see cref="KeyShape"/>. Not thread safe: one table a thread.</remarks>
public sealed class AccumulatorTable
{
    private readonly int _sums;
    private readonly ItemLog[] _logs;
    private readonly bool[] _counted;
    private readonly StoredKeys? _stored;
    private ulong[] _keys;
    private long[] _units;
    private Int128[] _values;
    private int[] _table;
    private int _count;

    /// <summary>Makes an empty table.</summary>
    /// <param name="sums">Sums per partition, besides the number of units.</param>
    /// <param name="shape">How partitions are carried.</param>
    public AccumulatorTable(int sums, KeyShape shape)
        : this(sums, [], shape)
    {
    }

    /// <summary>Makes an empty table for a release.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="shape">How partitions are carried.</param>
    public AccumulatorTable(StageSpec spec, KeyShape shape)
        : this(spec.Accumulators.Count + spec.Items.Count, spec.Items, shape)
    {
    }

    private AccumulatorTable(int sums, IReadOnlyList<ItemSpec> items, KeyShape shape)
    {
        _logs = new ItemLog[items.Count];
        _counted = new bool[items.Count];
        for (var i = 0; i < _logs.Length; i++)
        {
            _logs[i] = new ItemLog(items[i]);
            _counted[i] = items[i].Kind == ItemKind.Distinct;
        }

        _sums = sums;
        _stored = shape == KeyShape.Bytes ? new StoredKeys() : null;
        _keys = new ulong[64];
        _units = new long[64];
        _values = new Int128[64 * sums];
        _table = new int[128];
    }

    /// <summary>Number of partitions.</summary>
    public int Count => _stored?.Count ?? _count;

    /// <summary>Sums per partition.</summary>
    public int Sums => _sums;

    /// <summary>Bytes held.</summary>
    public long MemoryBytes => (16L * _units.Length) + (16L * _values.Length) + (4L * _table.Length) + (_stored?.MemoryBytes ?? 0);

    /// <summary>Keys of the partitions, where they are stored as bytes.</summary>
    public StoredKeys? Stored => _stored;

    /// <summary>Word of a partition.</summary>
    /// <param name="entry">Number of the entry.</param>
    public ulong Word(int entry) => _stored is null ? _keys[entry] : (ulong)entry;

    /// <summary>Units of a partition.</summary>
    /// <param name="entry">Number of the entry.</param>
    public long Units(int entry) => _units[entry];

    /// <summary>Sums of a partition.</summary>
    /// <param name="entry">Number of the entry.</param>
    public Span<Int128> Values(int entry) => _values.AsSpan(entry * _sums, _sums);

    /// <summary>Counts units into a partition.</summary>
    /// <param name="entry">Number of the entry.</param>
    /// <param name="units">How many more.</param>
    public void AddUnits(int entry, long units) => _units[entry] += units;

    /// <summary>Number of item lists.</summary>
    internal int Items => _logs.Length;

    /// <summary>Whether the items of a list are hashes of distinct values.</summary>
    internal bool IsDistinct(int item) => _counted[item];

    /// <summary>Forgets the distinct values, whose numbers were added to the sums.</summary>
    internal void ForgetDistinct()
    {
        for (var i = 0; i < _logs.Length; i++)
        {
            if (_counted[i])
            {
                _logs[i].Clear();
            }
        }
    }

    /// <summary>The items of all partitions of one list.</summary>
    internal ItemLog Log(int item) => _logs[item];

    /// <summary>Adds items that come from elsewhere.</summary>
    internal void AddItems(int entry, int item, ReadOnlySpan<ulong> words)
    {
        var log = _logs[item];
        foreach (var word in words)
        {
            if (!log.Has(word))
            {
                throw new DpSparkException("DPS6405", ExitCodes.Bug, "An item is not one of this release.", "The plan around the release step changed the rows.", ["Please report this."]);
            }

            log.Add(entry, word);
        }
    }

    /// <summary>The combined items of an entry; <see cref="CombineItems"/> comes first.</summary>
    internal ReadOnlySpan<ulong> ItemsOf(int entry, int item) => _logs[item].Of(entry);

    /// <summary>Whether the table should be set aside.</summary>
    internal bool IsLarge(long bytes) => (MemoryBytes > bytes && Count > 64) || ItemsExceed(bytes);

    /// <summary>Whether the items, combined, need more than half of so many bytes.</summary>
    internal bool ItemsExceed(long bytes)
    {
        var used = 0L;
        foreach (var log in _logs)
        {
            used += log.UsedBytes;
        }

        if (used <= bytes)
        {
            return false;
        }

        CombineItems();
        used = 0;
        foreach (var log in _logs)
        {
            used += log.UsedBytes;
        }

        return used > bytes / 2;
    }

    /// <summary>Sorts and combines all items.</summary>
    internal void CombineItems()
    {
        foreach (var log in _logs)
        {
            log.Compact();
        }
    }

    /// <summary>Adds the number of distinct values of every entry to its sum: the last step before the release, once per table.</summary>
    internal void CountItems()
    {
        CombineItems();
        for (var i = 0; i < _logs.Length; i++)
        {
            for (var entry = 0; _counted[i] && entry < Count; entry++)
            {
                Values(entry)[_sums - _logs.Length + i] += _logs[i].Of(entry).Length;
            }
        }
    }

    /// <summary>Forgets everything; keeps the buffers.</summary>
    public void Clear()
    {
        foreach (var log in _logs)
        {
            log.Clear();
        }

        _units.AsSpan(0, Count).Clear();
        _values.AsSpan(0, Count * _sums).Clear();
        _count = 0;
        _stored?.Clear();
        Array.Clear(_table);
    }

    /// <summary>The entry of a partition carried as a word, added when it is new.</summary>
    /// <param name="word">The partition.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int EntryOf(ulong word)
    {
        var mask = _table.Length - 1;
        var slot = (int)ByteHash.Of(word) & mask;
        while (_table[slot] is var entry and not 0)
        {
            if (_keys[entry - 1] == word)
            {
                return entry - 1;
            }

            slot = (slot + 1) & mask;
        }

        return Add(word, slot);
    }

    /// <summary>The entry of a partition carried as bytes, added when it is new.</summary>
    /// <param name="hash">Hash of the bytes.</param>
    /// <param name="key">Canonical bytes.</param>
    public int EntryOf(ulong hash, ReadOnlySpan<byte> key)
    {
        var entry = _stored!.IdOf(hash, key);
        EnsureRoom(entry);
        return entry;
    }

    private int Add(ulong word, int slot)
    {
        var entry = _count++;
        EnsureRoom(entry);
        _keys[entry] = word;
        _table[slot] = _count;
        if (_count * 2 > _table.Length)
        {
            _table = new int[_table.Length * 4];
            var mask = _table.Length - 1;
            for (var i = 0; i < _count; i++)
            {
                var at = (int)ByteHash.Of(_keys[i]) & mask;
                while (_table[at] != 0)
                {
                    at = (at + 1) & mask;
                }

                _table[at] = i + 1;
            }
        }

        return entry;
    }

    private void EnsureRoom(int entry)
    {
        if (entry < _units.Length)
        {
            return;
        }

        var size = checked(_units.Length * 2);
        Array.Resize(ref _units, size);
        Array.Resize(ref _values, checked(size * _sums));
        if (_stored is null)
        {
            Array.Resize(ref _keys, size);
        }
    }
}
