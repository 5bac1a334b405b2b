using System.Runtime.InteropServices;

namespace DpSpark.Core.Stages;

/// <summary>The kernel of a first pass: puts every privacy unit into one bin of each histogram. One instance serves one thread.</summary>
/// <remarks>
/// Guarantee: adding or removing a unit changes one count of each histogram by one, whatever its rows are; nothing is sampled and nothing is clamped before. The counts are exact and private.
/// Source: dp-math.md 6.2.
/// </remarks>
public sealed class UnitProfile
{
    private readonly Measure[] _measures;
    private readonly Int128[] _sums;
    private long _partitions;
    private long _mostRows;

    /// <summary>Prepares the histograms.</summary>
    /// <param name="spec">A release with <see cref="StageSpec.Profile"/>.</param>
    public UnitProfile(StageSpec spec)
    {
        var questions = spec.Profile ?? throw new ArgumentException("DPS9004: the stage description has no first pass.", nameof(spec));
        _measures = new Measure[questions.Count];
        var first = 0;
        for (var i = 0; i < _measures.Length; i++)
        {
            var bins = new ProfileBins(questions[i].Octaves, questions[i].IsSigned);
            var (offset, grid) = PlaceOf(spec, questions[i]);
            _measures[i] = new Measure(questions[i].Kind, bins, first, offset, grid);
            first += bins.Count;
        }

        Counts = new Int128[first];
        _sums = new Int128[_measures.Length];
    }

    /// <summary>Units so far.</summary>
    public long Units { get; private set; }

    /// <summary>Exact counts of the bins, histogram after histogram.</summary>
    public Int128[] Counts { get; }

    /// <summary>Adds the counts of another thread.</summary>
    /// <param name="other">Histograms of the same release.</param>
    public void Add(UnitProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Units += other.Units;
        for (var i = 0; i < Counts.Length; i++)
        {
            Counts[i] += other.Counts[i];
        }
    }

    /// <summary>Takes one unit with all its rows.</summary>
    /// <param name="rows">Its rows, those of a partition side by side.</param>
    /// <param name="words">The rows' words.</param>
    public void Add(ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        Begin();
        var start = 0;
        while (start < rows.Length)
        {
            _sums.AsSpan().Clear();
            var end = start;
            for (; end < rows.Length && rows[end].Partition == rows[start].Partition; end++)
            {
                Row(words[rows[end].At..], _sums);
            }

            Partition(end - start, _sums);
            start = end;
        }

        End();
    }

    /// <summary>Takes one unit whose rows do not fit into memory; what is held grows with its partitions alone.</summary>
    /// <param name="rows">Its rows, some at a time, in any order.</param>
    /// <param name="stride">Words of a row.</param>
    internal void Add(IEnumerable<ArraySegment<ulong>> rows, int stride)
    {
        Begin();
        var partitions = new Dictionary<ulong, (long Rows, Int128[] Sums)>();
        foreach (var block in rows)
        {
            for (var at = 0; at < block.Count; at += stride)
            {
                var row = block.AsSpan(at, stride);
                ref var partition = ref CollectionsMarshal.GetValueRefOrAddDefault(partitions, row[1], out var known);
                partition = known ? (partition.Rows + 1, partition.Sums) : (1, new Int128[_measures.Length]);
                Row(row, partition.Sums);
            }
        }

        foreach (var (count, sums) in partitions.Values)
        {
            Partition(count, sums);
        }

        End();
    }

    private static (int Offset, ValueGrid Grid) PlaceOf(StageSpec spec, ProfileSpec question)
    {
        if (question.Column is null)
        {
            return (0, default);
        }

        var (offset, column) = RecordColumn.Find(spec, question.Column);
        return (offset, new ValueGrid(column, question.Grid, -(1L << ProfileBins.MaxOctaves), 1L << ProfileBins.MaxOctaves));
    }

    private static bool IsFurther(Int128 value, Int128 than)
    {
        var (left, right) = (Int128.Abs(value), Int128.Abs(than));
        return left > right || (left == right && value > than);
    }

    private void Begin()
    {
        _partitions = 0;
        _mostRows = 0;
        for (var i = 0; i < _measures.Length; i++)
        {
            _measures[i].Value = null;
        }
    }

    private void Row(ReadOnlySpan<ulong> row, Span<Int128> sums)
    {
        for (var i = 0; i < _measures.Length; i++)
        {
            ref var measure = ref _measures[i];
            if (measure.Offset == 0)
            {
                continue;
            }

            Int128 value = measure.Grid.Unclamped((long)row[measure.Offset]);
            sums[i] += value;
            var replaces = measure.Kind switch
            {
                ProfileKind.Magnitude => measure.Value is not { } held || IsFurther(value, held),
                ProfileKind.Lowest => measure.Value is not { } held || value < held,
                ProfileKind.Highest => measure.Value is not { } held || value > held,
                _ => false,
            };
            measure.Value = replaces ? value : measure.Value;
        }
    }

    private void Partition(long rows, ReadOnlySpan<Int128> sums)
    {
        _partitions++;
        _mostRows = Math.Max(_mostRows, rows);
        for (var i = 0; i < _measures.Length; i++)
        {
            ref var measure = ref _measures[i];
            if (measure.Kind == ProfileKind.PartitionSum && (measure.Value is not { } held || IsFurther(sums[i], held)))
            {
                measure.Value = sums[i];
            }
        }
    }

    private void End()
    {
        Units++;
        foreach (ref readonly var measure in _measures.AsSpan())
        {
            var value = measure.Kind switch
            {
                ProfileKind.Partitions => _partitions,
                ProfileKind.RowsPerPartition => _mostRows,
                _ => measure.Value ?? 0,
            };
            Counts[measure.First + measure.Bins.Of(value)]++;
        }
    }

    private record struct Measure(ProfileKind Kind, ProfileBins Bins, int First, int Offset, ValueGrid Grid)
    {
        public Int128? Value { get; set; }
    }
}
