using System.Runtime.CompilerServices;
using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>Adds the kept rows of one unit in one partition to that partition's accumulator (step 3).</summary>
/// <typeparam name="TPartition">How the bytes of partitions are found.</typeparam>
/// <remarks>One instance serves one thread. Sums are exact integers on the plan's grid; their order does not matter.</remarks>
public sealed class RunAccumulator<TPartition>
    where TPartition : IKeyBytes
{
    private readonly RunStep[] _steps;
    private readonly AccumulatorSpec[] _specs;
    private readonly StoredKeys? _local;
    private readonly bool _clamps;
    private readonly int _weightAt = -1;
    private long _weight = UnitWeight.One;
    private int _weightFor = 1;
    private int[] _entryOf = [];
    private int _entriesKnown;

    /// <summary>Prepares the step.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="clamps">False for raw test runs: values are not clamped.</param>
    /// <param name="partitionKeys">Bytes of partitions; where they are <see cref="StoredKeys"/>, partition words are numbers in it.</param>
    /// <param name="table">Receives the sums.</param>
    /// <param name="key">The bounding key, which distinct values are hashed and ranked under.</param>
    public RunAccumulator(StageSpec spec, bool clamps, TPartition partitionKeys, AccumulatorTable table, BoundKey key = default)
    {
        Items = spec.Items.Count > 0 ? new ItemCollector<TPartition>(spec, clamps, key, partitionKeys, table) : null;
        Table = table;
        _clamps = clamps;
        _local = partitionKeys as StoredKeys;
        Profile = spec.Profile is null ? null : new UnitProfile(spec);
        _steps = Profile is null ? RunStep.Of(spec) : [];
        _specs = new AccumulatorSpec[Profile is null ? spec.Accumulators.Count : 0];
        for (var i = 0; i < _specs.Length; i++)
        {
            _specs[i] = spec.Accumulators[i];
            _weightAt = _specs[i].Kind == AccumulatorKind.Weight ? i : _weightAt;
        }
    }

    /// <summary>The accumulators.</summary>
    public AccumulatorTable Table { get; }

    /// <summary>Makes items of the rows, or null where the release has none.</summary>
    internal ItemCollector<TPartition>? Items { get; }

    /// <summary>The histograms of a first pass, which take each unit's rows in place of the accumulators; null for a release.</summary>
    internal UnitProfile? Profile { get; }

    /// <summary>Forgets which local partition number is which entry: after the table was emptied or the local keys changed.</summary>
    public void ForgetEntries()
    {
        if (_entriesKnown > 0)
        {
            Array.Clear(_entryOf, 0, Math.Min(_entryOf.Length, _entriesKnown));
            _entriesKnown = 0;
        }
    }

    /// <summary>Begins a unit whose partitions are all known: each of them gets the same weight. Units that do not begin count as units of one partition.</summary>
    /// <param name="partitions">Partitions that the unit is kept in.</param>
    public void BeginUnit(int partitions)
    {
        if (_weightAt >= 0 && partitions != _weightFor)
        {
            _weightFor = partitions;
            _weight = UnitWeight.Of(Math.Max(1, partitions));
        }
    }

    /// <summary>Adds one unit's kept rows of one partition.</summary>
    /// <param name="partition">The partition's word.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="words">The rows' words.</param>
    public void Add(ulong partition, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        AddTo(EntryOf(partition), rows, words);
    }

    /// <summary>Adds one unit's kept rows to an entry of the table.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="words">The rows' words.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddTo(int entry, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        Table.AddUnits(entry, 1);
        Items?.Add(entry, rows.Length > 0 ? rows[0].Partition : 0, rows, words);
        var sums = Table.Values(entry);
        if (_weightAt >= 0)
        {
            sums[_weightAt] += _weight;
        }

        if (_clamps)
        {
            foreach (var step in _steps)
            {
                step.Add(sums, rows, words);
            }

            return;
        }

        foreach (ref readonly var row in rows)
        {
            AddOpen(sums, words[row.At..]);
        }
    }

    /// <summary>Adds one row to sums that are still open, for a run too long to be held in memory; <see cref="Close"/> adds them to the table.</summary>
    /// <param name="open">One sum per accumulator.</param>
    /// <param name="row">The row's words: unit, partition, values.</param>
    public void AddOpen(Span<Int128> open, ReadOnlySpan<ulong> row)
    {
        foreach (var step in _steps)
        {
            step.AddRow(open, row, _clamps);
        }
    }

    /// <summary>Adds the open sums of one unit in one partition to the table.</summary>
    /// <param name="partition">The partition's word.</param>
    /// <param name="open">One sum per accumulator.</param>
    /// <param name="maxRows">Rows that count at most.</param>
    public void Close(ulong partition, ReadOnlySpan<Int128> open, int maxRows)
    {
        var entry = EntryOf(partition);
        Table.AddUnits(entry, 1);
        var sums = Table.Values(entry);
        for (var i = 0; i < _specs.Length; i++)
        {
            sums[i] += _specs[i].Kind switch
            {
                AccumulatorKind.Count => Int128.Min(open[i], maxRows),
                AccumulatorKind.Weight => _weight,
                AccumulatorKind.PartitionSum when _clamps => Int128.Clamp(open[i], _specs[i].Lower, _specs[i].Upper),
                _ => open[i],
            };
        }
    }

    /// <summary>The entry of a partition, added when it is new.</summary>
    /// <param name="partition">The partition's word.</param>
    internal int EntryOf(ulong partition) => _local is null ? Table.EntryOf(partition) : LocalEntry((int)partition);

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
}
