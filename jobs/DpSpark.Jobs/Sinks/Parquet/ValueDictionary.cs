namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>The distinct values of a column of byte arrays, in the order of their first appearance.</summary>
internal sealed class ValueDictionary
{
    private const int MaxEntries = 1 << 16;
    private const int MaxBytes = 1 << 20;
    private readonly int[] _slots = new int[MaxEntries * 4];
    private readonly List<int> _firsts = [];

    private ValueDictionary(int values) => Indices = new int[values];

    /// <summary>Per value, the index of its entry.</summary>
    public int[] Indices { get; }

    /// <summary>Per entry, the number of a value that is equal.</summary>
    public IReadOnlyList<int> Entries => _firsts;

    /// <summary>Builds the dictionary of a column.</summary>
    /// <returns>Null where it would not be clearly smaller than the values.</returns>
    public static ValueDictionary? TryBuild(ColumnBuffer column)
    {
        if (column.Values < 2)
        {
            return null;
        }

        var dictionary = new ValueDictionary(column.Values);
        var bytes = 0L;
        for (var i = 0; i < column.Values; i++)
        {
            var value = column.Value(i);
            var slot = dictionary.Find(column, value);
            if (dictionary._slots[slot] == 0)
            {
                bytes += value.Length + 4;
                dictionary._firsts.Add(i);
                dictionary._slots[slot] = dictionary._firsts.Count;
                if (dictionary._firsts.Count > MaxEntries || bytes > MaxBytes || dictionary._firsts.Count > column.Values / 2)
                {
                    return null;
                }
            }

            dictionary.Indices[i] = dictionary._slots[slot] - 1;
        }

        return dictionary;
    }

    private int Find(ColumnBuffer column, ReadOnlySpan<byte> value)
    {
        // FNV-1a: the same on every machine and in every run, though only speed depends on it.
        var hash = 2166136261u;
        foreach (var b in value)
        {
            hash = (hash ^ b) * 16777619;
        }

        var slot = (int)((hash ^ (hash >> 15)) & (uint)(_slots.Length - 1));
        while (_slots[slot] != 0 && !column.Value(_firsts[_slots[slot] - 1]).SequenceEqual(value))
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        return slot;
    }
}
