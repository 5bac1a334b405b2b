using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Bounds;

/// <summary>Bounds from the noisy histograms of a first pass: which bins hold units for certain, and the bounds with the smallest estimated error of clipping and of noise.</summary>
/// <remarks>
/// Guarantee: post-processing of noisy counts and of public numbers; it costs nothing. Significance as in dp-math.md 6.1: all empty bins together pass with a probability of at most f, which
/// starts at 1e-9 and may rise to 1e-6; single bins and sums of four neighbours are looked at, each with half of f. The choice among the edges within is the cost model of 6.1.
/// </remarks>
public static class ProfileDecision
{
    /// <summary>Bins that are looked at together.</summary>
    private const int GroupSize = 4;

    /// <summary>The outermost bins that hold units; null when none does for certain, which is reported, never guessed.</summary>
    /// <param name="bins">The bins.</param>
    /// <param name="counts">Their noisy counts.</param>
    /// <param name="scale">Scale of the Laplace noise on each, or sigma of Gaussian noise; 0 for counts without noise.</param>
    /// <param name="isGaussian">Whether the noise is Gaussian.</param>
    public static (int First, int Last)? Significant(ProfileBins bins, ReadOnlySpan<double> counts, double scale, bool isGaussian = false)
    {
        ArgumentNullException.ThrowIfNull(bins);
        for (var failure = 1e-9; failure < 2e-6; failure *= 10)
        {
            var single = scale == 0 ? 0.5 : Threshold(scale, bins.Count, 1, failure / 2, isGaussian);
            var together = scale == 0 ? 0.5 : Threshold(scale, (bins.Count + GroupSize - 1) / GroupSize + 1, GroupSize, failure / 2, isGaussian);
            var first = int.MaxValue;
            var last = -1;
            for (var bin = 0; bin < bins.Count; bin++)
            {
                if (counts[bin] >= single || GroupOf(bins, counts, bin) >= together)
                {
                    first = Math.Min(first, bin);
                    last = bin;
                }
            }

            if (last >= 0)
            {
                return (first, last);
            }
        }

        return null;
    }

    /// <summary>Bounds of values, or of sums, in units; null when they cannot be told.</summary>
    /// <param name="bins">Signed or unsigned bins.</param>
    /// <param name="low">Noisy counts of the units' lowest numbers; those of the numbers furthest from zero where one histogram shows both ends.</param>
    /// <param name="high">Noisy counts of their highest numbers, or the same as <paramref name="low"/>.</param>
    /// <param name="scale">Scale of the Laplace noise on each count, or sigma of Gaussian noise; 0 for none.</param>
    /// <param name="fromZero">Whether zero belongs to the interval and noise grows with the bound furthest from it, as for a sum; else noise grows with the width.</param>
    /// <param name="noise">Error by noise over all partitions, for each unit of the bound or of the width.</param>
    /// <param name="contributions">Times that a unit's number is taken to be clipped.</param>
    /// <param name="isGaussian">Whether the noise on the counts is Gaussian.</param>
    public static (long Lower, long Upper)? Values(ProfileBins bins, ReadOnlySpan<double> low, ReadOnlySpan<double> high, double scale, bool fromZero, double noise, double contributions, bool isGaussian = false)
    {
        if (Significant(bins, low, scale, isGaussian) is not { } lowest || Significant(bins, high, scale, isGaussian) is not { } highest)
        {
            return null;
        }

        // Each end's candidates with what clipping there costs; counts of bins further out than a certain one are noise.
        var first = Math.Min(lowest.First, highest.First);
        var last = Math.Max(lowest.Last, highest.Last);
        (long Lower, long Upper)? best = null;
        var least = double.PositiveInfinity;
        var upperCost = new double[bins.Count];
        for (var bin = first; bin <= last; bin++)
        {
            upperCost[bin] = ClippedAbove(bins, high, bins.Upper(bin), last);
        }

        for (var from = first - 1; from <= last; from++)
        {
            var lower = from < first ? Math.Min(0, bins.Lower(first)) : fromZero ? Math.Min(0, bins.Lower(from)) : bins.Lower(from);
            var lowerCost = ClippedBelow(bins, low, lower, first);
            for (var to = Math.Max(from, first); to <= last; to++)
            {
                var upper = fromZero ? Math.Max(0, bins.Upper(to)) : bins.Upper(to);
                if (upper <= lower)
                {
                    continue;
                }

                var clipped = lowerCost + (upper == bins.Upper(to) ? upperCost[to] : ClippedAbove(bins, high, upper, last));
                double width = fromZero ? Math.Max(-(double)lower, upper) : (double)upper - lower;
                var cost = (noise * width) + (contributions * clipped);
                if (cost < least)
                {
                    least = cost;
                    best = (lower, upper);
                }
            }
        }

        return best;
    }

    /// <summary>A bound on how many partitions, or rows, of a unit count; null when it cannot be told.</summary>
    /// <param name="bins">Unsigned bins.</param>
    /// <param name="counts">Noisy counts of the units' numbers.</param>
    /// <param name="scale">Scale of the Laplace noise on each count, or sigma of Gaussian noise; 0 for none.</param>
    /// <param name="noise">Error by noise over all partitions for a bound of 1; null where the number of partitions is not known: then 95 % of all that units bring is kept.</param>
    /// <param name="isRoot">Whether noise grows with the root of the bound, as Gaussian noise does with the number of partitions; else in proportion.</param>
    /// <param name="contributions">Rows lost with each one above the bound.</param>
    /// <param name="isGaussian">Whether the noise on the counts is Gaussian.</param>
    public static long? Count(ProfileBins bins, ReadOnlySpan<double> counts, double scale, double? noise, bool isRoot, double contributions, bool isGaussian = false)
    {
        if (Significant(bins, counts, scale, isGaussian) is not { } certain)
        {
            return null;
        }

        var all = 0.0;
        for (var bin = 0; bin <= certain.Last; bin++)
        {
            all += Math.Max(0, counts[bin]) * Middle(bins, bin);
        }

        var best = bins.Upper(certain.Last);
        var least = double.PositiveInfinity;
        for (var bin = 0; bin <= certain.Last; bin++)
        {
            var bound = bins.Upper(bin);
            var lost = ClippedAbove(bins, counts, bound, certain.Last);
            if (noise is not { } each)
            {
                if (lost <= 0.05 * all)
                {
                    return bound;
                }

                continue;
            }

            var cost = (each * (isRoot ? Math.Sqrt(bound) : bound)) + (contributions * lost);
            if (cost < least)
            {
                least = cost;
                best = bound;
            }
        }

        return best;
    }

    /// <summary>What the sum of some draws exceeds in one of several places with a probability of at most <paramref name="failure"/>.</summary>
    private static double Threshold(double scale, int places, int draws, double failure, bool isGaussian)
    {
        if (isGaussian)
        {
            // Discrete Gaussian noise is sub-Gaussian with sigma^2 (Canonne, Kamath and Steinke, NeurIPS 2020, lemma 13): P(sum of m >= t) <= exp(-t^2 / (2 m sigma^2)).
            return scale * Math.Sqrt(-2 * draws * Math.Log(Elementary.OneMinusPower(failure, 1.0 / places)));
        }

        if (draws == 1)
        {
            return LogarithmicHistogram.Threshold(scale, (places + 1) / 2, failure);
        }

        // Chernoff: P(sum >= t) <= exp(-s t) (1 - s^2 b^2)^-m for every s below 1/b.
        var nats = -Math.Log(Elementary.OneMinusPower(failure, 1.0 / places));
        var least = double.PositiveInfinity;
        for (var share = 0.05; share < 1; share += 0.01)
        {
            least = Math.Min(least, scale * (nats - (draws * Elementary.Log1P(-share * share))) / share);
        }

        return least;
    }

    /// <summary>Sum of the four neighbours that a bin belongs to, counted from zero outwards; never across zero.</summary>
    private static double GroupOf(ProfileBins bins, ReadOnlySpan<double> counts, int bin)
    {
        var perSign = bins.IsSigned ? bins.Count / 2 : bins.Count;
        var isNegative = bins.IsSigned && bin < perSign;
        var outward = isNegative ? perSign - 1 - bin : bins.IsSigned ? bin - perSign : bin;
        var sum = 0.0;
        for (var i = outward / GroupSize * GroupSize; i < Math.Min(perSign, ((outward / GroupSize) + 1) * GroupSize); i++)
        {
            sum += counts[isNegative ? perSign - 1 - i : bins.IsSigned ? perSign + i : i];
        }

        return sum;
    }

    private static double Middle(ProfileBins bins, int bin) => ((double)bins.Lower(bin) + bins.Upper(bin) + 1) / 2;

    private static double ClippedAbove(ProfileBins bins, ReadOnlySpan<double> counts, long bound, int last)
    {
        var sum = 0.0;
        for (var bin = last; bin >= 0 && bins.Lower(bin) >= bound; bin--)
        {
            sum += Math.Max(0, counts[bin]) * (Middle(bins, bin) - bound);
        }

        return sum;
    }

    private static double ClippedBelow(ProfileBins bins, ReadOnlySpan<double> counts, long bound, int first)
    {
        var sum = 0.0;
        for (var bin = first; bin < bins.Count && bins.Upper(bin) <= bound; bin++)
        {
            sum += Math.Max(0, counts[bin]) * Math.Max(0, bound - (((double)bins.Lower(bin) + bins.Upper(bin)) / 2));
        }

        return sum;
    }
}
