using System.Runtime.CompilerServices;

namespace DpSpark.Core.Stages;

/// <summary>One pass over a unit's kept rows in one partition: an accumulator, or several that are computed together (the moments of a column, the bins of a histogram, a vector).</summary>
internal sealed class RunStep
{
    /// <summary>Where unclamped values of a raw test run are cut before they are squared: 2^27 such squares fit 128 bits.</summary>
    private const long RawLimit = 1L << 50;

    private readonly AccumulatorKind _kind;
    private readonly int _at;
    private readonly int _sumAt;
    private readonly int _offset;
    private readonly ValueGrid _grid;
    private readonly int _secondOffset;
    private readonly ValueGrid _secondGrid;
    private readonly bool _floating;
    private readonly long[] _edges = [];
    private readonly VectorKernel? _vector;
    private readonly bool _isNarrow;
    private readonly int _narrowRows;

    /// <summary>A count, a sum, a partition sum, a sum of squares (with the plain sum at <paramref name="sumAt"/>, if any) or of products.</summary>
    private RunStep(AccumulatorSpec spec, int at, int sumAt, (int Offset, ColumnSpec Column) first, (int Offset, ColumnSpec Column)? second)
    {
        _kind = spec.Kind;
        _at = at;
        _sumAt = sumAt;
        if (spec.Kind == AccumulatorKind.Count)
        {
            return;
        }

        _offset = first.Offset;
        _grid = new ValueGrid(first.Column, spec.Grid, spec.Lower, spec.Upper);

        // Whether 2^20 clamped values fit 64 bits, and how many squares do.
        _isNarrow = Math.Max(Math.Abs(spec.Lower), Math.Abs(spec.Upper)) <= 1L << 42;
        var width = (ulong)(spec.Upper - spec.Lower);
        _narrowRows = spec.Kind == AccumulatorKind.Square && _isNarrow && width is > 0 and <= 1UL << 31 ? (int)Math.Min(1 << 20, ulong.MaxValue / (width * width)) : 0;
        if (second is { } other)
        {
            _secondOffset = other.Offset;
            _secondGrid = new ValueGrid(other.Column, spec.SecondGrid, spec.SecondLower, spec.SecondUpper);
        }
    }

    /// <summary>A histogram.</summary>
    private RunStep(int at, (int Offset, ColumnSpec Column) column, long[] edges)
    {
        _kind = AccumulatorKind.Bin;
        _at = at;
        _offset = column.Offset;
        _floating = column.Column.Type is ColumnType.Float or ColumnType.Double;
        _edges = edges;
    }

    /// <summary>A vector.</summary>
    private RunStep(int at, VectorKernel vector)
    {
        _kind = AccumulatorKind.Coordinate;
        _at = at;
        _vector = vector;
    }

    /// <summary>The passes that compute the accumulators of a release.</summary>
    /// <param name="spec">The release.</param>
    public static RunStep[] Of(StageSpec spec)
    {
        var steps = new List<RunStep>();
        var taken = new bool[spec.Accumulators.Count];
        for (var i = 0; i < taken.Length; i++)
        {
            if (spec.Accumulators[i].Kind == AccumulatorKind.Square)
            {
                // The plain sum of the same values on the same grid is made in the same pass.
                var sum = SumBeside(spec, spec.Accumulators[i]);
                steps.Add(new RunStep(spec.Accumulators[i], i, sum, RecordColumn.Find(spec, spec.Accumulators[i].Column), null));
                taken[i] = true;
                if (sum >= 0)
                {
                    taken[sum] = true;
                }
            }
        }

        for (var i = 0; i < taken.Length; i++)
        {
            if (!taken[i] && spec.Accumulators[i].Kind != AccumulatorKind.Weight)
            {
                i += Add(spec, i, steps) - 1;
            }
        }

        return [.. steps];
    }

    /// <summary>Adds the rows of one unit in one partition, clamped.</summary>
    /// <param name="sums">The partition's sums.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="words">The rows' words.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(Span<Int128> sums, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        switch (_kind)
        {
            case AccumulatorKind.Count:
                sums[_at] += rows.Length;
                break;
            case AccumulatorKind.Sum:
                sums[_at] += SumClamped(rows, words);
                break;
            case AccumulatorKind.PartitionSum:
                var sum = Int128.Zero;
                foreach (ref readonly var row in rows)
                {
                    sum += _grid.Unclamped((long)words[row.At + _offset]);
                }

                sums[_at] += Int128.Clamp(sum, _grid.Lower, _grid.Upper);
                break;
            case AccumulatorKind.Square when rows.Length <= _narrowRows:
                AddMoments(sums, rows, words);
                break;
            case AccumulatorKind.Bin:
                foreach (ref readonly var row in rows)
                {
                    sums[_at + BinOf(words[row.At + _offset])] += 1;
                }

                break;
            default:
                foreach (ref readonly var row in rows)
                {
                    AddRow(sums, words[row.At..], true);
                }

                break;
        }
    }

    /// <summary>Adds one row. A partition sum is clamped when the run is closed.</summary>
    /// <param name="sums">The sums, open or a partition's.</param>
    /// <param name="row">The row's words.</param>
    /// <param name="clamps">False for raw test runs.</param>
    public void AddRow(Span<Int128> sums, ReadOnlySpan<ulong> row, bool clamps)
    {
        switch (_kind)
        {
            case AccumulatorKind.Count:
                sums[_at] += 1;
                break;
            case AccumulatorKind.Sum:
                sums[_at] += clamps ? _grid.Clamped((long)row[_offset]) : _grid.Unclamped((long)row[_offset]);
                break;
            case AccumulatorKind.PartitionSum:
                sums[_at] += _grid.Unclamped((long)row[_offset]);
                break;
            case AccumulatorKind.Square:
                var k = clamps ? _grid.Clamped((long)row[_offset]) : _grid.Unclamped((long)row[_offset]);
                var w = Shifted(_grid, row[_offset], clamps);
                sums[_at] += w * w;
                if (_sumAt >= 0)
                {
                    sums[_sumAt] += k;
                }

                break;
            case AccumulatorKind.Product:
                sums[_at] += Shifted(_grid, row[_offset], clamps) * Shifted(_secondGrid, row[_secondOffset], clamps);
                break;
            case AccumulatorKind.Bin:
                sums[_at + BinOf(row[_offset])] += 1;
                break;
            case AccumulatorKind.Coordinate:
                var vector = _vector!.Clip(row, clamps);
                for (var i = 0; i < vector.Length; i++)
                {
                    sums[_at + i] += vector[i];
                }

                break;
            default:
                throw new InvalidOperationException("DPS9004: an accumulator of an unknown kind.");
        }
    }

    private static Int128 Shifted(in ValueGrid grid, ulong word, bool clamps) => clamps
        ? (Int128)grid.Clamped((long)word) - grid.Lower
        : Int128.Clamp((Int128)grid.Unclamped((long)word) - grid.Lower, -RawLimit, RawLimit);

    /// <summary>Sum and squares in one pass, in 64 bits.</summary>
    private void AddMoments(Span<Int128> sums, ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        long sum = 0;
        ulong squares = 0;
        foreach (ref readonly var row in rows)
        {
            var k = _grid.Clamped((long)words[row.At + _offset]);
            sum += k;
            var w = (ulong)(k - _grid.Lower);
            squares += w * w;
        }

        sums[_at] += squares;
        if (_sumAt >= 0)
        {
            sums[_sumAt] += sum;
        }
    }

    private Int128 SumClamped(ReadOnlySpan<RowKey> rows, ReadOnlySpan<ulong> words)
    {
        if (_isNarrow && rows.Length < 1 << 20)
        {
            long narrow = 0;
            foreach (ref readonly var row in rows)
            {
                narrow += _grid.Clamped((long)words[row.At + _offset]);
            }

            return narrow;
        }

        var sum = Int128.Zero;
        foreach (ref readonly var row in rows)
        {
            sum += _grid.Clamped((long)words[row.At + _offset]);
        }

        return sum;
    }

    /// <summary>Number of the bin: how many inner edges are at or below the value.</summary>
    private int BinOf(ulong word)
    {
        var value = _floating ? OrderedWord.Of(BitConverter.Int64BitsToDouble((long)word)) : (long)word;
        return SortedSearch.CountAtMost<long>(_edges, value);
    }

    /// <summary>Adds the step that begins at an accumulator.</summary>
    /// <returns>How many accumulators it computes.</returns>
    private static int Add(StageSpec spec, int at, List<RunStep> steps)
    {
        var accumulator = spec.Accumulators[at];
        if (accumulator.Kind is not (AccumulatorKind.Bin or AccumulatorKind.Coordinate))
        {
            var first = accumulator.Kind == AccumulatorKind.Count ? default : RecordColumn.Find(spec, accumulator.Column);
            steps.Add(new RunStep(accumulator, at, -1, first, accumulator.Kind == AccumulatorKind.Product ? RecordColumn.Find(spec, accumulator.SecondColumn) : null));
            return 1;
        }

        var length = 1;
        while (at + length < spec.Accumulators.Count && spec.Accumulators[at + length] is { } next && next.Kind == accumulator.Kind && next.Index == length)
        {
            length++;
        }

        if (accumulator.Index != 0)
        {
            throw new InvalidOperationException("DPS9004: a histogram or vector does not begin with its first accumulator.");
        }

        if (accumulator.Kind == AccumulatorKind.Bin)
        {
            // The inner edges alone decide: values outside go to the outer bins.
            var edges = new long[length - 1];
            for (var i = 0; i < edges.Length; i++)
            {
                edges[i] = spec.Accumulators[at + i + 1].Lower;
            }

            steps.Add(new RunStep(at, RecordColumn.Find(spec, accumulator.Column), edges));
            return length;
        }

        var columns = new ColumnSpec[length];
        var offsets = new int[length];
        for (var i = 0; i < length; i++)
        {
            (offsets[i], columns[i]) = RecordColumn.Find(spec, spec.Accumulators[at + i].Column);
        }

        steps.Add(new RunStep(at, new VectorKernel(columns, offsets, accumulator)));
        return length;
    }

    private static int SumBeside(StageSpec spec, AccumulatorSpec square)
    {
        for (var i = 0; i < spec.Accumulators.Count; i++)
        {
            if (spec.Accumulators[i] == square with { Kind = AccumulatorKind.Sum })
            {
                return i;
            }
        }

        return -1;
    }
}
