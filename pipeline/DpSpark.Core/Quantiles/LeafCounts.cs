namespace DpSpark.Core.Quantiles;

/// <summary>Exact counts of the nodes of a tree that hold data: what noise is added to. Not thread safe.</summary>
/// <param name="tree">The tree.</param>
public sealed class LeafCounts(QuantileTree tree)
{
    private readonly Dictionary<(int Level, long Node), long> _counts = [];

    /// <summary>Adds one value to one node of every level.</summary>
    /// <param name="value">Not NaN.</param>
    public void Add(double value)
    {
        long node = tree.Leaf(value);
        for (int level = tree.Height; level >= 1; level--)
        {
            _counts.TryGetValue((level, node), out long known);
            _counts[(level, node)] = known + 1;
            node /= tree.Branching;
        }
    }

    /// <summary>The exact count of a node; 0 where nothing was added.</summary>
    /// <param name="level">1 below the root to the height at the leaves.</param>
    /// <param name="node">Index within the level.</param>
    public double this[int level, long node] => _counts.GetValueOrDefault((level, node));

    /// <summary>The exact counts of a level, from its first node to its last.</summary>
    /// <param name="level">A level small enough to list.</param>
    public long[] Level(int level)
    {
        long nodes = 1;
        for (int i = 0; i < level; i++)
        {
            nodes *= tree.Branching;
        }

        long[] counts = new long[nodes];
        for (long i = 0; i < nodes; i++)
        {
            counts[i] = _counts.GetValueOrDefault((level, i));
        }

        return counts;
    }
}
