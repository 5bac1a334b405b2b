using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>
/// The optimal rule for one partition in closed form: the largest chance p(n) of showing a partition of n units under (epsilon0, delta0). For previews and tests;
/// decisions are taken by <see cref="TruncatedGeometricTable"/>.
/// </summary>
/// <remarks>
/// p(0) = 0, p(n) = min(e^eps0 p(n-1) + delta0, 1 - e^-eps0 (1 - p(n-1) - delta0), 1), solved:
/// n1 = 1 + floor(log1p(tanh(eps0/2) (1/delta0 - 1)) / eps0), n2 = n1 + floor(log1p((e^eps0 - 1)/delta0 · (1 - p(n1))) / eps0);
/// up to n1 the first arm, up to n2 the second, then 1.
/// Guarantee: pointwise maximal among all (eps0, delta0)-differentially private rules for one partition.
/// Source: Desfontaines, Voss and Gipson, "Differentially Private Partition Selection", PoPETs 2022, theorem 1.
/// </remarks>
public sealed class TruncatedGeometric
{
    private readonly double _epsilon;
    private readonly double _delta;
    private readonly double _atFirst;

    /// <summary>Prepares the closed form.</summary>
    /// <param name="budget">(epsilon0, delta0) of one partition.</param>
    /// <param name="preThreshold">N: partitions below N units are never shown, and the rule applies to n - N + 1.</param>
    public TruncatedGeometric(SelectionBudget budget, int preThreshold = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(preThreshold, 1);
        _epsilon = budget.Epsilon;
        _delta = budget.Delta;
        PreThreshold = preThreshold;
        FirstCrossover = 1 + Math.Floor(Elementary.Log1P(Math.Tanh(_epsilon / 2) * ((1 / _delta) - 1)) / _epsilon);
        _atFirst = Math.Min(1, Rising(FirstCrossover));
        double room = 1 - _atFirst;
        double inner = room <= 0 ? 0
            : _epsilon > 700 ? (_epsilon + Math.Log(room / _delta)) / _epsilon
            : Elementary.Log1P(Elementary.ExpM1(_epsilon) / _delta * room) / _epsilon;
        SecondCrossover = FirstCrossover + Math.Floor(Math.Max(0, inner));
    }

    /// <summary>N.</summary>
    public int PreThreshold { get; }

    /// <summary>n1, before the shift by the pre-threshold.</summary>
    public double FirstCrossover { get; }

    /// <summary>n2, before the shift by the pre-threshold: above it every partition is shown.</summary>
    public double SecondCrossover { get; }

    /// <summary>The chance that a partition of n units is shown.</summary>
    /// <param name="units">Units in the partition.</param>
    public double KeepProbability(double units)
    {
        double n = units - PreThreshold + 1;
        if (n <= 0)
        {
            return 0;
        }

        if (n <= FirstCrossover)
        {
            return Math.Min(1, Rising(n));
        }

        if (n > SecondCrossover)
        {
            return 1;
        }

        // Near p = 1 the complement decays by e^-eps0 per unit; the sum is taken around p(n1), where nothing cancels.
        double steady = _delta / Elementary.ExpM1(_epsilon);
        return Math.Clamp(_atFirst - ((1 - _atFirst + steady) * Elementary.ExpM1(-(n - FirstCrossover) * _epsilon)), 0, 1);
    }

    /// <summary>The smallest number of units with at least this chance.</summary>
    /// <param name="probability">0 to 1; 0.5 and 0.95 are what plans report.</param>
    public double UnitsFor(double probability)
    {
        double low = PreThreshold - 1;
        double high = SecondCrossover + PreThreshold;
        while (high - low > 1)
        {
            double middle = Math.Floor((low + high) / 2);
            if (KeepProbability(middle) >= probability)
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

    /// <summary>delta0 (e^(n eps0) - 1) / (e^eps0 - 1), which tends to n delta0.</summary>
    private double Rising(double n)
    {
        double top = n * _epsilon;
        return top > 700
            ? Math.Exp(Math.Log(_delta) + top - _epsilon - Math.Log(-Elementary.ExpM1(-_epsilon)))
            : _delta * Elementary.ExpM1(top) / Elementary.ExpM1(_epsilon);
    }
}
