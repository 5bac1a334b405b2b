using System.Runtime.CompilerServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>One accumulator per partition: the number of units and the exact integer sums of a plan. Merging is integer addition, so order and slicing cannot change a result.</summary>
/// <remarks>Partitions are words or stored bytes, by <see cref="KeyShape"/>. Not thread safe: one table a thread.</remarks>
public sealed class AccumulatorTable
{
    private readonly int _sums;
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
    {
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

    /// <summary>Forgets everything; keeps the buffers.</summary>
    public void Clear()
    {
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
