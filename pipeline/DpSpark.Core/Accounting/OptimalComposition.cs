using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting;

/// <summary>The exact privacy of k copies of a generic (epsilon0, delta0) mechanism.</summary>
/// <remarks>
/// delta(eps) = 1 - (1-delta0)^k (1 - sum over l of C(k,l) max(0, e^((k-l) eps0) - e^(eps + l eps0)) / (1+e^eps0)^k).
/// Source: Kairouz, Oh and Viswanath, "The Composition Theorem for Differential Privacy", IEEE TIT 2017, theorem 3.3. Tight for randomised response and for discrete Laplace noise
/// of sensitivity 1; a valid upper bound for every (epsilon0, delta0) mechanism.
/// </remarks>
public static class OptimalComposition
{
    /// <summary>The smallest delta of k copies at an epsilon.</summary>
    /// <param name="epsilon0">Epsilon of each, at least 0.</param>
    /// <param name="delta0">Delta of each.</param>
    /// <param name="k">Number of copies.</param>
    /// <param name="epsilon">At least 0.</param>
    public static double Delta(double epsilon0, double delta0, int k, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        double sum = 0;
        double logNormaliser = k * (epsilon0 + Elementary.Log1P(Math.Exp(-epsilon0)));

        // Terms with (k - 2l) epsilon0 > epsilon, smallest first.
        int last = (int)Math.Min(k, Math.Floor((k - (epsilon / epsilon0)) / 2));
        for (int l = 0; l <= last; l++)
        {
            double excess = ((k - (2.0 * l)) * epsilon0) - epsilon;
            if (excess > 0)
            {
                sum += Math.Exp(Elementary.LogBinomial(k, l) + ((k - l) * epsilon0) - logNormaliser) * -Elementary.ExpM1(-excess);
            }
        }

        sum = Math.Min(sum, 1);

        // 1 - (1-d)(1-s) with d = 1-(1-delta0)^k.
        double atoms = Elementary.OneMinusPower(delta0, k);
        return atoms + ((1 - atoms) * sum);
    }

    /// <summary>The smallest epsilon of k copies at a delta; infinite where the atoms alone exceed it.</summary>
    /// <param name="epsilon0">Epsilon of each, at least 0.</param>
    /// <param name="delta0">Delta of each.</param>
    /// <param name="k">Number of copies.</param>
    /// <param name="delta">The target.</param>
    public static double Epsilon(double epsilon0, double delta0, int k, double delta)
    {
        if (Elementary.OneMinusPower(delta0, k) > delta)
        {
            return double.PositiveInfinity;
        }

        if (Delta(epsilon0, delta0, k, 0) <= delta)
        {
            return 0;
        }

        return Elementary.BisectUp(epsilon => delta - Delta(epsilon0, delta0, k, epsilon), 0, k * epsilon0);
    }
}
