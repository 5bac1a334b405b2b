using System.Numerics;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Noise;

/// <summary>The distribution function of |X| for a symmetric integer noise X, enclosed in intervals of any precision.</summary>
internal abstract class MagnitudeDistribution
{
    /// <summary>P(|X| at most k) for k = 0, 1, 2, ..., each as an interval of the arithmetic's precision.</summary>
    internal abstract IEnumerable<FixedInterval> Cumulative(IntervalArithmetic arithmetic);

    /// <summary>Discrete Laplace of scale t/s: q = exp(-s/t), P(|X| at most k) = 1 - 2 q^(k+1) / (1 + q).</summary>
    internal sealed class Laplace(BigInteger t, BigInteger s) : MagnitudeDistribution
    {
        internal override IEnumerable<FixedInterval> Cumulative(IntervalArithmetic arithmetic)
        {
            FixedInterval one = arithmetic.Exact(BigInteger.One);
            FixedInterval q = arithmetic.ExpNegative(s, t);
            FixedInterval tail = arithmetic.Divide(arithmetic.Add(q, q), arithmetic.Add(one, q));
            while (true)
            {
                yield return arithmetic.Subtract(one, tail);
                tail = arithmetic.Multiply(tail, q);
            }
        }
    }

    /// <summary>
    /// Discrete Gaussian with sigma^2 = n/d: weights w_k = g^(k^2), g = exp(-d/(2n)); P(|X| at most k) = (1 + 2 (w_1 + .. + w_k)) / Z.
    /// </summary>
    internal sealed class Gaussian(BigInteger n, BigInteger d) : MagnitudeDistribution
    {
        // Upper ends that round up stop falling near 1 / (1 - ratio) units, so the sum ends well above that and the rest is bounded in closed form.
        private static readonly BigInteger s_negligible = BigInteger.One << 20;

        internal override IEnumerable<FixedInterval> Cumulative(IntervalArithmetic arithmetic)
        {
            FixedInterval one = arithmetic.Exact(BigInteger.One);
            FixedInterval g = arithmetic.ExpNegative(d, 2 * n);
            FixedInterval g2 = arithmetic.Multiply(g, g);

            // w_(k+1) = w_k g^(2k+1).
            var partial = new List<FixedInterval>();
            FixedInterval sum = one;
            FixedInterval weight = one;
            FixedInterval ratio = g;
            while (true)
            {
                partial.Add(sum);
                weight = arithmetic.Multiply(weight, ratio);
                ratio = arithmetic.Multiply(ratio, g2);
                if (weight.High <= s_negligible)
                {
                    break;
                }

                sum = arithmetic.Add(sum, arithmetic.Add(weight, weight));
            }

            // Everything from this weight on: w (1 + r + r^2 + ...) at most w / (1 - r), r being the next ratio, as later ratios are smaller.
            BigInteger room = arithmetic.One - ratio.High;
            BigInteger rest = ((2 * weight.High << arithmetic.Bits) + room - 1) / room;
            FixedInterval normaliser = new(sum.Low, sum.High + rest);
            foreach (FixedInterval value in partial)
            {
                yield return arithmetic.Divide(value, normaliser);
            }

            while (true)
            {
                yield return new(arithmetic.Divide(sum, normaliser).Low, arithmetic.One);
            }
        }
    }
}
