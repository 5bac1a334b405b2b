using System.Numerics;
using System.Runtime.CompilerServices;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>
/// Steps 2 and 3 of a release: bounds what every privacy unit contributes (L1, then L-infinity, then L0, each a keyed bottom-k) and adds what is kept to one accumulator per partition.
/// </summary>
/// <typeparam name="TUnit">How the bytes of units are found.</typeparam>
/// <typeparam name="TPartition">How the bytes of partitions are found.</typeparam>
/// <remarks>
/// Rows are blocks of 2 + v words: unit, partition, v values. A call holds all rows of each of its units.
/// Guarantee: what is kept is a function of the multiset of a unit's rows and the key alone; adding or removing one unit changes at most L0 partitions, each by at most L-infinity rows,
/// and at most L1 rows in all.
/// The L0 step runs before the L-infinity step where there is no L1 step: ranks of partitions do not depend on records, so the result is the same.
/// Cost: one counting sort by unit, one small sort a unit; ranks only for units and partitions above their bounds. Scratch is kept; nothing is allocated per row.
/// Source: dp-math.md 2.3; bottom-k by keyed rank after Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020.
/// One instance serves one thread.
/// </remarks>
public sealed class BoundStage<TUnit, TPartition>
    where TUnit : IKeyBytes
    where TPartition : IKeyBytes
{
    private const int RowsPerSlot = 12;

    private readonly BoundKey _key;
    private readonly TUnit _unitKeys;
    private readonly TPartition _partitionKeys;
    private readonly RunAccumulator<TPartition> _accumulator;
    private readonly RecordSampler<TPartition> _sampler;
    private readonly int _stride;
    private readonly int _maxPartitions;
    private readonly int _maxPerPartition;
    private readonly int _maxRows;
    private readonly bool _samples;
    private ulong[] _rows = [];
    private int[] _ends = [];
    private ushort[] _slots = [];
    private RowKey[] _keys = [];
    private ulong[] _order = [];
    private int[] _positions = [];
    private int[] _runs = [];
    private ulong[] _ranks = [];
    private int[] _heap = [];

    /// <summary>Prepares the step.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="bounded">False for raw test runs: nothing is bounded.</param>
    /// <param name="key">The bounding key.</param>
    /// <param name="unitKeys">Bytes of units.</param>
    /// <param name="partitionKeys">Bytes of partitions.</param>
    /// <param name="accumulator">Receives what is kept.</param>
    public BoundStage(StageSpec spec, bool bounded, BoundKey key, TUnit unitKeys, TPartition partitionKeys, RunAccumulator<TPartition> accumulator)
    {
        _key = key;
        _unitKeys = unitKeys;
        _partitionKeys = partitionKeys;
        _accumulator = accumulator;
        _stride = 2 + spec.RecordColumns.Count;
        _maxPartitions = bounded ? spec.MaxPartitionsContributed ?? int.MaxValue : int.MaxValue;
        _maxPerPartition = bounded ? spec.MaxContributionsPerPartition ?? int.MaxValue : int.MaxValue;
        _maxRows = bounded ? spec.MaxContributions ?? int.MaxValue : int.MaxValue;
        _samples = spec.RecordColumns.Count > 0;
        _sampler = new RecordSampler<TPartition>(spec, partitionKeys);
    }

    /// <summary>Words a row takes.</summary>
    public int Stride => _stride;

    /// <summary>Bounds and accumulates a block of rows.</summary>
    /// <param name="rows">Rows of <see cref="Stride"/> words, in any order; every unit with all of its rows.</param>
    /// <param name="usedBits">Leading bits of the units' hashes that are equal for all rows, because the rows were spread over buckets by them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Process(ReadOnlySpan<ulong> rows, int usedBits)
    {
        var n = rows.Length / _stride;
        var bits = Math.Clamp(BitOperations.Log2((uint)Math.Max(1, n / RowsPerSlot)), 0, 15);
        if (bits == 0)
        {
            EnsureRows(n);
            rows.CopyTo(_rows);
            ProcessSlot(0, n);
            return;
        }

        SpreadOverSlots(rows, n, usedBits, bits);
        var start = 0;
        for (var slot = 0; slot < 1 << bits; slot++)
        {
            var end = _ends[slot];
            if (end > start)
            {
                ProcessSlot(start, end);
            }

            start = end;
        }
    }

    /// <summary>Runs the L-infinity and L0 steps on one unit whose L1 step is done, and accumulates what is kept.</summary>
    /// <param name="unit">The unit's word.</param>
    /// <param name="rows">The kept rows, <see cref="Stride"/> words each.</param>
    /// <param name="occurrences">Occurrence number of each row among identical ones, as it was before the L1 step.</param>
    public void ProcessAfterL1(ulong unit, ReadOnlySpan<ulong> rows, ReadOnlySpan<int> occurrences)
    {
        var n = occurrences.Length;
        EnsureRows(n);
        rows.CopyTo(_rows);
        EnsureKeys(n);
        var keys = _keys.AsSpan(0, n);
        for (var i = 0; i < n; i++)
        {
            keys[i] = new RowKey(unit, _rows[(i * _stride) + 1], i * _stride, occurrences[i]);
        }

        keys.Sort();
        KeepPartitionsAndRecords(unit, keys);
    }

    /// <summary>Counting sort by the next bits of the units' hashes, so that a slot holds a unit or a few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SpreadOverSlots(ReadOnlySpan<ulong> rows, int n, int usedBits, int bits)
    {
        EnsureRows(n);
        if (_slots.Length < n)
        {
            _slots = new ushort[n + (n / 4)];
        }

        if (_ends.Length < (1 << bits) + 1)
        {
            _ends = new int[(1 << bits) + 1];
        }

        var ends = _ends.AsSpan(0, (1 << bits) + 1);
        ends.Clear();
        var stride = _stride;
        var slots = _slots.AsSpan(0, n);
        for (int i = 0, at = 0; i < slots.Length; i++, at += stride)
        {
            var slot = (int)((ByteHash.Of(rows[at]) << usedBits) >> (64 - bits));
            slots[i] = (ushort)slot;
            ends[slot + 1]++;
        }

        for (var slot = 1; slot < ends.Length; slot++)
        {
            ends[slot] += ends[slot - 1];
        }

        // ends[slot] is where the slot starts; writing advances it to where it ends.
        var target = _rows.AsSpan();
        if (stride == 3)
        {
            for (int i = 0, at = 0; i < slots.Length; i++, at += 3)
            {
                var to = ends[slots[i]]++ * 3;
                target[to + 2] = rows[at + 2];
                target[to + 1] = rows[at + 1];
                target[to] = rows[at];
            }

            return;
        }

        for (int i = 0, at = 0; i < slots.Length; i++, at += stride)
        {
            rows.Slice(at, stride).CopyTo(target[(ends[slots[i]]++ * stride)..]);
        }
    }

    private void EnsureRows(int n)
    {
        if (_rows.Length < n * _stride)
        {
            _rows = new ulong[(n + (n / 4)) * _stride];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ProcessSlot(int start, int end)
    {
        var n = end - start;
        EnsureKeys(n);
        var keys = _keys.AsSpan(0, n);
        SortSlot(start, keys);
        var first = 0;
        while (first < keys.Length)
        {
            var unit = keys[first].Unit;
            var next = first + 1;
            while (next < keys.Length && keys[next].Unit == unit)
            {
                next++;
            }

            ProcessUnit(unit, keys[first..next]);
            first = next;
        }
    }

    private void EnsureKeys(int n)
    {
        if (_keys.Length < n)
        {
            _keys = new RowKey[n * 2];
            _order = new ulong[n * 2];
            _positions = new int[n * 2];
            _runs = new int[(n * 2) + 1];
            _ranks = new ulong[n * 2];
            _heap = new int[n * 2];
        }
    }

    /// <summary>
    /// Puts the rows of each unit, and within it of each partition, side by side. Rows are ordered by one word made of hashes of both; in the rare slot where that word does not tell two
    /// units or partitions apart, they are sorted by unit and partition themselves. Which of the two happens cannot be seen in the result.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SortSlot(int start, Span<RowKey> keys)
    {
        const int PartitionBits = 40;
        var order = _order.AsSpan(0, keys.Length);
        var positions = _positions.AsSpan(0, keys.Length);
        var at = start * _stride;
        for (var i = 0; i < order.Length; i++, at += _stride)
        {
            // The low bits of the unit's hash: the high ones are alike within a slot.
            order[i] = (ByteHash.Of(_rows[at]) << PartitionBits) | (ByteHash.Of(_rows[at + 1]) >> (64 - PartitionBits));
            positions[i] = at;
        }

        if (keys.Length > 40)
        {
            order.Sort(positions);
        }
        else
        {
            InsertionSort(order, positions);
        }

        var clash = false;
        for (var i = 0; i < keys.Length; i++)
        {
            at = positions[i];
            keys[i] = new RowKey(_rows[at], _rows[at + 1], at);
            if (i > 0 && keys[i - 1].Unit != keys[i].Unit)
            {
                clash |= (order[i] ^ order[i - 1]) >> PartitionBits == 0;
            }
            else if (i > 0 && keys[i - 1].Partition != keys[i].Partition)
            {
                clash |= order[i] == order[i - 1];
            }
        }

        if (clash)
        {
            keys.Sort();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InsertionSort(Span<ulong> order, Span<int> positions)
    {
        for (var i = 1; i < order.Length; i++)
        {
            var word = order[i];
            var position = positions[i];
            var j = i - 1;
            while (j >= 0 && order[j] > word)
            {
                order[j + 1] = order[j];
                positions[j + 1] = positions[j];
                j--;
            }

            order[j + 1] = word;
            positions[j + 1] = position;
        }
    }

    private void ProcessUnit(ulong unit, Span<RowKey> rows)
    {
        if (_accumulator.Profile is { } profile)
        {
            profile.Add(rows, _rows);
            return;
        }

        if (rows.Length > _maxRows)
        {
            rows = _sampler.KeepOfUnit(RankOf(BoundStep.L1, unit), rows, _rows, _maxRows);
        }

        KeepPartitionsAndRecords(unit, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void KeepPartitionsAndRecords(ulong unit, Span<RowKey> rows)
    {
        SipHash24 recordRank = default;
        if (_accumulator.Items is { RanksValues: true } items)
        {
            items.BeginUnit(RankOf(BoundStep.Distinct, unit));
        }

        // Runs: rows of one partition.
        var runs = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            if (i == 0 || rows[i].Partition != rows[i - 1].Partition)
            {
                _runs[runs++] = i;
            }
        }

        _runs[runs] = rows.Length;
        var kept = runs;
        if (runs > _maxPartitions)
        {
            KeepPartitions(unit, rows, runs);
            kept = _maxPartitions;
        }

        _accumulator.BeginUnit(kept);
        var haveRecordRank = false;
        for (var k = 0; k < kept; k++)
        {
            var run = runs > _maxPartitions ? _heap[k] : k;
            var members = rows[_runs[run].._runs[run + 1]];
            if (members.Length > _maxPerPartition)
            {
                if (!_samples)
                {
                    _accumulator.Add(members[0].Partition, members[.._maxPerPartition], _rows);
                    continue;
                }

                if (!haveRecordRank)
                {
                    recordRank = RankOf(BoundStep.LInf, unit);
                    haveRecordRank = true;
                }

                members = _sampler.KeepOfPartition(recordRank, members, _rows, _maxPerPartition);
            }

            _accumulator.Add(members[0].Partition, members, _rows);
        }
    }

    /// <summary>Leaves the runs with the smallest (rank, partition bytes) in the heap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void KeepPartitions(ulong unit, ReadOnlySpan<RowKey> rows, int runs)
    {
        var state = RankOf(BoundStep.L0, unit);
        var heap = _heap.AsSpan(0, _maxPartitions);
        for (var run = 0; run < runs; run++)
        {
            var rank = state;
            _partitionKeys.AppendTlv(ref rank, rows[_runs[run]].Partition);
            _ranks[run] = rank.Finish();
            if (run < heap.Length)
            {
                heap[run] = run;
                if (run == heap.Length - 1)
                {
                    for (var i = (heap.Length / 2) - 1; i >= 0; i--)
                    {
                        SiftDown(heap, i, rows);
                    }
                }
            }
            else if (IsBefore(run, heap[0], rows))
            {
                heap[0] = run;
                SiftDown(heap, 0, rows);
            }
        }
    }

    private void SiftDown(Span<int> heap, int i, ReadOnlySpan<RowKey> rows)
    {
        while (true)
        {
            var child = (2 * i) + 1;
            if (child >= heap.Length)
            {
                return;
            }

            if (child + 1 < heap.Length && IsBefore(heap[child], heap[child + 1], rows))
            {
                child++;
            }

            if (!IsBefore(heap[i], heap[child], rows))
            {
                return;
            }

            (heap[i], heap[child]) = (heap[child], heap[i]);
            i = child;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsBefore(int left, int right, ReadOnlySpan<RowKey> rows) =>
        _ranks[left] != _ranks[right] ? _ranks[left] < _ranks[right] : IsBeforeByBytes(rows[_runs[left]].Partition, rows[_runs[right]].Partition);

    private bool IsBeforeByBytes(ulong left, ulong right)
    {
        Span<byte> a = stackalloc byte[16];
        Span<byte> b = stackalloc byte[16];
        return _partitionKeys.Bytes(left, a).SequenceCompareTo(_partitionKeys.Bytes(right, b)) < 0;
    }

    private SipHash24 RankOf(BoundStep step, ulong unit)
    {
        var state = _key.Begin(step);
        _unitKeys.AppendTlv(ref state, unit);
        return state;
    }
}

/// <summary>A row of a unit while it is sorted: unit, partition, where its words are, and its occurrence number among identical records once that is known.</summary>
/// <param name="Unit">Unit word.</param>
/// <param name="Partition">Partition word.</param>
/// <param name="At">Index of the row's first word.</param>
/// <param name="Occurrence">0, 1, 2, … among identical (unit, partition, record); -1 until numbered.</param>
public readonly record struct RowKey(ulong Unit, ulong Partition, int At, int Occurrence = -1) : IComparable<RowKey>
{
    /// <inheritdoc/>
    public int CompareTo(RowKey other) => Unit != other.Unit ? Unit.CompareTo(other.Unit) : Partition.CompareTo(other.Partition);

    /// <summary>Order by unit, then partition.</summary>
    public static bool operator <(RowKey left, RowKey right) => left.CompareTo(right) < 0;

    /// <summary>Order by unit, then partition.</summary>
    public static bool operator >(RowKey left, RowKey right) => left.CompareTo(right) > 0;

    /// <summary>Order by unit, then partition.</summary>
    public static bool operator <=(RowKey left, RowKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order by unit, then partition.</summary>
    public static bool operator >=(RowKey left, RowKey right) => left.CompareTo(right) >= 0;
}
