using DpSpark.Core.Aggregation;
using DpSpark.Core.Noise;
using DpSpark.Core.Quantiles;

namespace DpSpark.Core.Stages.Items;

/// <summary>What the threads share of one tree: decoder, samplers and stream keys of every family.</summary>
internal sealed class TreeKeys : IDisposable
{
    public TreeKeys(StageSpec spec, TreeSpec tree, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release)
    {
        Spec = tree;
        TotalGrid = tree.TotalDraw < 0 ? null : DrawOf(spec, tree.TotalDraw).Grid;
        Decoder = new TreeDecoder(tree, TotalGrid is { } grid ? TreeDecoder.VarianceOf(DrawOf(spec, tree.TotalDraw).Noise) * Math.Pow(grid.ToDouble(System.Numerics.BigInteger.One), 2) : null);
        Item = spec.Items[tree.Item];
        Leaves = new LeafMap(Item);
        Samplers = new NoiseSampler[tree.Levels.Count];
        var families = 0L;
        var width = 1L;
        for (var level = 0; level < Samplers.Length; level++)
        {
            Samplers[level] = new NoiseSampler(tree.Levels[level].Noise);
            families += width;
            width *= tree.Branching;
        }

        if (width != Item.Leaves || families > 1 << 17)
        {
            throw new InvalidOperationException("DPS9010: a tree does not fit its leaves.");
        }

        Streams = new StreamKeys[families];
        for (var family = 0; family < Streams.Length; family++)
        {
            Streams[family] = new StreamKeys(secret, release, MetricBytes.Of(tree.Output, "node", (ulong)family));
        }
    }

    public TreeSpec Spec { get; }

    public TreeDecoder Decoder { get; }

    /// <summary>Unit of the draw that is the total; null for none.</summary>
    public GridUnit? TotalGrid { get; }

    public ItemSpec Item { get; }

    public LeafMap Leaves { get; }

    public NoiseSampler[] Samplers { get; }

    public StreamKeys[] Streams { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var stream in Streams)
        {
            stream.Dispose();
        }
    }

    internal static DrawSpec DrawOf(StageSpec spec, int index)
    {
        foreach (var node in spec.Nodes)
        {
            if (index < node.Draws.Count)
            {
                return node.Draws[index];
            }

            index -= node.Draws.Count;
        }

        throw new InvalidOperationException("DPS9010: a tree's total is no draw of the release.");
    }
}

/// <summary>Reads ranks off one tree, partition by partition: draws the noise of the families that are looked at, solves, and walks.</summary>
/// <remarks>
/// Guarantee: that of the tree's noise on every family; a family's noise is a keyed function of its index, so looking at some of them only is post-processing of a tree that is noised
/// everywhere. The estimate of a rank q is where the noisy pinball loss (the integral of cumulative count - q · total) is smallest: no count is cut off at zero on the way, which would pull the
/// result. Its interval: the same walk with the cumulative counts moved by the half-width of their noise, once up and once down. Beyond a minimum or maximum there are few values, so a step in rank
/// is a long way there: that end takes four fifths of the chance to miss, the other one fifth. Source: dp-math.md 3.8, 3.9, 8.2. One instance serves one thread.
/// </remarks>
internal sealed class TreeRelease
{
    /// <summary>Smallest distance of min and max from the ends, as a share of the values.</summary>
    private const double LeastTail = 0.005;

    /// <summary>Values that min and max leave out beyond themselves, in standard deviations of a cumulative count.</summary>
    private const double TailDeviations = 2;

    /// <summary>Part of the chance to miss that the outer end of the interval of a min or max takes.</summary>
    private const double OuterShare = 0.8;

    private readonly TreeKeys _keys;
    private readonly TreeDecoder _decoder;
    private readonly bool _noisy;
    private readonly (double Outer, double Inner, double Rank)? _z;
    private readonly KeyedStream _stream;
    private readonly long[] _counts;
    private readonly double[] _measured;
    private readonly double[] _cells;
    private readonly double[] _knots;
    private readonly double[] _spreads;
    private readonly double[] _shares;
    private readonly double _tail;
    private readonly List<Family> _families = [];
    private readonly Stack<double[]> _spare = new();

    public TreeRelease(TreeKeys keys, bool noisy, double? level, KeyedStream stream)
    {
        _keys = keys;
        _decoder = keys.Decoder;
        _noisy = noisy;
        _stream = stream;
        var kind = keys.Spec.Levels[0].Noise.Kind;
        _z = level is { } c ? Deviations(kind, c) : null;
        var longest = Math.Max(_decoder.Cells, _decoder.Branching);
        _counts = new long[longest];
        _measured = new double[longest + _decoder.Branching + 4];
        _cells = new double[_decoder.Cells + 1];
        _knots = new double[longest + 1];
        _spreads = new double[longest + 1];
        _shares = new double[longest + 1];
        _tail = TailDeviations * _decoder.RankDeviation(1, 0.5);
    }

    /// <summary>The numbers of all nodes that read this tree, as doubles packed into <paramref name="numbers"/> by node index.</summary>
    public void Release(ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items, ReadOnlySpan<Int128> drawn, IReadOnlyList<NodeSpec> nodes, IReadOnlyList<int> which, Span<(double Value, double Low, double High)> numbers)
    {
        foreach (var family in _families)
        {
            _spare.Push(family.Prefix);
        }

        _families.Clear();
        MeasureCells(partition, items, _keys.TotalGrid is { } grid ? grid.ToDouble((System.Numerics.BigInteger)drawn[_keys.Spec.TotalDraw]) : 0);
        foreach (var n in which)
        {
            numbers[n] = Read(nodes[n], partition, items);
        }

        // Ranks that ascend have values that ascend.
        for (var i = 1; i < which.Count; i++)
        {
            for (var j = i; j > 0 && numbers[which[j]].Value < numbers[which[j - 1]].Value; j--)
            {
                (numbers[which[j]], numbers[which[j - 1]]) = (numbers[which[j - 1]], numbers[which[j]]);
            }
        }
    }

    private (double Value, double Low, double High) Read(NodeSpec node, ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items)
    {
        var total = _cells[^1];
        var grid = _keys.Item.Grid;
        var lowest = grid.ToDouble(_keys.Item.Lower);
        var highest = grid.ToDouble(_keys.Item.Upper);
        var rank = RankOf(node, total);
        if (!(total > 0))
        {
            // No more than noise: the place of the rank in the range, and an interval that says as much.
            return (lowest + (rank * (highest - lowest)), lowest, highest);
        }

        var (leaf, share) = Walk(rank, 0, partition, items);
        var first = grid.ToDouble((System.Numerics.BigInteger)_keys.Leaves.First(leaf));
        var last = grid.ToDouble((System.Numerics.BigInteger)_keys.Leaves.Last(leaf));
        var value = first + (share * (last - first));
        if (_z is not { } z)
        {
            return (value, value, value);
        }

        var (down, up) = node.Rank is not null ? (z.Rank, z.Rank) : node.Aggregate == AggregateKind.Min ? (z.Outer, z.Inner) : (z.Inner, z.Outer);
        var low = grid.ToDouble((System.Numerics.BigInteger)_keys.Leaves.First(Walk(rank, down, partition, items).Leaf));
        var high = grid.ToDouble((System.Numerics.BigInteger)_keys.Leaves.Last(Walk(rank, -up, partition, items).Leaf));
        return (value, Math.Min(low, value), Math.Max(high, value));
    }

    /// <summary>Deviations of an interval's ends: of a min or max beyond it and towards the middle, of a rank on both sides. The chances of both ends to miss add up to 1 - level.</summary>
    private static (double Outer, double Inner, double Rank) Deviations(NoiseKind kind, double level)
    {
        // At low levels the outer end's share falls to one half, so that its own level stays one.
        var miss = 1 - (kind == NoiseKind.DiscreteGaussian ? level : Math.Max(0.95, level));
        var outer = Math.Max(0.5, Math.Min(OuterShare, 0.25 / miss));
        return (Z(2 * outer * miss), Z(2 * (1 - outer) * miss), Z(miss));

        double Z(double both) => kind == NoiseKind.DiscreteGaussian ? MeanInterval.GaussianZ(1 - both) : MeanInterval.LaplaceZ(1 - both);
    }

    /// <summary>The rank of a node, where that many values are believed to be in the partition.</summary>
    internal double RankOf(NodeSpec node, double total)
    {
        if (node.Rank is { } rank)
        {
            return Parameters.ExactDecimal.Parse(rank).ToDouble();
        }

        // The noisy total, never the true one (dp-math.md 3.9).
        var tail = total > 0 ? Math.Min(0.5, Math.Max(LeastTail, _tail / total)) : 0.5;
        return node.Aggregate == AggregateKind.Min ? tail : 1 - tail;
    }

    /// <summary>The leaf, and the share of it, where the cumulative count passes rank · total, moved by so many standard deviations of its noise.</summary>
    private (long Leaf, double Share) Walk(double rank, double deviations, ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items)
    {
        var cells = _decoder.Families[0];
        var n = cells.Cells;
        var target = rank * _cells[n];
        for (var k = 0; k <= n; k++)
        {
            _knots[k] = _cells[k] - target + (deviations == 0 ? 0 : deviations * Math.Sqrt(Math.Max(0, CellCovariance(k, k, rank))));
        }

        var (cell, share) = Crossing(_knots.AsSpan(0, n + 1));
        long node = cell;
        var state = new Edge(_cells[cell] - target, _cells[cell + 1] - target, CellCovariance(cell, cell, rank), CellCovariance(cell + 1, cell + 1, rank), CellCovariance(cell, cell + 1, rank));
        for (var level = _decoder.CellLevels; level < _decoder.Height; level++)
        {
            (var child, share, state) = Descend(level, node, state, deviations, partition, items);
            node = (node * _decoder.Branching) + child;
        }

        return (node, share);
    }

    /// <summary>Covariance of the errors of (cumulative count - rank · total) at two knots of the cells.</summary>
    private double CellCovariance(int left, int right, double rank)
    {
        var cells = _decoder.Families[0];
        var all = cells.Cells - 1;
        return cells.Covariance(left - 1, right - 1) - (rank * (cells.Covariance(left - 1, all) + cells.Covariance(right - 1, all))) + (rank * rank * cells.Covariance(all, all));
    }

    /// <summary>
    /// One level down: the family's own cumulative counts, corrected towards what the parent's ends say by the weights of least squares.
    /// </summary>
    private (int Child, double Share, Edge Edge) Descend(int level, long node, Edge parent, double deviations, ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items)
    {
        var decoder = _decoder.Families[level];
        var prefix = FamilyOf(level, node, partition, items);
        var n = decoder.Cells;
        var all = n - 1;
        var own = decoder.Covariance(all, all);
        var joint = own + parent.Low + parent.High - (2 * parent.Between);
        for (var k = 0; k <= n; k++)
        {
            _shares[k] = decoder.Covariance(k - 1, all) / joint;
            _spreads[k] = Between(k, k);
            _knots[k] = parent.Start + prefix[k] + (_shares[k] * (parent.End - parent.Start - prefix[n]));
        }

        if (deviations != 0)
        {
            for (var k = 0; k <= n; k++)
            {
                _knots[k] += deviations * Math.Sqrt(Math.Max(0, _spreads[k]));
            }
        }

        var (child, share) = Crossing(_knots.AsSpan(0, n + 1));
        var moved = deviations == 0 ? 0 : deviations;
        return (child, share, new Edge(
            _knots[child] - (moved * Math.Sqrt(Math.Max(0, _spreads[child]))),
            _knots[child + 1] - (moved * Math.Sqrt(Math.Max(0, _spreads[child + 1]))),
            _spreads[child],
            _spreads[child + 1],
            Between(child, child + 1)));

        double Between(int i, int j)
        {
            var (a, b) = (decoder.Covariance(i - 1, all) / joint, decoder.Covariance(j - 1, all) / joint);
            var above = ((1 - a) * (1 - b) * parent.Low) + (a * b * parent.High) + ((((1 - a) * b) + (a * (1 - b))) * parent.Between);
            return above + decoder.Covariance(i - 1, j - 1) - (b * decoder.Covariance(i - 1, all)) - (a * decoder.Covariance(j - 1, all)) + (a * b * own);
        }
    }

    /// <summary>
    /// Where the integral of a piecewise linear function is smallest: the cell, and the share of it. For an ascending function that is where it passes zero; noise makes it pass several times,
    /// and then this is where it passes on the whole.
    /// </summary>
    private static (int Cell, double Share) Crossing(ReadOnlySpan<double> knots)
    {
        var best = 0.0;
        var integral = 0.0;
        var cell = 0;
        var share = 0.0;
        for (var k = 0; k + 1 < knots.Length; k++)
        {
            var (left, right) = (knots[k], knots[k + 1]);
            if (left < 0 && right > 0)
            {
                var at = left / (left - right);
                var here = integral + (left * at / 2);
                if (here < best)
                {
                    (best, cell, share) = (here, k, at);
                }
            }

            integral += (left + right) / 2;
            if (integral < best)
            {
                (best, cell, share) = (integral, k, 1);
            }
        }

        return (cell, share);
    }

    private void MeasureCells(ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items, double total)
    {
        var cells = _decoder.Families[0];
        var counts = _counts.AsSpan(0, cells.Cells);
        counts.Clear();
        var width = _keys.Item.Leaves / cells.Cells;
        foreach (var word in items)
        {
            counts[(int)(ItemLog.LeafOf(word) / width)] += ItemLog.CountOf(word);
        }

        var b = _decoder.Branching;
        var measured = _measured.AsSpan(0, cells.BufferLength);
        measured.Clear();
        if (_decoder.CellLevels == 1)
        {
            Measure(0, 0, counts, partition, measured);
        }
        else
        {
            Span<long> parents = stackalloc long[b];
            parents.Clear();
            for (var i = 0; i < counts.Length; i++)
            {
                parents[i / b] += counts[i];
            }

            Measure(0, 0, parents, partition, measured);
            for (var i = 0; i < b; i++)
            {
                Measure(1, 1 + i, counts.Slice(i * b, b), partition, measured[((i + 1) * b)..]);
            }
        }

        cells.Decode(measured, _cells, total);
    }

    /// <summary>The noisy measurements of one family: exact integers plus noise. What is done with them afterwards is post-processing.</summary>
    private void Measure(int level, long family, ReadOnlySpan<long> counts, ReadOnlySpan<byte> partition, Span<double> measured)
    {
        var code = _keys.Spec.Levels[level].Coefficients;
        if (_noisy)
        {
            _keys.Streams[family].Open(partition, _stream);
        }

        for (var i = 0; i < counts.Length; i++)
        {
            var exact = Int128.Zero;
            if (code.Count == 0)
            {
                exact = counts[i];
            }
            else
            {
                for (var j = 0; j < counts.Length; j++)
                {
                    if (counts[j] != 0)
                    {
                        exact += (Int128)counts[j] * PrefixCode.Entry(code, i, j);
                    }
                }
            }

            measured[i] = (double)(_noisy ? checked(exact + _keys.Samplers[level].Sample(_stream)) : exact);
        }
    }

    /// <summary>The cumulative counts of one family below the cells; drawn once per partition.</summary>
    private double[] FamilyOf(int level, long node, ReadOnlySpan<byte> partition, ReadOnlySpan<ulong> items)
    {
        foreach (var family in _families)
        {
            if (family.Level == level && family.Node == node)
            {
                return family.Prefix;
            }
        }

        var b = _decoder.Branching;
        var before = 0L;
        var nodes = 1L;
        for (var i = 0; i < level; i++)
        {
            before += nodes;
            nodes *= b;
        }

        var width = _keys.Item.Leaves / nodes;
        var counts = _counts.AsSpan(0, b);
        counts.Clear();
        for (var i = FirstAtLeast(items, ItemLog.Pack(node * width, 0)); i < items.Length && ItemLog.LeafOf(items[i]) < (node + 1) * width; i++)
        {
            counts[(int)((ItemLog.LeafOf(items[i]) - (node * width)) / (width / b))] += ItemLog.CountOf(items[i]);
        }

        var decoder = _decoder.Families[level];
        var measured = _measured.AsSpan(0, decoder.BufferLength);
        measured.Clear();
        Measure(level, before + node, counts, partition, measured);
        var prefix = _spare.Count > 0 ? _spare.Pop() : new double[b + 1];
        decoder.Decode(measured, prefix);
        _families.Add(new Family(level, node, prefix));
        return prefix;
    }

    private static int FirstAtLeast(ReadOnlySpan<ulong> words, ulong bound)
    {
        var low = 0;
        var high = words.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (words[middle] < bound)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly record struct Family(int Level, long Node, double[] Prefix);

    /// <summary>(Cumulative count - target) at the ends of a node, with the variances and the covariance of their errors.</summary>
    private readonly record struct Edge(double Start, double End, double Low, double High, double Between);
}
