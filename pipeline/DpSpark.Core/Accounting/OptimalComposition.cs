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
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        double logNormaliser = k * (epsilon0 + Elementary.Log1P(Math.Exp(-epsilon0)));
        double Weight(int l) => Math.Exp(Elementary.LogBinomial(k, l) + ((k - l) * epsilon0) - logNormaliser);
        double Share(int l) => Math.Max(0, -Elementary.ExpM1(epsilon - ((k - (2.0 * l)) * epsilon0)));

        // Only l with (k - 2l) epsilon0 above epsilon count. Their weights are binomial, hence rise to the mode and fall beyond it: sum outward from there, and replace what is
        // negligible by an upper bound of it, so that the result stays one and the cost is of order sqrt(k).
        int last = epsilon0 > 0 ? (int)Math.Max(-1, Math.Min(k, Math.Floor((k - (epsilon / epsilon0)) / 2))) : -1;
        int mode = (int)Math.Min(last, Math.Floor((k + 1.0) / (1 + Math.Exp(epsilon0))));
        double sum = 0;
        for (int l = mode; l >= 0; l--)
        {
            double weight = Weight(l);
            if (weight * (l + 1.0) <= sum * 1e-17)
            {
                sum += weight * (l + 1.0);
                break;
            }

            sum += weight * Share(l);
        }

        for (int l = mode + 1; l <= last; l++)
        {
            double weight = Weight(l);
            if (weight * (last - l + 1.0) <= sum * 1e-17)
            {
                sum += weight * (last - l + 1.0);
                break;
            }

            sum += weight * Share(l);
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

    /// <summary>Advanced composition in closed form: (k (e^eps0 - 1) eps0 / (e^eps0 + 1) + eps0 sqrt(2 k ln(1/slack)), 1 - (1-delta0)^k (1-slack)). Never better than <see cref="Epsilon"/>.</summary>
    /// <param name="epsilon0">Epsilon of each, at least 0.</param>
    /// <param name="delta0">Delta of each.</param>
    /// <param name="k">Number of copies.</param>
    /// <param name="slack">Delta given for the smaller epsilon, above 0.</param>
    public static (double Epsilon, double Delta) Advanced(double epsilon0, double delta0, int k, double slack)
    {
        double drift = k * epsilon0 * Math.Tanh(epsilon0 / 2);
        double atoms = Elementary.OneMinusPower(delta0, k);
        return ((epsilon0 * Math.Sqrt(-2.0 * k * Math.Log(slack))) + drift, atoms + ((1 - atoms) * slack));
    }

    /// <summary>Basic composition of k copies: k epsilon0.</summary>
    /// <param name="epsilon0">Epsilon of each, at least 0.</param>
    /// <param name="k">Number of copies.</param>
    public static double BasicEpsilon(double epsilon0, int k) => k * epsilon0;
}
