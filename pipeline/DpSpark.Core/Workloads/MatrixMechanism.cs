using System.Numerics;

namespace DpSpark.Core.Workloads;

/// <summary>Total variance of a workload answered through a strategy.</summary>
/// <param name="Laplace">At epsilon 1: 2 times the square of the largest column sum, times the recovery factor.</param>
/// <param name="Gaussian">At sigma 1 per unit sensitivity: the square of the largest column norm, times the recovery factor.</param>
public readonly record struct StrategyVariance(double Laplace, double Gaussian);

/// <summary>Workloads answered through strategies: noise is added to A x, answers are W A^+ (A x + noise).</summary>
/// <remarks>
/// Guarantee: that of the noise on A x, whose sensitivity is the largest column norm of A; recovery is post-processing. The recovery factor is the square Frobenius norm of W A^+. Which
/// strategy is best depends on parameters only. Source: Li, Hay, Rastogi, Miklau and McGregor, "Optimizing Linear Counting Queries", PODS 2010.
/// </remarks>
public static class MatrixMechanism
{
    /// <summary>One query per cell.</summary>
    /// <param name="cells">n, at least 1.</param>
    public static double[][] Identity(int cells) => Rows(cells, cells, (row, cell) => row == cell ? 1 : 0);

    /// <summary>The sums of cells 0 to i.</summary>
    /// <param name="cells">n, at least 1.</param>
    public static double[][] Prefix(int cells) => Rows(cells, cells, (row, cell) => cell <= row ? 1 : 0);

    /// <summary>The sum of every range of cells.</summary>
    /// <param name="cells">n, at least 1.</param>
    public static double[][] AllRanges(int cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1);
        var rows = new List<double[]>();
        for (int first = 0; first < cells; first++)
        {
            for (int last = first; last < cells; last++)
            {
                double[] row = new double[cells];
                Array.Fill(row, 1, first, last - first + 1);
                rows.Add(row);
            }
        }

        return [.. rows];
    }

    /// <summary>The nodes of the binary tree, root and leaves included.</summary>
    /// <param name="cells">A power of two.</param>
    public static double[][] BinaryTree(int cells)
    {
        CheckPower(cells);
        var rows = new List<double[]>();
        for (int width = cells; width >= 1; width /= 2)
        {
            for (int first = 0; first < cells; first += width)
            {
                double[] row = new double[cells];
                Array.Fill(row, 1, first, width);
                rows.Add(row);
            }
        }

        return [.. rows];
    }

    /// <summary>The Haar wavelet, not normalised: the total, and for every inner node its left half minus its right half.</summary>
    /// <param name="cells">A power of two.</param>
    public static double[][] Haar(int cells)
    {
        CheckPower(cells);
        double[] total = new double[cells];
        Array.Fill(total, 1);
        var rows = new List<double[]> { total };
        for (int width = cells; width >= 2; width /= 2)
        {
            for (int first = 0; first < cells; first += width)
            {
                double[] row = new double[cells];
                Array.Fill(row, 1, first, width / 2);
                Array.Fill(row, -1, first + (width / 2), width / 2);
                rows.Add(row);
            }
        }

        return [.. rows];
    }

    /// <summary>The total variance of a workload through a strategy.</summary>
    /// <param name="workload">Rows of W.</param>
    /// <param name="strategy">Rows of A, from which every row of W follows.</param>
    /// <exception cref="ArgumentException">The workload does not follow from the strategy.</exception>
    public static StrategyVariance Variance(IReadOnlyList<double[]> workload, IReadOnlyList<double[]> strategy)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(strategy);
        double l1 = 0;
        double l2 = 0;
        for (int cell = 0; cell < strategy[0].Length; cell++)
        {
            double sum = 0;
            double squares = 0;
            for (int row = 0; row < strategy.Count; row++)
            {
                double entry = strategy[row][cell];
                sum += Math.Abs(entry);
                squares += entry * entry;
            }

            l1 = Math.Max(l1, sum);
            l2 = Math.Max(l2, squares);
        }

        double factor = RecoveryFactor(workload, strategy);
        return new(2 * l1 * l1 * factor, l2 * factor);
    }

    // ||W A^+||_F^2 is the trace of W (A^T A)^+ W^T. Gram-Schmidt on the columns' Gram matrix by pivoted Cholesky; solving L y = w for each row w.
    private static double RecoveryFactor(IReadOnlyList<double[]> workload, IReadOnlyList<double[]> strategy)
    {
        int n = strategy[0].Length;
        double[][] gram = Gram(strategy, n);
        int[] order = new int[n];
        double largest = 0;
        for (int i = 0; i < n; i++)
        {
            order[i] = i;
            largest = Math.Max(largest, gram[i][i]);
        }

        double[][] lower = Rows(n, n, (_, _) => 0);
        double[] rest = new double[n];
        for (int i = 0; i < n; i++)
        {
            rest[i] = gram[i][i];
        }

        for (int k = 0; k < n; k++)
        {
            int pivot = k;
            for (int i = k + 1; i < n; i++)
            {
                pivot = rest[order[i]] > rest[order[pivot]] ? i : pivot;
            }

            (order[k], order[pivot]) = (order[pivot], order[k]);
            int p = order[k];
            if (rest[p] <= 1e-12 * largest)
            {
                // Fewer independent queries than cells: only a strategy that is the workload itself is taken further, W W^+ having the rank as its norm.
                return ReferenceEquals(workload, strategy) ? k : throw new ArgumentException("The strategy does not determine every cell.", nameof(strategy));
            }

            double root = Math.Sqrt(rest[p]);
            lower[p][k] = root;
            for (int i = k + 1; i < n; i++)
            {
                int row = order[i];
                double sum = gram[row][p];
                for (int j = 0; j < k; j++)
                {
                    sum -= lower[row][j] * lower[p][j];
                }

                lower[row][k] = sum / root;
                rest[row] -= lower[row][k] * lower[row][k];
            }
        }

        double factor = 0;
        double[] y = new double[n];
        for (int w = 0; w < workload.Count; w++)
        {
            for (int k = 0; k < n; k++)
            {
                int p = order[k];
                double sum = workload[w][p];
                for (int j = 0; j < k; j++)
                {
                    sum -= lower[p][j] * y[j];
                }

                y[k] = sum / lower[p][k];
                factor += y[k] * y[k];
            }
        }

        return factor;
    }

    private static double[][] Gram(IReadOnlyList<double[]> rows, int n)
    {
        double[][] gram = Rows(n, n, (_, _) => 0);
        for (int r = 0; r < rows.Count; r++)
        {
            double[] row = rows[r];
            for (int i = 0; i < n; i++)
            {
                if (row[i] != 0)
                {
                    for (int j = 0; j < n; j++)
                    {
                        gram[i][j] += row[i] * row[j];
                    }
                }
            }
        }

        return gram;
    }

    private static double[][] Rows(int count, int cells, Func<int, int, double> entry)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1);
        double[][] rows = new double[count][];
        for (int row = 0; row < count; row++)
        {
            rows[row] = new double[cells];
            for (int cell = 0; cell < cells; cell++)
            {
                rows[row][cell] = entry(row, cell);
            }
        }

        return rows;
    }

    private static void CheckPower(int cells)
    {
        if (cells < 1 || !BitOperations.IsPow2(cells))
        {
            throw new ArgumentOutOfRangeException(nameof(cells), "Trees and wavelets have a power of two of cells.");
        }
    }
}
