using System.Numerics;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Bounds;

/// <summary>Private bounds of values: counts in bins that grow by a factor, noise on every bin, and the outermost bins that pass a threshold.</summary>
/// <remarks>
/// Positive bin 0 holds [0, s], bin i holds (s g^(i-1), s g^i]; negative bins mirror them without 0; values beyond belong to the last bin. Guarantee: a unit adds at most L0 Linf to the
/// counts in all, and the histogram is one for all partitions, so Laplace noise of scale L0 Linf / eps makes it private; everything later is post-processing. Source: dp-math 6.1.
/// </remarks>
public sealed class LogarithmicHistogram
{
    private readonly double[] _edges;

    /// <summary>Bins.</summary>
    /// <param name="scale">s, the end of the first bin, above 0.</param>
    /// <param name="factor">g, above 1.</param>
    /// <param name="bins">Bins per sign, at least 1.</param>
    public LogarithmicHistogram(double scale, double factor, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (!(factor > 1) || double.IsInfinity(factor) || double.IsInfinity(scale))
        {
            throw new ArgumentOutOfRangeException(nameof(factor), "Bins grow by a finite factor above 1 from a finite scale.");
        }

        _edges = new double[bins];
        bool whole = factor == Math.Floor(factor) && scale == Math.Floor(scale);
        for (int i = 0; i < bins; i++)
        {
            // A boundary value belongs to the bin below it, so boundaries are exact where they can be.
            _edges[i] = whole ? (double)(new BigInteger(scale) * BigInteger.Pow(new BigInteger(factor), i)) : scale * Math.Pow(factor, i);
            if (double.IsInfinity(_edges[i]))
            {
                throw new ArgumentOutOfRangeException(nameof(bins), "The last bin ends beyond the largest number.");
            }
        }

        Positive = new long[bins];
        Negative = new long[bins];
    }

    /// <summary>Exact counts of the bins of 0 and above: noise is added before anything else looks at them.</summary>
    public long[] Positive { get; }

    /// <summary>Exact counts of the bins below 0.</summary>
    public long[] Negative { get; }

    /// <summary>Counts a value; NaN is left out.</summary>
    /// <param name="value">The value.</param>
    public void Add(double value)
    {
        if (!double.IsNaN(value))
        {
            (value >= 0 ? Positive : Negative)[Bin(Math.Abs(value))]++;
        }
    }

    /// <summary>The bin of a magnitude, by comparison with the boundaries: logarithms misplace exact powers.</summary>
    /// <param name="magnitude">At least 0.</param>
    public int Bin(double magnitude)
    {
        int at = Array.BinarySearch(_edges, magnitude);
        return Math.Min(at >= 0 ? at : ~at, _edges.Length - 1);
    }

    /// <summary>Laplace scale of the noise on every bin: L0 Linf / eps.</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="linf">Values per unit and partition.</param>
    public static double LaplaceScale(double epsilon, int l0, int linf) => DiscreteDistributions.LaplaceScale((double)l0 * linf, epsilon);

    /// <summary>The threshold that no empty bin of 2B passes but with the failure probability f: -b ln(2 (1 - (1-f)^(1/(2B)))).</summary>
    /// <param name="laplaceScale">b.</param>
    /// <param name="binsPerSign">B.</param>
    /// <param name="failure">f, above 0 and below 1.</param>
    public static double Threshold(double laplaceScale, int binsPerSign, double failure)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(binsPerSign, 1);
        if (!(failure > 0 && failure < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(failure), "A failure probability lies between 0 and 1.");
        }

        // The chance that one empty bin passes; above 1/2 the threshold is negative.
        double each = Elementary.OneMinusPower(failure, 1.0 / (2.0 * binsPerSign));
        return each <= 0.5 ? -laplaceScale * Math.Log(2 * each) : laplaceScale * Math.Log(2 * (1 - each));
    }

    /// <summary>The lower edge of the lowest and the upper edge of the highest bin that reach the threshold; null when none does, which is reported, never guessed.</summary>
    /// <param name="positive">Noisy counts of the bins of 0 and above.</param>
    /// <param name="negative">Noisy counts of the bins below 0.</param>
    /// <param name="threshold">The threshold.</param>
    public (double Lower, double Upper)? Decide(IReadOnlyList<double> positive, IReadOnlyList<double> negative, double threshold)
    {
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        double lower = double.PositiveInfinity;
        double upper = double.NegativeInfinity;
        for (int i = 0; i < _edges.Length; i++)
        {
            double inner = i == 0 ? 0 : _edges[i - 1];
            if (positive[i] >= threshold)
            {
                lower = Math.Min(lower, inner);
                upper = Math.Max(upper, _edges[i]);
            }

            if (negative[i] >= threshold)
            {
                lower = Math.Min(lower, -_edges[i]);
                upper = Math.Max(upper, -inner);
            }
        }

        return lower <= upper ? (lower, upper == 0 ? 0.0 : upper) : null;
    }
}
