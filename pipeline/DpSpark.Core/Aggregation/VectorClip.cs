using DpSpark.Core.Parameters;

namespace DpSpark.Core.Aggregation;

/// <summary>Clips a vector to a norm: L1 and L2 scale it to the ball, L-infinity clamps each coordinate.</summary>
public static class VectorClip
{
    /// <summary>Clips in place.</summary>
    /// <param name="vector">The vector, without NaN.</param>
    /// <param name="norm">The norm.</param>
    /// <param name="maxNorm">The bound, above 0.</param>
    /// <remarks>In double, for previews: before a sum is released the coordinates go toward zero on the grid, so that rounding cannot exceed the bound.</remarks>
    public static void Clip(Span<double> vector, VectorNorm norm, double maxNorm)
    {
        double length = 0;
        foreach (double x in vector)
        {
            length += norm == VectorNorm.L1 ? Math.Abs(x) : x * x;
        }

        length = norm == VectorNorm.L2 ? Math.Sqrt(length) : length;
        for (int i = 0; i < vector.Length; i++)
        {
            if (norm == VectorNorm.LInf)
            {
                vector[i] = Math.Clamp(vector[i], -maxNorm, maxNorm);
            }
            else if (length > maxNorm)
            {
                vector[i] *= maxNorm / length;
            }
        }
    }

    /// <summary>The sum of vectors, each clipped.</summary>
    /// <param name="vectors">The vectors, all of one length.</param>
    /// <param name="norm">The norm.</param>
    /// <param name="maxNorm">The bound.</param>
    public static double[] Sum(IReadOnlyList<double[]> vectors, VectorNorm norm, double maxNorm)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        double[] sum = new double[vectors.Count == 0 ? 0 : vectors[0].Length];
        foreach (double[] vector in vectors)
        {
            double[] clipped = (double[])vector.Clone();
            Clip(clipped, norm, maxNorm);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += clipped[i];
            }
        }

        return sum;
    }
}
