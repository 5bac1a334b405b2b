using DpSpark.Core.Numerics;

namespace DpSpark.Core.Aggregation;

/// <summary>Confidence intervals of a mean made of a noisy normalised sum and a noisy count; for the mean of the bounded values.</summary>
/// <param name="Lower">Lower end.</param>
/// <param name="Upper">Upper end.</param>
public readonly record struct MeanInterval(double Lower, double Upper)
{
    /// <summary>Fieller's interval: the m with (ns - m c)^2 at most z^2 (s_ns^2 + m^2 s_c^2), around the midpoint, within the bounds.</summary>
    /// <param name="normalizedSum">Noisy sum of values less the midpoint.</param>
    /// <param name="count">Noisy count.</param>
    /// <param name="sumDeviation">Standard deviation of the sum's noise.</param>
    /// <param name="countDeviation">Standard deviation of the count's noise.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    /// <param name="z">Standard deviations; see <see cref="GaussianZ"/> and <see cref="LaplaceZ"/>.</param>
    /// <remarks>
    /// Exact coverage for independent Gaussian noise: ns - m c is then Gaussian with that variance at the true m. Where the count is not clearly above 0 the set is unbounded and the interval is
    /// [lower, upper]. Source: Fieller, "Some Problems in Interval Estimation", JRSSB 1954.
    /// </remarks>
    public static MeanInterval Fieller(
        double normalizedSum, double count, double sumDeviation, double countDeviation, double lower, double upper, double z)
    {
        double a = (count * count) - (z * z * countDeviation * countDeviation);
        if (!(a > 0) || count <= 0)
        {
            return new(lower, upper);
        }

        double b = normalizedSum * count;
        double c = (normalizedSum * normalizedSum) - (z * z * sumDeviation * sumDeviation);
        double root = Math.Sqrt(Math.Max(0, (b * b) - (a * c)));
        double middle = lower + ((upper - lower) / 2);
        return Within(middle + ((b - root) / a), middle + ((b + root) / a), lower, upper);
    }

    /// <summary>The box: sum and count each at level sqrt(confidence), propagated through the quotient.</summary>
    /// <param name="normalizedSum">Noisy sum of values less the midpoint.</param>
    /// <param name="count">Noisy count.</param>
    /// <param name="sumHalfWidth">Half-width of the sum's interval at that level.</param>
    /// <param name="countHalfWidth">Half-width of the count's interval at that level.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    /// <remarks>Covers at least the level for any independent noise; wider than Fieller's.</remarks>
    public static MeanInterval Box(
        double normalizedSum, double count, double sumHalfWidth, double countHalfWidth, double lower, double upper)
    {
        double c1 = Math.Max(1, count - countHalfWidth);
        double c2 = Math.Max(1, count + countHalfWidth);
        double a1 = normalizedSum - sumHalfWidth;
        double a2 = normalizedSum + sumHalfWidth;
        double middle = lower + ((upper - lower) / 2);
        return Within(middle + Math.Min(a1 / c1, a1 / c2), middle + Math.Max(a2 / c1, a2 / c2), lower, upper);
    }

    /// <summary>The box with Gaussian noise on both.</summary>
    /// <param name="normalizedSum">Noisy sum of values less the midpoint.</param>
    /// <param name="count">Noisy count.</param>
    /// <param name="sumDeviation">Standard deviation of the sum's noise.</param>
    /// <param name="countDeviation">Standard deviation of the count's noise.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    /// <param name="confidence">The level of the interval.</param>
    public static MeanInterval GaussianBox(
        double normalizedSum, double count, double sumDeviation, double countDeviation, double lower, double upper, double confidence)
    {
        double z = GaussianZ(Math.Sqrt(confidence));
        return Box(normalizedSum, count, z * sumDeviation, z * countDeviation, lower, upper);
    }

    /// <summary>z for Gaussian noise.</summary>
    /// <param name="confidence">The level.</param>
    public static double GaussianZ(double confidence) => Normal.UpperQuantile((1 - confidence) / 2);

    /// <summary>z for Laplace noise at levels of 0.95 and more: ln(1/alpha)/sqrt(2), which covers every mix of two independent Laplace terms; below that use the box.</summary>
    /// <param name="confidence">The level.</param>
    public static double LaplaceZ(double confidence) => -Math.Log(1 - confidence) / Math.Sqrt(2);

    private static MeanInterval Within(double low, double high, double lower, double upper) =>
        new(Math.Clamp(low, lower, upper), Math.Clamp(high, lower, upper));
}
