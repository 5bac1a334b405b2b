using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Finds canonical key tuples in a list of public keys. Immutable; shared by all threads.</summary>
public sealed class KeysetIndex
{
    private readonly IReadOnlyList<byte[]> _keys;
    private readonly int[] _table;
    private readonly int _mask;

    /// <summary>Indexes the keys.</summary>
    /// <param name="keys">Distinct canonical key tuples.</param>
    public KeysetIndex(IReadOnlyList<byte[]> keys)
    {
        _keys = keys;
        var size = 16;
        while (size < keys.Count * 2)
        {
            size *= 2;
        }

        _mask = size - 1;
        _table = new int[size];
        for (var i = 0; i < keys.Count; i++)
        {
            var slot = (int)ByteHash.Of(keys[i]) & _mask;
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & _mask;
            }

            _table[slot] = i + 1;
        }
    }

    /// <summary>The keys.</summary>
    public IReadOnlyList<byte[]> Keys => _keys;

    /// <summary>Index of a key, or -1.</summary>
    /// <param name="key">Canonical bytes.</param>
    public int Find(ReadOnlySpan<byte> key)
    {
        var slot = (int)ByteHash.Of(key) & _mask;
        while (_table[slot] is var entry and not 0)
        {
            if (key.SequenceEqual(_keys[entry - 1]))
            {
                return entry - 1;
            }

            slot = (slot + 1) & _mask;
        }

        return -1;
    }
}
