using System.Runtime.CompilerServices;

namespace DpSpark.Core.Stages.Items;

/// <summary>
/// The items of all partitions of one table: an append-only log of (entry, word) that is sorted and combined when it grows. A word is a leaf and its count (<see cref="Pack"/>), or the hash of
/// a value.
/// </summary>
/// <remarks>Combining adds counts, or drops repeated hashes: order and slicing cannot change the result. Cost: two passes and one sort of a partition's words per growth; no hashing per row.</remarks>
internal sealed class ItemLog
{
    /// <summary>Bits of a word that hold a leaf's count.</summary>
    public const int CountBits = 40;

    private const ulong CountMask = (1UL << CountBits) - 1;
    private const int BytesPerItem = 20;
    private const int FirstCapacity = 4096;
    private readonly bool _counts;
    private readonly long _leaves;
    private readonly long[] _byLeaf;
    private int[] _entries = [];
    private ulong[] _words = [];
    private ulong[] _scratch = [];
    private int[] _ends = [];
    private int _count;
    private int _highest = -1;
    private bool _isCompact = true;

    public ItemLog(ItemSpec spec)
    {
        _leaves = spec.Leaves;
        _counts = spec.Kind == ItemKind.Leaf;
        _byLeaf = new long[_counts && spec.Leaves <= 1 << 16 ? spec.Leaves : 0];
    }

    /// <summary>Bytes that what is held needs.</summary>
    public long UsedBytes => (long)BytesPerItem * _count;

    /// <summary>A leaf with its count.</summary>
    public static ulong Pack(long leaf, long count) => ((ulong)leaf << CountBits) | (ulong)count;

    /// <summary>The leaf of a word.</summary>
    public static long LeafOf(ulong word) => (long)(word >> CountBits);

    /// <summary>The count of a word.</summary>
    public static long CountOf(ulong word) => (long)(word & CountMask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int entry, ulong word)
    {
        if (_count == _entries.Length)
        {
            Grow();
        }

        _entries[_count] = entry;
        _words[_count++] = word;
        _highest = Math.Max(_highest, entry);
        _isCompact = false;
    }

    /// <summary>Whether a word can be an item of this list.</summary>
    public bool Has(ulong word) => !_counts || (LeafOf(word) < _leaves && CountOf(word) > 0);

    /// <summary>The combined words of an entry, ascending. The log must be compact.</summary>
    public ReadOnlySpan<ulong> Of(int entry)
    {
        if (!_isCompact)
        {
            throw new InvalidOperationException("DPS9008: items were read before they were combined.");
        }

        if (entry > _highest)
        {
            return [];
        }

        var start = entry == 0 ? 0 : _ends[entry - 1];
        return _words.AsSpan(start, _ends[entry] - start);
    }

    public void Clear()
    {
        _count = 0;
        _highest = -1;
        _isCompact = true;
    }

    /// <summary>Sorts by entry and combines.</summary>
    public void Compact()
    {
        if (_isCompact)
        {
            return;
        }

        SortByEntry();
        var to = 0;
        var start = 0;
        for (var entry = 0; entry <= _highest; entry++)
        {
            var end = _ends[entry];
            var segment = _words.AsSpan(start, end - start);
            var combined = segment.Length < 2 ? segment.Length : !_counts ? CombineDistinct(segment) : segment.Length >= _byLeaf.Length / 8 && _byLeaf.Length > 0 ? CombineByLeaf(segment) : CombineSorted(segment);
            segment[..combined].CopyTo(_words.AsSpan(to));
            _entries.AsSpan(to, combined).Fill(entry);
            to += combined;
            _ends[entry] = to;
            start = end;
        }

        _count = to;
        _isCompact = true;
    }

    private static int CombineDistinct(Span<ulong> words)
    {
        words.Sort();
        var to = 1;
        for (var i = 1; i < words.Length; i++)
        {
            if (words[i] != words[to - 1])
            {
                words[to++] = words[i];
            }
        }

        return to;
    }

    private static int CombineSorted(Span<ulong> words)
    {
        words.Sort();
        var to = 0;
        for (var i = 1; i < words.Length; i++)
        {
            // A count that would not fit stays a word of its own.
            if ((words[i] ^ words[to]) >> CountBits == 0 && (words[i] & CountMask) + (words[to] & CountMask) <= CountMask)
            {
                words[to] += words[i] & CountMask;
            }
            else
            {
                words[++to] = words[i];
            }
        }

        return to + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int CombineByLeaf(Span<ulong> words)
    {
        var counts = _byLeaf;
        foreach (var word in words)
        {
            counts[(int)(word >> CountBits)] += (long)(word & CountMask);
        }

        var to = 0;
        for (var leaf = 0; leaf < counts.Length; leaf++)
        {
            for (var rest = counts[leaf]; rest > 0; rest -= (long)CountMask)
            {
                words[to++] = Pack(leaf, Math.Min(rest, (long)CountMask));
            }

            counts[leaf] = 0;
        }

        return to;
    }

    /// <summary>Counting sort by entry; leaves in <see cref="_ends"/> where each entry ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SortByEntry()
    {
        if (_ends.Length < _highest + 2)
        {
            _ends = new int[Math.Max(64, (_highest + 2) * 2)];
        }

        if (_scratch.Length < _count)
        {
            _scratch = GC.AllocateUninitializedArray<ulong>(_entries.Length);
        }

        var ends = _ends.AsSpan(0, _highest + 2);
        ends.Clear();
        var entries = _entries.AsSpan(0, _count);
        foreach (var entry in entries)
        {
            ends[entry + 1]++;
        }

        for (var entry = 1; entry < ends.Length; entry++)
        {
            ends[entry] += ends[entry - 1];
        }

        // ends[entry] is where the entry starts; writing advances it to where it ends.
        var target = _scratch.AsSpan(0, _count);
        for (var i = 0; i < entries.Length; i++)
        {
            target[ends[entries[i]]++] = _words[i];
        }

        (_words, _scratch) = (_scratch, _words);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        Compact();
        if (_count <= _entries.Length / 2 && _entries.Length > 0)
        {
            return;
        }

        var capacity = (int)Math.Min(Array.MaxLength, Math.Max(FirstCapacity, 2L * _entries.Length));
        if (capacity <= _count)
        {
            throw new InvalidOperationException("DPS9009: the items of one table do not fit into one array.");
        }

        Array.Resize(ref _entries, capacity);
        Array.Resize(ref _words, capacity);
        _scratch = [];
    }
}
