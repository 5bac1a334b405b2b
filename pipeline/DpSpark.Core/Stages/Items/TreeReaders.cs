using DpSpark.Core.Aggregation;
using DpSpark.Core.Noise;

namespace DpSpark.Core.Stages.Items;

/// <summary>The trees of a release for one thread, and what was read off them for the partition at hand.</summary>
internal sealed class TreeReaders
{
    private readonly IReadOnlyList<NodeSpec> _nodes;
    private readonly TreeRelease[] _trees;
    private readonly List<int>[] _which;
    private readonly int[] _items;
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly (double Value, double Low, double High)[] _numbers;
    private readonly double _z;

    public TreeReaders(ReleaseKeys keys, bool noisy, double? level, KeyedStream stream)
    {
        _nodes = keys.Spec.Nodes;
        _z = MeanInterval.GaussianZ(level ?? 0.95);
        _trees = new TreeRelease[keys.Trees.Length];
        _which = new List<int>[_trees.Length];
        _items = new int[_trees.Length];
        _numbers = new (double Value, double Low, double High)[_trees.Length > 0 ? _nodes.Count : 0];
        for (var t = 0; t < _trees.Length; t++)
        {
            _trees[t] = new TreeRelease(keys.Trees[t], noisy, level, stream);
            _which[t] = [];
            _items[t] = keys.Trees[t].Spec.Item;
        }

        for (var n = 0; n < _nodes.Count; n++)
        {
            if (_nodes[n].Form == NodeForm.Quantile)
            {
                _which[_nodes[n].Tree].Add(n);
                _index[_nodes[n].Output] = n;
            }
        }

        foreach (var which in _which)
        {
            which.Sort((a, b) => Order(_nodes[a]).CompareTo(Order(_nodes[b])));
        }
    }

    /// <summary>Reads all trees of a partition that is shown.</summary>
    public void Read(ReadOnlySpan<byte> partition, PartitionItems items, ReadOnlySpan<Int128> drawn)
    {
        for (var t = 0; t < _trees.Length; t++)
        {
            _trees[t].Release(partition, items.Of(_items[t]), drawn, _nodes, _which[t], _numbers);
        }
    }

    /// <summary>What was read for a node.</summary>
    public (double Value, double Low, double High) Of(NodeSpec node) => _numbers[_index[node.Output]];

    /// <summary>A standard deviation that goes with an interval.</summary>
    public double DeviationOf(double low, double high) => (high - low) / (2 * _z);

    /// <summary>The minimum first, ranks in ascending order, the maximum last.</summary>
    internal static double Order(NodeSpec node) => node.Rank is { } rank ? Parameters.ExactDecimal.Parse(rank).ToDouble() : node.Aggregate == AggregateKind.Min ? -1 : 2;
}
