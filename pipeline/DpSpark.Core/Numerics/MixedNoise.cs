namespace DpSpark.Core.Numerics;

/// <summary>Half-widths of a number that carries several independent noises: one normal and any number of Laplace ones, weighted.</summary>
/// <remarks>
/// A sum of Laplace variables of different scales has the density of a signed mixture of them: with B_i = scale_i², the weight of i is the product over j of B_i / (B_i - B_j). That holds
/// after a normal is added, too. Scales that are equal or close are moved apart upward by 2·10^-3, which makes the half-width at most that much too wide. For discrete noise of at least 50
/// units the difference to continuous noise is below 10^-2 of the half-width.
/// </remarks>
internal static class MixedNoise
{
    private const double Apart = 2e-3;

    /// <summary>Smallest Laplace scale, relative to the whole deviation, that is not added to the normal's variance.</summary>
    private const double Negligible = 1e-4;

    /// <summary>The half-width w with P(|X| ≤ w) = confidence.</summary>
    /// <param name="sigma">Standard deviation of the normal part; 0 for none.</param>
    /// <param name="scales">Scales of the Laplace parts; not negative.</param>
    /// <param name="confidence">The level, in (0, 1).</param>
    public static double HalfWidth(double sigma, ReadOnlySpan<double> scales, double confidence)
    {
        var (normal, kept, weights) = Decompose(sigma, scales);
        var deviation = Deviation(normal, kept);
        if (deviation == 0)
        {
            return 0;
        }

        double low = 0;
        var high = deviation;
        while (TwoSidedTail(normal, kept, weights, high) > 1 - confidence)
        {
            low = high;
            high *= 2;
        }

        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (TwoSidedTail(normal, kept, weights, middle) > 1 - confidence)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }

    /// <summary>P(|X| &gt; x).</summary>
    /// <param name="sigma">Standard deviation of the normal part.</param>
    /// <param name="scales">Scales of the Laplace parts.</param>
    /// <param name="x">At least 0.</param>
    public static double TwoSidedTail(double sigma, ReadOnlySpan<double> scales, double x)
    {
        var (normal, kept, weights) = Decompose(sigma, scales);
        return TwoSidedTail(normal, kept, weights, x);
    }

    private static double TwoSidedTail(double sigma, double[] scales, double[] weights, double x)
    {
        if (scales.Length == 0)
        {
            return 2 * Normal.UpperTail(x / sigma);
        }

        double tail = 0;
        for (var i = 0; i < scales.Length; i++)
        {
            tail += weights[i] * (sigma > 0 ? WithNormal(sigma, scales[i], x) : Math.Exp(-x / scales[i]));
        }

        return tail;
    }

    /// <summary>P(|N + L| &gt; x) for a normal N and a Laplace L.</summary>
    private static double WithNormal(double sigma, double scale, double x)
    {
        var ratio = sigma / scale;
        var half = ratio * ratio / 2;
        var near = Math.Exp(half - (x / scale) + Normal.LogUpperTail(ratio - (x / sigma)));
        var far = Math.Exp(half + (x / scale) + Normal.LogUpperTail(ratio + (x / sigma)));
        return (2 * Normal.UpperTail(x / sigma)) + near - far;
    }

    private static double Deviation(double sigma, ReadOnlySpan<double> scales)
    {
        var variance = sigma * sigma;
        foreach (var scale in scales)
        {
            variance += 2 * scale * scale;
        }

        return Math.Sqrt(variance);
    }

    private static (double Sigma, double[] Scales, double[] Weights) Decompose(double sigma, ReadOnlySpan<double> scales)
    {
        var least = Negligible * Deviation(sigma, scales);
        var variance = sigma * sigma;
        var kept = new List<double>();
        foreach (var scale in scales)
        {
            if (scale > least)
            {
                kept.Add(scale);
            }
            else
            {
                variance += 2 * scale * scale;
            }
        }

        kept.Sort();
        var weights = new double[kept.Count];
        for (var i = 1; i < weights.Length; i++)
        {
            kept[i] = Math.Max(kept[i], kept[i - 1] * (1 + Apart));
        }

        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = 1;
            for (var j = 0; j < weights.Length; j++)
            {
                weights[i] *= i == j ? 1 : 1 / (1 - (kept[j] / kept[i] * (kept[j] / kept[i])));
            }
        }

        return (Math.Sqrt(variance), [.. kept], weights);
    }
}
