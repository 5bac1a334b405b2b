using System.Numerics;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>
/// Thresholding with exact integer noise: a partition of n units is shown when n is at least N and n U + X is at least T, U being the noise units of one unit of count.
/// The noisy count n U + X of a shown partition may be released too; it is part of the same mechanism.
/// </summary>
/// <remarks>
/// Guarantee: the noise pays for the counts, delta0 per partition for the keys. A partition that only one unit makes eligible (N - 1 others) is shown with probability
/// P(X at least T - N U), at most delta0; over L0 partitions that is at most 1 - (1-delta0)^L0, added to the delta of the noise.
/// Source: Wilson et al., PoPETs 2020 (Laplace); dp-math 4.3 and 4.4 for the integer forms.
/// </remarks>
/// <param name="Threshold">T in noise units, with the shift of the pre-threshold.</param>
/// <param name="PreThreshold">N, at least 1.</param>
/// <param name="UnitsPerCount">U, at least 1.</param>
public sealed record ThresholdRule(BigInteger Threshold, int PreThreshold, BigInteger UnitsPerCount)
{
    /// <summary>The smallest T that is safe with discrete Laplace noise of scale t/s.</summary>
    /// <param name="t">Numerator of the scale, in noise units.</param>
    /// <param name="s">Denominator of the scale.</param>
    /// <param name="delta0">Chance allowed to a single unit's partition, above 0 and below 1.</param>
    /// <param name="preThreshold">N.</param>
    /// <remarks>
    /// The smallest m with P(X at least m) = q^m/(1+q), or 1 - q^(1-m)/(1+q) for m below 1, at most delta0: guessed in double, decided by interval arithmetic on the exact scale and the
    /// exact delta0. T = N + m. Counts have unit 1.
    /// </remarks>
    public static ThresholdRule Laplace(BigInteger t, BigInteger s, double delta0, int preThreshold)
    {
        Check(delta0, preThreshold);
        double scale = Rounding.Nearest(t, s);
        double q = Math.Exp(-1 / scale);
        double guess = delta0 <= 1 / (1 + q)
            ? scale * -Math.Log(delta0 * (1 + q))
            : 1 + (scale * Math.Log((1 - delta0) * (1 + q)));
        var m = new BigInteger(Math.Ceiling(guess));

        // Brackets the smallest safe m by doubling steps around the guess, then bisects: the guess is off by a relative 1e-15 at most.
        BigInteger step = BigInteger.One;
        BigInteger safe = m;
        while (!TailIsAtMost(t, s, safe, delta0))
        {
            safe += step;
            step <<= 1;
        }

        step = BigInteger.One;
        BigInteger unsafeBelow = safe - 1;
        while (TailIsAtMost(t, s, unsafeBelow, delta0))
        {
            safe = unsafeBelow;
            unsafeBelow -= step;
            step <<= 1;
        }

        while (safe - unsafeBelow > 1)
        {
            BigInteger middle = (safe + unsafeBelow) >> 1;
            if (TailIsAtMost(t, s, middle, delta0))
            {
                safe = middle;
            }
            else
            {
                unsafeBelow = middle;
            }
        }

        return new(safe + preThreshold, preThreshold, BigInteger.One);
    }

    /// <summary>The smallest T that is safe with discrete Gaussian noise.</summary>
    /// <param name="variance">sigma^2 in noise units squared; a lower value than the noise really has is not safe.</param>
    /// <param name="delta0">Chance allowed to a single unit's partition, above 0 and below 1/2.</param>
    /// <param name="preThreshold">N.</param>
    /// <param name="unitsPerCount">U.</param>
    /// <remarks>The smallest m of 1 and more with an upper bound of P(X at least m), valid under every rounding, at most delta0. T = N U + m.</remarks>
    public static ThresholdRule Gaussian(double variance, double delta0, int preThreshold, BigInteger unitsPerCount)
    {
        Check(delta0, preThreshold);
        ArgumentOutOfRangeException.ThrowIfLessThan(unitsPerCount, BigInteger.One);
        double widened = Rounding.Outward(variance);
        double low = 0;
        double high = Math.Ceiling(Math.Sqrt(widened) * Math.Max(1, Normal.UpperQuantile(Math.Min(delta0, 0.5)))) + 2;
        while (DiscreteDistributions.GaussianUpperTailBound(widened, high) > delta0)
        {
            high *= 2;
        }

        while (high - low > 1)
        {
            double middle = Math.Floor((low + high) / 2);
            if (DiscreteDistributions.GaussianUpperTailBound(widened, middle) <= delta0)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return new(new BigInteger(high) + (preThreshold * unitsPerCount), preThreshold, unitsPerCount);
    }

    /// <summary>Whether a partition is shown.</summary>
    /// <param name="units">Units in the partition.</param>
    /// <param name="noise">The noise drawn for it, in noise units.</param>
    public bool Keep(long units, Int128 noise) => units >= PreThreshold && (units * UnitsPerCount) + noise >= Threshold;

    /// <summary>The chance that a partition of n units is shown under discrete Laplace noise.</summary>
    /// <param name="scale">The scale in noise units.</param>
    /// <param name="units">Units in the partition.</param>
    public double LaplaceKeepProbability(double scale, long units) => units < PreThreshold ? 0
        : DiscreteDistributions.LaplaceUpperTail(scale, (double)(Threshold - (units * UnitsPerCount)));

    /// <summary>The chance that a partition of n units is shown under discrete Gaussian noise.</summary>
    /// <param name="variance">sigma^2 in noise units squared.</param>
    /// <param name="units">Units in the partition.</param>
    public double GaussianKeepProbability(double variance, long units) => units < PreThreshold ? 0
        : DiscreteDistributions.GaussianUpperTail(variance, (double)(Threshold - (units * UnitsPerCount)));

    private static bool TailIsAtMost(BigInteger t, BigInteger s, BigInteger m, double delta0)
    {
        const int Bits = 1200;
        var arithmetic = new IntervalArithmetic(Bits);
        FixedInterval one = arithmetic.Exact(BigInteger.One);
        FixedInterval q = arithmetic.ExpNegative(s, t);
        FixedInterval power = arithmetic.ExpNegative(s * (m.Sign > 0 ? m : BigInteger.One - m), t);
        FixedInterval tail = arithmetic.Divide(power, arithmetic.Add(one, q));
        BigInteger high = m.Sign > 0 ? tail.High : arithmetic.Subtract(one, tail).High;
        (BigInteger numerator, BigInteger denominator) = Rounding.ToRational(delta0);
        return high * denominator <= numerator << Bits;
    }

    private static void Check(double delta0, int preThreshold)
    {
        if (!(delta0 > 0 && delta0 < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta0), "A threshold needs a delta above 0 and below 1.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(preThreshold, 1);
    }
}
