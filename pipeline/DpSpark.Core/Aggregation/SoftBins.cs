namespace DpSpark.Core.Aggregation;

/// <summary>
/// Means and variances from soft histograms: a value within [lower, upper] is shared out over two or three bins with weights that sum to 1, so one Laplace mechanism with
/// l1 = L0 · L-infinity pays for everything.
/// </summary>
/// <remarks>
/// With w = (v - lower)/(upper - lower): two bins 1 - w and w; three bins (1-w)^2, 2w(1-w), w^2. With h half the range and u = 2w - 1: count = sum of bins; values less the midpoint
/// sum to h (last - first); squares less the midpoint to h^2 (first + last - middle), as u = b2 - b0 and u^2 = b0 + b2 - b1.
/// Source: dp-math 3.4 and 3.5.
/// </remarks>
public static class SoftBins
{
    /// <summary>Two bins, toward lower and toward upper.</summary>
    /// <param name="values">The values; they are clamped.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound, above the lower.</param>
    public static double[] Two(IReadOnlyList<double> values, double lower, double upper)
    {
        double[] bins = new double[2];
        foreach (double value in values)
        {
            double w = Weight(value, lower, upper);
            bins[0] += 1 - w;
            bins[1] += w;
        }

        return bins;
    }

    /// <summary>Three bins: the quadratic Bernstein basis.</summary>
    /// <param name="values">The values; they are clamped.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound, above the lower.</param>
    public static double[] Three(IReadOnlyList<double> values, double lower, double upper)
    {
        double[] bins = new double[3];
        foreach (double value in values)
        {
            double w = Weight(value, lower, upper);
            bins[0] += (1 - w) * (1 - w);
            bins[1] += 2 * w * (1 - w);
            bins[2] += w * w;
        }

        return bins;
    }

    /// <summary>Sum of the values less the midpoint, from two or three bins.</summary>
    /// <param name="bins">The (noisy) bins.</param>
    /// <param name="range">upper - lower.</param>
    public static double NormalizedSum(ReadOnlySpan<double> bins, double range) => range / 2 * (bins[^1] - bins[0]);

    /// <summary>Sum of squares of the values less the midpoint, from three bins.</summary>
    /// <param name="bins">The (noisy) bins.</param>
    /// <param name="range">upper - lower.</param>
    public static double NormalizedSquares(ReadOnlySpan<double> bins, double range) => range / 2 * (range / 2) * (bins[0] + bins[2] - bins[1]);

    /// <summary>Number of values: the bins' sum.</summary>
    /// <param name="bins">The (noisy) bins.</param>
    public static double Count(ReadOnlySpan<double> bins)
    {
        double sum = 0;
        foreach (double bin in bins)
        {
            sum += bin;
        }

        return sum;
    }

    /// <summary>Everything that is read off the bins of some values.</summary>
    /// <param name="values">The values; they are clamped.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound, above the lower.</param>
    public static SoftBinSummary Summarize(IReadOnlyList<double> values, double lower, double upper)
    {
        double[] two = Two(values, lower, upper);
        double[] three = Three(values, lower, upper);
        double count = Count(three);
        double sum = NormalizedSum(three, upper - lower);
        double squares = NormalizedSquares(three, upper - lower);
        return new(
            two, three, count, sum, squares, ReferenceAggregates.Mean(sum, count, lower, upper), ReferenceAggregates.Variance(squares, sum, count, lower, upper));
    }

    /// <summary>Noise variances under Laplace noise at one epsilon, by bins and by splitting epsilon equally over separate sums.</summary>
    /// <param name="epsilon">Epsilon of the whole group.</param>
    /// <param name="l0">Partitions per unit.</param>
    /// <param name="lInf">Rows per unit and partition.</param>
    /// <param name="range">upper - lower.</param>
    public static SoftBinVariances Variances(double epsilon, int l0, int lInf, double range)
    {
        double b = (double)l0 * lInf / epsilon;
        double one = 2 * b * b;
        double half = range / 2;
        double h2 = half * half;
        double h4 = h2 * h2;
        return new(
            new(2 * one, 2 * h2 * one, 0),
            new(4 * one, 4 * h2 * one, 0),
            new(3 * one, 2 * h2 * one, 3 * h4 * one),
            new(9 * one, 9 * h2 * one, 9 * h4 / 4 * one));
    }

    private static double Weight(double value, double lower, double upper) => (Math.Clamp(value, lower, upper) - lower) / (upper - lower);
}

/// <summary>Noise variances of the numbers read off a soft histogram.</summary>
/// <param name="Count">Of the count.</param>
/// <param name="NormalizedSum">Of the sum of values less the midpoint.</param>
/// <param name="NormalizedSquares">Of the sum of squares less the midpoint; 0 where it is not released.</param>
public sealed record GroupVariances(double Count, double NormalizedSum, double NormalizedSquares);

/// <summary>The variances of both forms beside those of separate sums.</summary>
/// <param name="TwoBin">Count and sum from two bins.</param>
/// <param name="SplitTwo">Count and sum at half of epsilon each.</param>
/// <param name="ThreeBin">Count, sum and squares from three bins.</param>
/// <param name="SplitThree">Count, sum and squares at a third of epsilon each.</param>
public sealed record SoftBinVariances(GroupVariances TwoBin, GroupVariances SplitTwo, GroupVariances ThreeBin, GroupVariances SplitThree);

/// <summary>What is read off soft bins.</summary>
/// <param name="TwoBins">The two bins.</param>
/// <param name="ThreeBins">The three bins.</param>
/// <param name="Count">Number of values.</param>
/// <param name="NormalizedSum">Sum of the values less the midpoint.</param>
/// <param name="NormalizedSquares">Sum of squares of the values less the midpoint.</param>
/// <param name="Mean">Mean.</param>
/// <param name="Variance">Variance.</param>
public sealed record SoftBinSummary(
    IReadOnlyList<double> TwoBins, IReadOnlyList<double> ThreeBins, double Count, double NormalizedSum, double NormalizedSquares, double Mean, double Variance);
