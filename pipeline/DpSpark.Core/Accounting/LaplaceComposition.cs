using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>The exact privacy of k continuous Laplace mechanisms of equal epsilon: the reference that loss distributions are checked against.</summary>
/// <remarks>
/// One loss has an atom 1/2 at +e, an atom e^-e/2 at -e and density e^((l-e)/2)/4 between, that is e^(l/2) times a symmetric measure: atoms e^(-e/2)/2 at both ends and a
/// constant between. In u = (l + k e)/(2e) the k-fold symmetric measure is (e^(-e/2)/2)^k times the sum over c of C(k,c) e^c B_c(u - a) C(k-c,a), B_c the cardinal B-spline
/// (density of the sum of c uniforms; c = 0: an atom at a). All terms are positive. delta(eps) = integral over l above eps of (e^(l/2) - e^(eps - l/2)).
/// Source of the loss: Dong, Roth and Su 2022; the expansion is elementary.
/// </remarks>
public static class LaplaceComposition
{
    /// <summary>Most copies that are expanded; beyond, use <see cref="Loss.LossAccountant"/>.</summary>
    public const int LargestCount = 64;

    /// <summary>The smallest delta at an epsilon.</summary>
    /// <param name="epsilonEach">L1 sensitivity over scale of each, above 0.</param>
    /// <param name="k">Copies, 1 to <see cref="LargestCount"/>.</param>
    /// <param name="epsilon">At least 0.</param>
    public static double Delta(double epsilonEach, int k, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilonEach);
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, LargestCount);
        if (epsilon >= k * epsilonEach)
        {
            return 0;
        }

        // Every weight e^(l/2) carries the factor (e^(-e/2))^k, so that it is at most 1.
        double start = (epsilon + (k * epsilonEach)) / (2 * epsilonEach);
        double halves = -k * Math.Log(2);
        double Hockey(double u)
        {
            double loss = ((2 * u) - k) * epsilonEach;
            return Math.Exp(((loss - (k * epsilonEach)) / 2) + halves) * -Elementary.ExpM1(epsilon - loss);
        }

        double sum = 0;
        for (int a = (int)Math.Ceiling(start); a <= k; a++)
        {
            sum += Math.Exp(Elementary.LogBinomial(k, a)) * Math.Max(0, Hockey(a));
        }

        int cell = (int)Math.Floor(start);
        (double[] nodes, double[] weights) = GaussLegendre.OnUnitInterval(16 + (k / 2) + (int)Math.Min(200, 2 * epsilonEach));

        // The cell that epsilon cuts, then all whole cells at once: the splines of one fraction t serve every cell.
        double part = cell + 1 - start;
        for (int i = 0; i < nodes.Length; i++)
        {
            double t = start - cell + (part * nodes[i]);
            sum += weights[i] * part * Density(k, epsilonEach, t, cell, cell, u => Hockey(u));
            sum += weights[i] * Density(k, epsilonEach, nodes[i], cell + 1, k - 1, u => Hockey(u));
        }

        return Math.Clamp(sum, 0, 1);
    }

    /// <summary>The smallest epsilon at a delta.</summary>
    /// <param name="epsilonEach">L1 sensitivity over scale of each, above 0.</param>
    /// <param name="k">Copies, 1 to <see cref="LargestCount"/>.</param>
    /// <param name="delta">0 to 1.</param>
    public static double Epsilon(double epsilonEach, int k, double delta)
    {
        if (delta <= 0)
        {
            return k * epsilonEach;
        }

        if (Delta(epsilonEach, k, 0) <= delta)
        {
            return 0;
        }

        // 60 halvings of the whole range leave 1e-18 of it.
        double low = 0;
        double high = k * epsilonEach;
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (Delta(epsilonEach, k, middle) <= delta)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return high;
    }

    // The sum over cells j of the density at j + t times the function there.
    private static double Density(int k, double epsilonEach, double t, int firstCell, int lastCell, Func<double, double> function)
    {
        if (firstCell > lastCell)
        {
            return 0;
        }

        double[] values = new double[k];
        double[] spline = new double[k];
        double[] next = new double[k];
        spline[0] = 1;
        double[] row = new double[k];
        for (int c = 1; c <= k; c++)
        {
            // spline[i] = B_c(t + i), i below c.
            if (c > 1)
            {
                for (int i = 0; i < c; i++)
                {
                    double u = t + i;
                    double here = i < c - 1 ? spline[i] : 0;
                    double left = i > 0 ? spline[i - 1] : 0;
                    next[i] = ((u * here) + ((c - u) * left)) / (c - 1);
                }

                (spline, next) = (next, spline);
            }

            double log = Elementary.LogBinomial(k, c) + (c * Math.Log(epsilonEach));
            for (int a = 0; a <= k - c; a++)
            {
                row[a] = Math.Exp(log + Elementary.LogBinomial(k - c, a));
            }

            for (int j = firstCell; j <= lastCell; j++)
            {
                double sum = 0;
                for (int a = Math.Max(0, j - c + 1); a <= Math.Min(k - c, j); a++)
                {
                    sum += row[a] * spline[j - a];
                }

                values[j] += sum;
            }
        }

        double total = 0;
        for (int j = firstCell; j <= lastCell; j++)
        {
            total += values[j] * Math.Max(0, function(j + t));
        }

        return total;
    }
}
