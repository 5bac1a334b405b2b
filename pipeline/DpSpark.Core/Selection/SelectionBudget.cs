using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>What each of the L0 partitions of one unit may cost when keys are selected: (epsilon0, delta0) per partition for (epsilon, delta) in all.</summary>
/// <param name="Epsilon">epsilon0.</param>
/// <param name="Delta">delta0.</param>
public readonly record struct SelectionBudget(double Epsilon, double Delta)
{
    /// <summary>Basic split: epsilon0 = epsilon/L0, delta0 = 1 - (1-delta)^(1/L0).</summary>
    /// <param name="epsilon">Total epsilon, above 0.</param>
    /// <param name="delta">Total delta, above 0 and below 1.</param>
    /// <param name="l0">Partitions one unit may contribute to.</param>
    /// <remarks>Guarantee: L0 mechanisms of (epsilon0, delta0) compose to (L0 epsilon0, 1 - (1-delta0)^L0). To the accuracy of double; see <see cref="Safely"/>.</remarks>
    public static SelectionBudget Basic(double epsilon, double delta, int l0)
    {
        Check(epsilon, delta, l0);
        return new(epsilon / l0, Elementary.OneMinusPower(delta, 1.0 / l0));
    }

    /// <summary>
    /// Split by optimal composition: a fraction of delta pays for the atoms, delta0 = 1 - (1 - fraction · delta)^(1/L0), and epsilon0 is the largest whose L0-fold composition
    /// is (epsilon, delta)-differentially private.
    /// </summary>
    /// <param name="epsilon">Total epsilon, above 0.</param>
    /// <param name="delta">Total delta, above 0 and below 1.</param>
    /// <param name="l0">Partitions one unit may contribute to.</param>
    /// <param name="fraction">Share of delta for the atoms, above 0 and below 1.</param>
    /// <remarks>
    /// Source: Kairouz, Oh and Viswanath 2017, theorem 3.3. Gains grow with L0; for small L0 the basic split may select more, so a plan compares both by
    /// the units needed for an even chance.
    /// </remarks>
    public static SelectionBudget Optimal(double epsilon, double delta, int l0, double fraction)
    {
        Check(epsilon, delta, l0);
        if (!(fraction > 0 && fraction < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(fraction), "The fraction lies between 0 and 1.");
        }

        // 1e-9 of delta covers the rounding of the composition's sum.
        double target = delta * (1 - 1e-9);
        double delta0 = Elementary.OneMinusPower(fraction * delta, 1.0 / l0);
        double low = epsilon / l0;
        double high = 2 * low;
        while (high <= epsilon && OptimalComposition.Delta(high, delta0, l0, epsilon) <= target)
        {
            low = high;
            high *= 2;
        }

        // The basic share is private whatever delta0 allows, so the search starts there.
        double epsilon0 = Elementary.BisectUp(e => OptimalComposition.Delta(e, delta0, l0, epsilon) > target ? 1 : -1, low, high);
        return new(epsilon0, delta0);
    }

    /// <summary>This budget moved to the safe side by a relative 2^-40: what a release uses.</summary>
    public SelectionBudget Safely() => new(Rounding.Inward(Epsilon), Rounding.Inward(Delta));

    private static void Check(double epsilon, double delta, int l0)
    {
        if (!(epsilon > 0) || double.IsInfinity(epsilon))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), "Private selection needs an epsilon above 0.");
        }

        if (!(delta > 0 && delta < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), "Private selection needs a delta above 0 and below 1; with delta 0 give public partitions.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
    }
}
