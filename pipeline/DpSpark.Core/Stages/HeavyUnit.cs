using System.Runtime.InteropServices;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>Rows of one unit that can be read as often as needed, and spread into groups that fit into memory.</summary>
internal interface IHeavyRows
{
    /// <summary>Reads all rows, some at a time, as blocks of <see cref="BoundStage{TUnit,TPartition}.Stride"/> words whose partition word is local.</summary>
    IEnumerable<ArraySegment<ulong>> Read();

    /// <summary>Spreads rows over groups so that identical rows meet, and reads group after group: each group whole, some rows at a time; an empty block ends a group.</summary>
    /// <param name="rows">What to spread.</param>
    IEnumerable<ArraySegment<ulong>> Group(IEnumerable<ArraySegment<ulong>> rows);
}

/// <summary>
/// Bounds one unit that has more rows than fit into memory, with the same result as <see cref="BoundStage{TUnit,TPartition}"/>: several passes over the rows, and memory that depends on the
/// bounds and on the number of kept partitions instead of the number of rows.
/// </summary>
/// <remarks>
/// Identical records are counted where they meet and then numbered 0, 1, 2, …, which gives the same ranks whatever the order of the rows (dp-math.md 2.3). Bottom-k of a union is the
/// bottom-k of the groups' bottom-k's.
/// </remarks>
internal sealed class HeavyUnit<TUnit, TPartition>
    where TUnit : IKeyBytes
    where TPartition : IKeyBytes
{
    private readonly BoundKey _key;
    private readonly TUnit _unitKeys;
    private readonly TPartition _partitionKeys;
    private readonly BoundStage<TUnit, TPartition> _stage;
    private readonly RunAccumulator<TPartition> _accumulator;
    private readonly RecordCodec _codec;
    private readonly int _stride;
    private readonly int _sums;
    private readonly int _maxPartitions;
    private readonly int _maxPerPartition;
    private readonly int _maxRows;
    private readonly bool _samples;

    public HeavyUnit(StageSpec spec, bool bounded, BoundKey key, TUnit unitKeys, TPartition partitionKeys, BoundStage<TUnit, TPartition> stage, RunAccumulator<TPartition> accumulator)
    {
        _key = key;
        _unitKeys = unitKeys;
        _partitionKeys = partitionKeys;
        _stage = stage;
        _accumulator = accumulator;
        _codec = new RecordCodec(spec);
        _stride = 2 + spec.RecordColumns.Count;
        _sums = spec.Accumulators.Count;
        _maxPartitions = bounded ? spec.MaxPartitionsContributed ?? int.MaxValue : int.MaxValue;
        _maxPerPartition = bounded ? spec.MaxContributionsPerPartition ?? int.MaxValue : int.MaxValue;
        _maxRows = bounded ? spec.MaxContributions ?? int.MaxValue : int.MaxValue;
        _samples = spec.RecordColumns.Count > 0;
    }

    public void Process(ulong unit, IHeavyRows rows)
    {
        if (_accumulator.Profile is { } profile)
        {
            profile.Add(rows.Read(), _stride);
            return;
        }

        if (_maxRows < int.MaxValue && CountExceeds(rows, _maxRows))
        {
            KeepRowsOfUnit(unit, rows);
            return;
        }

        if (_accumulator.Items is { RanksValues: true } items)
        {
            items.BeginUnit(Begin(BoundStep.Distinct, unit));
        }

        var kept = _maxPartitions == int.MaxValue ? null : KeepPartitions(unit, rows);
        var runs = new Dictionary<ulong, Run>();
        var sampling = _samples && _maxPerPartition < int.MaxValue;
        foreach (var block in rows.Read())
        {
            for (var at = 0; at < block.Count; at += _stride)
            {
                var row = block.AsSpan(at, _stride);
                if (kept is not null && !kept.Contains(row[1]))
                {
                    continue;
                }

                ref var run = ref CollectionsMarshal.GetValueRefOrAddDefault(runs, row[1], out _);
                run ??= new Run(_sums, _accumulator.Items?.Open());
                run.Rows++;
                if (!sampling)
                {
                    Add(run, row);
                }
            }
        }

        if (sampling)
        {
            AddShortRuns(rows, runs);
            AddSampledRuns(unit, rows, runs);
        }

        _accumulator.BeginUnit(runs.Count);
        foreach (var (partition, run) in runs)
        {
            _accumulator.Close(partition, run.Sums, _maxPerPartition);
            _accumulator.Items?.Close(run.Items!, _accumulator.EntryOf(partition));
        }
    }

    private static SortedSet<Candidate> NewHeap(HeavyUnit<TUnit, TPartition> owner) => new(new CandidateOrder(owner));

    private void Add(Run run, ReadOnlySpan<ulong> row)
    {
        _accumulator.AddOpen(run.Sums, row);
        _accumulator.Items?.AddOpen(run.Items!, _accumulator.EntryOf(row[1]), row[1], row);
    }

    private bool CountExceeds(IHeavyRows rows, int bound)
    {
        var count = 0L;
        foreach (var block in rows.Read())
        {
            count += block.Count / _stride;
            if (count > bound)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The L0 step: partitions with the smallest (rank, bytes), in one pass.</summary>
    private HashSet<ulong> KeepPartitions(ulong unit, IHeavyRows rows)
    {
        var state = Begin(BoundStep.L0, unit);
        var heap = NewHeap(this);
        var inHeap = new HashSet<ulong>();
        foreach (var block in rows.Read())
        {
            for (var at = 0; at < block.Count; at += _stride)
            {
                var partition = block[at + 1];
                if (inHeap.Contains(partition))
                {
                    continue;
                }

                var rank = state;
                _partitionKeys.AppendTlv(ref rank, partition);
                var candidate = new Candidate(rank.Finish(), partition, [], 0);
                if (heap.Count == _maxPartitions && heap.Comparer.Compare(candidate, heap.Max!) > 0)
                {
                    continue;
                }

                heap.Add(candidate);
                inHeap.Add(partition);
                if (heap.Count > _maxPartitions)
                {
                    inHeap.Remove(heap.Max!.Partition);
                    heap.Remove(heap.Max);
                }
            }
        }

        return inHeap;
    }

    private void AddShortRuns(IHeavyRows rows, Dictionary<ulong, Run> runs)
    {
        foreach (var block in rows.Read())
        {
            for (var at = 0; at < block.Count; at += _stride)
            {
                var row = block.AsSpan(at, _stride);
                if (runs.TryGetValue(row[1], out var run) && run.Rows <= _maxPerPartition)
                {
                    Add(run, row);
                }
            }
        }
    }

    private void AddSampledRuns(ulong unit, IHeavyRows rows, Dictionary<ulong, Run> runs)
    {
        var state = Begin(BoundStep.LInf, unit);
        var heaps = new Dictionary<ulong, SortedSet<Candidate>>();
        foreach (var distinct in DistinctRecords(rows.Group(RowsOf(rows, runs))))
        {
            if (!heaps.TryGetValue(distinct.Partition, out var heap))
            {
                heaps[distinct.Partition] = heap = NewHeap(this);
            }

            Offer(heap, state, distinct, _maxPerPartition);
        }

        var row = new ulong[_stride];
        foreach (var (partition, heap) in heaps)
        {
            foreach (var candidate in heap)
            {
                row[1] = partition;
                candidate.Record.CopyTo(row, 2);
                Add(runs[partition], row);
            }
        }
    }

    /// <summary>The L1 step: the records of the unit with the smallest (rank, partition, record, occurrence), then the other steps on what is left.</summary>
    private void KeepRowsOfUnit(ulong unit, IHeavyRows rows)
    {
        var state = Begin(BoundStep.L1, unit);
        var heap = NewHeap(this);
        foreach (var distinct in DistinctRecords(rows.Group(rows.Read())))
        {
            Offer(heap, state, distinct, _maxRows);
        }

        var words = new ulong[heap.Count * _stride];
        var occurrences = new int[heap.Count];
        var i = 0;
        foreach (var candidate in heap)
        {
            words[i * _stride] = unit;
            words[(i * _stride) + 1] = candidate.Partition;
            candidate.Record.CopyTo(words, (i * _stride) + 2);
            occurrences[i++] = checked((int)candidate.Occurrence);
        }

        _stage.ProcessAfterL1(unit, words, occurrences);
    }

    private IEnumerable<ArraySegment<ulong>> RowsOf(IHeavyRows rows, Dictionary<ulong, Run> runs)
    {
        foreach (var block in rows.Read())
        {
            for (var at = 0; at < block.Count; at += _stride)
            {
                if (runs.TryGetValue(block[at + 1], out var run) && run.Rows > _maxPerPartition)
                {
                    yield return block.Slice(at, _stride);
                }
            }
        }
    }

    /// <summary>Counts identical rows group by group.</summary>
    private IEnumerable<Distinct> DistinctRecords(IEnumerable<ArraySegment<ulong>> groups)
    {
        var store = new StoredKeys();
        var counts = new List<long>();
        foreach (var block in groups)
        {
            for (var at = 0; at < block.Count; at += _stride)
            {
                var bytes = MemoryMarshal.AsBytes(block.AsSpan(at + 1, _stride - 1));
                var id = store.IdOf(ByteHash.Of(bytes), bytes);
                if (id == counts.Count)
                {
                    counts.Add(0);
                }

                counts[id]++;
            }

            if (block.Count > 0)
            {
                continue;
            }

            for (var id = 0; id < counts.Count; id++)
            {
                yield return DistinctOf(store.Key(id), counts[id]);
            }

            store.Clear();
            counts.Clear();
        }
    }

    private static Distinct DistinctOf(ReadOnlySpan<byte> bytes, long count)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        return new Distinct(words[0], words[1..].ToArray(), count);
    }

    private void Offer(SortedSet<Candidate> heap, SipHash24 state, Distinct distinct, int keep)
    {
        _partitionKeys.AppendTlv(ref state, distinct.Partition);
        Span<byte> scratch = stackalloc byte[_codec.MaxBytes];
        _codec.AppendTlv(ref state, distinct.Record, scratch);
        for (long occurrence = 0; occurrence < distinct.Count; occurrence++)
        {
            var rank = state;
            BoundKey.AppendOccurrence(ref rank, (ulong)occurrence);
            var value = rank.Finish();
            if (heap.Count == keep && value > heap.Max!.Rank)
            {
                continue;
            }

            heap.Add(new Candidate(value, distinct.Partition, distinct.Record, occurrence));
            if (heap.Count > keep)
            {
                heap.Remove(heap.Max!);
            }
        }
    }

    private SipHash24 Begin(BoundStep step, ulong unit)
    {
        var state = _key.Begin(step);
        _unitKeys.AppendTlv(ref state, unit);
        return state;
    }

    private readonly record struct Distinct(ulong Partition, ulong[] Record, long Count);

    private sealed record Candidate(ulong Rank, ulong Partition, ulong[] Record, long Occurrence);

    private sealed class Run(int sums, OpenItems? items)
    {
        public OpenItems? Items { get; } = items;

        public long Rows { get; set; }

        public Int128[] Sums { get; } = new Int128[sums];
    }

    /// <summary>By rank, partition bytes, record bytes, occurrence.</summary>
    private sealed class CandidateOrder(HeavyUnit<TUnit, TPartition> owner) : IComparer<Candidate>
    {
        public int Compare(Candidate? x, Candidate? y)
        {
            if (x!.Rank != y!.Rank)
            {
                return x.Rank.CompareTo(y.Rank);
            }

            Span<byte> a = stackalloc byte[Math.Max(16, owner._codec.MaxBytes)];
            Span<byte> b = stackalloc byte[Math.Max(16, owner._codec.MaxBytes)];
            var order = owner._partitionKeys.Bytes(x.Partition, a).SequenceCompareTo(owner._partitionKeys.Bytes(y.Partition, b));
            if (order == 0 && x.Record.Length > 0)
            {
                order = a[..owner._codec.Write(x.Record, a)].SequenceCompareTo(b[..owner._codec.Write(y.Record, b)]);
            }

            return order != 0 ? order : x.Occurrence.CompareTo(y.Occurrence);
        }
    }
}
