namespace DpSpark.Core.Quantiles;

/// <summary>A single quantile by the exponential mechanism: a gap between neighbouring values, by its length and by how near its rank is, then a point in it.</summary>
/// <remarks>
/// Guarantee: epsilon-differential privacy under add-remove. Utility of the j-th gap of the sorted, clamped values: -|j - q n|; adding a value below moves it by 1-q, above by q,
/// so the sensitivity is max(q, 1-q), times the values a unit may have. P(gap) in proportion to length · exp(eps u / (2 s)). Source: Smith, STOC 2011.
/// </remarks>
public static class ExponentialQuantile
{
    /// <summary>The edges of the gaps and the chance of each.</summary>
    /// <param name="values">The values, without NaN, in any order.</param>
    /// <param name="lower">Lower end of the range.</param>
    /// <param name="upper">Upper end, at least the lower.</param>
    /// <param name="rank">q, 0 to 1.</param>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="valuesPerUnit">How many values one unit may have.</param>
    public static (double[] Edges, double[] Probabilities) Law(
        IReadOnlyList<double> values, double lower, double upper, double rank, double epsilon, int valuesPerUnit = 1)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(valuesPerUnit, 1);
        if (!(rank >= 0 && rank <= 1) || !(lower <= upper))
        {
            throw new ArgumentOutOfRangeException(nameof(rank), "A rank lies between 0 and 1, and the lower end is not above the upper one.");
        }

        double[] edges = new double[values.Count + 2];
        for (int i = 0; i < values.Count; i++)
        {
            edges[i + 1] = Math.Clamp(values[i], lower, upper);
        }

        (edges[0], edges[^1]) = (lower, upper);
        Array.Sort(edges, 1, values.Count);
        double rate = epsilon / (2 * Math.Max(rank, 1 - rank) * valuesPerUnit);
        double[] weights = new double[edges.Length - 1];
        double best = double.NegativeInfinity;
        for (int j = 0; j < weights.Length; j++)
        {
            double length = edges[j + 1] - edges[j];
            weights[j] = length > 0 ? Math.Log(length) - (rate * Math.Abs(j - (rank * values.Count))) : double.NegativeInfinity;
            best = Math.Max(best, weights[j]);
        }

        if (double.IsNegativeInfinity(best))
        {
            // One point is the whole range.
            Array.Clear(weights);
            weights[0] = 1;
            return (edges, weights);
        }

        double sum = 0;
        for (int j = 0; j < weights.Length; j++)
        {
            weights[j] = Math.Exp(weights[j] - best);
            sum += weights[j];
        }

        for (int j = 0; j < weights.Length; j++)
        {
            weights[j] /= sum;
        }

        return (edges, weights);
    }
}
