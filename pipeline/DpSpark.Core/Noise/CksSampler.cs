using System.Numerics;

namespace DpSpark.Core.Noise;

/// <summary>
/// Exact samplers of the Bernoulli, discrete Laplace and discrete Gaussian distributions from uniform words, version <c>cks-v1</c>.
/// Arguments are non-negative integers, probabilities rationals; there is no floating point, hence no rounding.
/// </summary>
/// <remarks>
/// Guarantee: if the words are uniform and independent, the results have exactly the stated distributions.
/// Source: Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020, algorithms 1 to 3.
/// The words a call consumes are part of the version: each arm below (64, 128 bits, arbitrary) draws the same words for the same arguments.
/// The number of words depends on the result only; the time of a draw is outside the formal guarantee.
/// </remarks>
public static class CksSampler
{
    /// <summary>Denominators up to here may be multiplied by the counter of a Bernoulli draw in 128 bits.</summary>
    private static readonly UInt128 s_narrow = UInt128.One << 96;

    private static readonly BigInteger s_gaussianSquareLimit = BigInteger.One << 63;

    /// <summary>Uniform on 0 .. n-1; consumes nothing for n = 1.</summary>
    /// <param name="words">The source.</param>
    /// <param name="n">At least 1.</param>
    public static BigInteger Below<TWords>(TWords words, BigInteger n)
        where TWords : IRandomWords
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, BigInteger.One);
        if (n <= UInt128.MaxValue)
        {
            return Below(words, (UInt128)n);
        }

        int bits = (int)(n - 1).GetBitLength();
        int count = (bits + 63) / 64;
        BigInteger mask = (BigInteger.One << bits) - 1;
        while (true)
        {
            BigInteger value = BigInteger.Zero;
            for (int i = 0; i < count; i++)
            {
                value += (BigInteger)words.NextWord() << (64 * i);
            }

            value &= mask;
            if (value < n)
            {
                return value;
            }
        }
    }

    /// <summary>Uniform on 0 .. n-1; consumes nothing for n = 1.</summary>
    /// <param name="words">The source.</param>
    /// <param name="n">At least 1.</param>
    public static UInt128 Below<TWords>(TWords words, UInt128 n)
        where TWords : IRandomWords
    {
        ArgumentOutOfRangeException.ThrowIfEqual(n, UInt128.Zero);
        UInt128 last = n - 1;
        if (last <= ulong.MaxValue)
        {
            ulong top = (ulong)last;
            if (top == 0)
            {
                return 0;
            }

            ulong mask = ulong.MaxValue >> BitOperations.LeadingZeroCount(top);
            ulong value;
            do
            {
                value = words.NextWord() & mask;
            }
            while (value > top);
            return value;
        }

        UInt128 wide = UInt128.MaxValue >> (int)UInt128.LeadingZeroCount(last);
        UInt128 drawn;
        do
        {
            ulong low = words.NextWord();
            drawn = new UInt128(words.NextWord(), low) & wide;
        }
        while (drawn > last);
        return drawn;
    }

    /// <summary>True with probability exp(-a/d).</summary>
    /// <param name="words">The source.</param>
    /// <param name="a">At least 0.</param>
    /// <param name="d">At least 1.</param>
    public static bool BernoulliExp<TWords>(TWords words, BigInteger a, BigInteger d)
        where TWords : IRandomWords
    {
        ArgumentOutOfRangeException.ThrowIfNegative(a);
        ArgumentOutOfRangeException.ThrowIfLessThan(d, BigInteger.One);
        while (a > d)
        {
            if (!BernoulliExp01(words, UInt128.One, UInt128.One))
            {
                return false;
            }

            a -= d;
        }

        return d < s_narrow ? BernoulliExp01(words, (UInt128)a, (UInt128)d) : BernoulliExp01(words, a, d);
    }

    /// <summary>An integer k with probability (1-q)/(1+q) q^|k|, q = exp(-s/t): discrete Laplace of scale t/s.</summary>
    /// <param name="words">The source.</param>
    /// <param name="t">Numerator of the scale, at least 1.</param>
    /// <param name="s">Denominator of the scale, at least 1.</param>
    public static BigInteger DiscreteLaplace<TWords>(TWords words, BigInteger t, BigInteger s)
        where TWords : IRandomWords
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(t, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(s, BigInteger.One);
        if (t < s_narrow && s < s_narrow)
        {
            return DiscreteLaplaceNarrow(words, (UInt128)t, (UInt128)s);
        }

        while (true)
        {
            BigInteger u = Below(words, t);
            if (!BernoulliExp01(words, u, t))
            {
                continue;
            }

            BigInteger magnitude = (u + (t * GeometricUnit(words))) / s;
            bool negative = Below(words, (UInt128)2) == 1;
            if (negative && magnitude.IsZero)
            {
                continue;
            }

            return negative ? -magnitude : magnitude;
        }
    }

    /// <summary>An integer k with probability proportional to exp(-k^2 d / (2 n)): discrete Gaussian with sigma^2 = n/d.</summary>
    /// <param name="words">The source.</param>
    /// <param name="n">Numerator of sigma^2, at least 1.</param>
    /// <param name="d">Denominator of sigma^2, at least 1.</param>
    public static BigInteger DiscreteGaussian<TWords>(TWords words, BigInteger n, BigInteger d)
        where TWords : IRandomWords
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(d, BigInteger.One);
        BigInteger t = SquareRoot(n / d) + 1;
        BigInteger step = t * d;
        BigInteger denominator = 2 * n * step * t;
        if (n < s_gaussianSquareLimit && step < s_gaussianSquareLimit && denominator < s_narrow)
        {
            return DiscreteGaussianNarrow(words, (UInt128)t, (UInt128)n, (UInt128)step, (UInt128)denominator);
        }

        while (true)
        {
            BigInteger y = DiscreteLaplace(words, t, BigInteger.One);
            BigInteger root = (BigInteger.Abs(y) * step) - n;
            if (BernoulliExp(words, root * root, denominator))
            {
                return y;
            }
        }
    }

    /// <summary>Largest integer whose square is at most the value.</summary>
    /// <param name="value">At least 0.</param>
    public static BigInteger SquareRoot(BigInteger value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        if (value.IsZero)
        {
            return value;
        }

        // Newton from above falls monotonically to the floor of the root.
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (value / root)) >> 1;
            if (next >= root)
            {
                return root;
            }

            root = next;
        }
    }

    private static BigInteger DiscreteLaplaceNarrow<TWords>(TWords words, UInt128 t, UInt128 s)
        where TWords : IRandomWords
    {
        while (true)
        {
            UInt128 u = Below(words, t);
            if (!BernoulliExp01(words, u, t))
            {
                continue;
            }

            // t < 2^96, so u + t v stays in 128 bits for v < 2^31. A larger v has probability exp(-2^31): the draw fails rather than wrap.
            uint v = GeometricUnit(words);
            if (v >= 1u << 31)
            {
                throw new InvalidOperationException("A geometric draw exceeded 2^31.");
            }

            UInt128 magnitude = u + (t * v);
            if (s != UInt128.One)
            {
                magnitude /= s;
            }

            bool negative = (words.NextWord() & 1) == 1;
            if (negative && magnitude == UInt128.Zero)
            {
                continue;
            }

            return negative ? -(BigInteger)magnitude : magnitude;
        }
    }

    private static BigInteger DiscreteGaussianNarrow<TWords>(TWords words, UInt128 t, UInt128 n, UInt128 step, UInt128 denominator)
        where TWords : IRandomWords
    {
        UInt128 largest = (UInt128)(ulong)long.MaxValue / step;
        while (true)
        {
            BigInteger y = DiscreteLaplaceNarrow(words, t, UInt128.One);
            BigInteger magnitude = BigInteger.Abs(y);
            bool accept;
            if (magnitude <= largest)
            {
                // |y| t d and n are below 2^63, so the square of their difference is below 2^126.
                UInt128 scaled = (UInt128)magnitude * step;
                UInt128 root = scaled > n ? scaled - n : n - scaled;
                accept = BernoulliExpNarrow(words, root * root, denominator);
            }
            else
            {
                BigInteger root = (magnitude * step) - n;
                accept = BernoulliExp(words, root * root, denominator);
            }

            if (accept)
            {
                return y;
            }
        }
    }

    private static bool BernoulliExpNarrow<TWords>(TWords words, UInt128 a, UInt128 d)
        where TWords : IRandomWords
    {
        while (a > d)
        {
            if (!BernoulliExp01(words, UInt128.One, UInt128.One))
            {
                return false;
            }

            a -= d;
        }

        return BernoulliExp01(words, a, d);
    }

    /// <summary>Number of successes of exp(-1) before the first failure: P(v) = (1 - 1/e) e^-v.</summary>
    private static uint GeometricUnit<TWords>(TWords words)
        where TWords : IRandomWords
    {
        uint v = 0;
        while (BernoulliExp01(words, UInt128.One, UInt128.One))
        {
            v = checked(v + 1);
        }

        return v;
    }

    /// <summary>exp(-a/d) for a at most d, by the alternating series of exp: the first failure comes at an odd k with that probability. d below 2^96.</summary>
    private static bool BernoulliExp01<TWords>(TWords words, UInt128 a, UInt128 d)
        where TWords : IRandomWords
    {
        uint k = 1;
        while (Below(words, d * k) < a)
        {
            k = checked(k + 1);
        }

        return (k & 1) == 1;
    }

    private static bool BernoulliExp01<TWords>(TWords words, BigInteger a, BigInteger d)
        where TWords : IRandomWords
    {
        BigInteger k = BigInteger.One;
        while (Below(words, d * k) < a)
        {
            k++;
        }

        return !k.IsEven;
    }
}
