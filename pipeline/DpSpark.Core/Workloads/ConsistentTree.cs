namespace DpSpark.Core.Workloads;

/// <summary>The least-squares consistent counts of a complete tree of noisy counts with equal variances.</summary>
/// <remarks>
/// Post-processing. Up: z(v) = ((b^i - b^(i-1)) y(v) + (b^(i-1) - 1) sum of z(children)) / (b^i - 1) for a node with i levels in its subtree, leaves having 1. Down: u(root) = z(root),
/// u(v) = z(v) + (u(parent) - sum of the siblings' z)/b. Source: Hay, Rastogi, Miklau and Suciu, "Boosting the Accuracy of Differentially Private Histograms", VLDB 2010, section 4.
/// </remarks>
public static class ConsistentTree
{
    /// <summary>The consistent counts, level by level from the root; every node is the sum of its children.</summary>
    /// <param name="levels">Noisy counts, level by level from the root, each level <paramref name="branching"/> times as long as the one above.</param>
    /// <param name="branching">b, at least 2.</param>
    public static double[][] Solve(IReadOnlyList<IReadOnlyList<double>> levels, int branching)
    {
        ArgumentNullException.ThrowIfNull(levels);
        ArgumentOutOfRangeException.ThrowIfLessThan(branching, 2);
        double[][] z = new double[levels.Count][];
        long nodes = 1;
        for (int level = 0; level < z.Length; level++)
        {
            if (levels[level].Count != nodes)
            {
                throw new ArgumentException("A complete tree has b nodes for every node above.", nameof(levels));
            }

            z[level] = new double[nodes];
            nodes *= branching;
        }

        for (int level = z.Length - 1; level >= 0; level--)
        {
            double power = Math.Pow(branching, z.Length - 1 - level);
            double whole = (power * branching) - 1;
            for (int v = 0; v < z[level].Length; v++)
            {
                double own = levels[level][v];
                z[level][v] = level == z.Length - 1
                    ? own
                    : ((((power * branching) - power) * own) + ((power - 1) * SumOfChildren(z[level + 1], v, branching))) / whole;
            }
        }

        for (int level = 1; level < z.Length; level++)
        {
            for (int parent = 0; parent < z[level - 1].Length; parent++)
            {
                double residual = (z[level - 1][parent] - SumOfChildren(z[level], parent, branching)) / branching;
                for (int i = 0; i < branching; i++)
                {
                    z[level][(parent * branching) + i] += residual;
                }
            }
        }

        return z;
    }

    private static double SumOfChildren(double[] below, int parent, int branching)
    {
        double sum = 0;
        for (int i = 0; i < branching; i++)
        {
            sum += below[(parent * branching) + i];
        }

        return sum;
    }
}
