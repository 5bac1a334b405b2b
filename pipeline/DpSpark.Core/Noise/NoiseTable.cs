using System.Numerics;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Noise;

/// <summary>
/// Exact sampler by lazy inversion of a tabulated distribution function, version <c>table-v1</c>, for one noise distribution shared by many draws.
/// </summary>
/// <remarks>
/// A draw reads one word: its highest bit is the sign, the other 63 are the first bits of a uniform U in [0, 1). The magnitude is the smallest k with
/// U &lt; F(k), F(k) = P(|X| at most k). The table holds c_k = floor(2^191 F(k)), computed from the exact rational parameters by interval arithmetic and accepted
/// only where both ends of the interval agree. While V, the bits of U read so far, differs from the leading bits of the neighbouring entries the comparison is
/// decided and exact; otherwise another word is read. With all 191 bits equal to an entry (probability below entries * 2^-191) F(k) is
/// computed to as many further bits as it takes: no draw is ever approximate. A sign on magnitude 0 is ignored, so
/// P(X = 0) = P(|X| = 0) and P(X = k) = P(X = -k) = P(|X| = k) / 2.
/// Guarantee: exactly the discrete Laplace or discrete Gaussian distribution if the words are uniform and independent.
/// Cost: about 132 entries per unit of Laplace scale and 16.3 per unit of sigma, 24 bytes each; <see cref="NoiseSampler.Choose"/> is the rule, of the parameters alone, for when a plan uses one.
/// Source: lazy inversion as in dp-math 1.4 (F1); distributions of Canonne, Kamath and Steinke, NeurIPS 2020.
/// Immutable and thread safe.
/// </remarks>
public sealed class NoiseTable
{
    /// <summary>Largest Laplace scale for which plans use a table: 135 000 entries, built in some 30 ms.</summary>
    public const int MaxLaplaceScale = 1024;

    /// <summary>Largest Gaussian sigma for which plans use a table: 33 000 entries.</summary>
    public const int MaxGaussianSigma = 2048;

    private const int EntryBits = 191;
    private const int GuideBits = 10;

    private readonly MagnitudeDistribution _distribution;
    private readonly ulong[] _top;
    private readonly ulong[] _middle;
    private readonly ulong[] _low;
    private readonly int[] _guide;

    private NoiseTable(MagnitudeDistribution distribution)
    {
        _distribution = distribution;
        List<BigInteger> entries = Build(distribution);
        _top = new ulong[entries.Count];
        _middle = new ulong[entries.Count];
        _low = new ulong[entries.Count];
        for (int k = 0; k < entries.Count; k++)
        {
            _top[k] = (ulong)(entries[k] >> 128);
            _middle[k] = (ulong)((entries[k] >> 64) & ulong.MaxValue);
            _low[k] = (ulong)(entries[k] & ulong.MaxValue);
        }

        _guide = new int[(1 << GuideBits) + 1];
        int at = 0;
        for (int g = 0; g <= 1 << GuideBits; g++)
        {
            ulong from = (ulong)g << (63 - GuideBits);
            while (at < _top.Length - 1 && _top[at] < from)
            {
                at++;
            }

            _guide[g] = at;
        }
    }

    /// <summary>Number of magnitudes in the table.</summary>
    public int Entries => _top.Length;

    /// <summary>Whether a plan uses a table for a discrete Laplace of scale t/s. The rule is part of the plan's definition and looks at parameters only.</summary>
    /// <param name="t">Numerator of the scale.</param>
    /// <param name="s">Denominator of the scale.</param>
    public static bool FitsLaplace(BigInteger t, BigInteger s) => t <= s * MaxLaplaceScale;

    /// <summary>Whether a plan uses a table for a discrete Gaussian with sigma^2 = n/d.</summary>
    /// <param name="n">Numerator of sigma^2.</param>
    /// <param name="d">Denominator of sigma^2.</param>
    public static bool FitsGaussian(BigInteger n, BigInteger d) => n <= d * MaxGaussianSigma * MaxGaussianSigma;

    /// <summary>Tabulates a discrete Laplace of scale t/s.</summary>
    /// <param name="t">Numerator of the scale, at least 1.</param>
    /// <param name="s">Denominator of the scale, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The table would be too long, see <see cref="FitsLaplace"/>.</exception>
    public static NoiseTable DiscreteLaplace(BigInteger t, BigInteger s)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(t, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(s, BigInteger.One);
        return FitsLaplace(t, s)
            ? new NoiseTable(new MagnitudeDistribution.Laplace(t, s))
            : throw new ArgumentOutOfRangeException(nameof(t), "The scale is too large for a table.");
    }

    /// <summary>Tabulates a discrete Gaussian with sigma^2 = n/d.</summary>
    /// <param name="n">Numerator of sigma^2, at least 1.</param>
    /// <param name="d">Denominator of sigma^2, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The table would be too long, see <see cref="FitsGaussian"/>.</exception>
    public static NoiseTable DiscreteGaussian(BigInteger n, BigInteger d)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, BigInteger.One);
        ArgumentOutOfRangeException.ThrowIfLessThan(d, BigInteger.One);
        return FitsGaussian(n, d)
            ? new NoiseTable(new MagnitudeDistribution.Gaussian(n, d))
            : throw new ArgumentOutOfRangeException(nameof(n), "Sigma is too large for a table.");
    }

    /// <summary>Draws one value.</summary>
    /// <param name="words">The source.</param>
    public long Sample<TWords>(TWords words)
        where TWords : IRandomWords
    {
        ulong word = words.NextWord();
        bool negative = (word >> 63) != 0;
        ulong u = word & long.MaxValue;
        int guide = (int)(u >> (63 - GuideBits));
        int low = _guide[guide];
        int high = _guide[guide + 1];
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_top[middle] < u)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        // low is the first entry whose top is at least u, or the last entry.
        long magnitude = _top[low] > u ? low : SampleClose(words, u, low);
        return negative ? -magnitude : magnitude;
    }

    /// <summary>The 191-bit lower bound of P(|X| at most k), for tests.</summary>
    internal BigInteger Entry(int k) => ((BigInteger)_top[k] << 128) | ((BigInteger)_middle[k] << 64) | _low[k];

    private static List<BigInteger> Build(MagnitudeDistribution distribution)
    {
        BigInteger full = (BigInteger.One << EntryBits) - 1;
        for (int guard = 65; ; guard *= 2)
        {
            var arithmetic = new IntervalArithmetic(EntryBits + guard);
            var entries = new List<BigInteger>();
            bool decided = true;
            foreach (FixedInterval value in distribution.Cumulative(arithmetic))
            {
                // F(k) < 1 strictly, whatever the interval says.
                BigInteger below = value.Low >> guard;
                BigInteger above = BigInteger.Min(value.High >> guard, full);
                if (below != above)
                {
                    decided = false;
                    break;
                }

                entries.Add(below);
                if (below == full)
                {
                    break;
                }
            }

            if (decided)
            {
                return entries;
            }
        }
    }

    private long SampleClose<TWords>(TWords words, ulong u, int from)
        where TWords : IRandomWords
    {
        ulong second = words.NextWord();
        int k = from;
        while (k < _top.Length && (_top[k] < u || (_top[k] == u && _middle[k] < second)))
        {
            k++;
        }

        if (k < _top.Length && (_top[k] > u || _middle[k] > second))
        {
            return k;
        }

        ulong third = words.NextWord();
        while (k < _top.Length && _top[k] == u && _middle[k] == second && _low[k] < third)
        {
            k++;
        }

        if (k < _top.Length && (_top[k] > u || _middle[k] > second || _low[k] > third))
        {
            return k;
        }

        return SampleExactly(words, ((BigInteger)u << 128) | ((BigInteger)second << 64) | third, k);
    }

    /// <summary>All 191 bits equal those of an entry, or lie above the last one: reads on until exact bounds of F decide.</summary>
    private long SampleExactly<TWords>(TWords words, BigInteger read, int from)
        where TWords : IRandomWords
    {
        int bits = EntryBits;
        while (true)
        {
            read = (read << 64) | words.NextWord();
            bits += 64;
            var arithmetic = new IntervalArithmetic(bits + 64);
            BigInteger low = read << 64;
            BigInteger high = (read + 1) << 64;
            long k = -1;
            foreach (FixedInterval value in _distribution.Cumulative(arithmetic))
            {
                k++;
                if (k < from || low >= value.High)
                {
                    continue;
                }

                if (high <= value.Low)
                {
                    return k;
                }

                break;
            }
        }
    }
}
