namespace DpSpark.Core.Selection;

/// <summary>The split of the sparse vector technique: which of many queries lie above a threshold, at most c of them.</summary>
/// <param name="ThresholdEpsilon">Epsilon of the threshold's noise.</param>
/// <param name="QueryEpsilon">Epsilon of the queries' noise.</param>
/// <param name="ThresholdScale">Laplace scale of the threshold: s / eps1.</param>
/// <param name="QueryScale">Laplace scale of each query: 2 s c / eps2, or s c / eps2 for monotone queries.</param>
/// <remarks>
/// Guarantee: (eps1 + eps2)-differential privacy of the answers above/below when the threshold is drawn once, never again, and the run stops at c positives; numbers are paid separately.
/// Best split eps1 : eps2 = 1 : (2c)^(2/3), for monotone queries c^(2/3). Source: Lyu, Su and Li, "Understanding the Sparse Vector Technique", VLDB 2017, algorithm 7, section 4.2.
/// Where all queries are known beforehand the exponential mechanism is better.
/// </remarks>
public sealed record SparseVector(double ThresholdEpsilon, double QueryEpsilon, double ThresholdScale, double QueryScale)
{
    /// <summary>The best split.</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="positives">c, at least 1.</param>
    /// <param name="sensitivity">s, above 0.</param>
    /// <param name="monotone">Whether one unit moves all queries the same way.</param>
    public static SparseVector Split(double epsilon, int positives, double sensitivity, bool monotone)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(positives, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sensitivity);
        double factor = monotone ? positives : 2.0 * positives;
        double ratio = Math.Cbrt(factor * factor);
        double threshold = epsilon / (1 + ratio);
        double queries = epsilon * ratio / (1 + ratio);
        return new(threshold, queries, sensitivity / threshold, sensitivity * factor / queries);
    }
}
