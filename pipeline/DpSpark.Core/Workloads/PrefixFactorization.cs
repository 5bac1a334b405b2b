using System.Numerics;

namespace DpSpark.Core.Workloads;

/// <summary>Prefix sums by the square-root factorisation: with c_k = C(2k,k)/4^k, release B (C x + z), B = C the lower triangular Toeplitz matrix of c.</summary>
/// <param name="Coefficients">c_0 to c_(n-1).</param>
/// <param name="Sensitivity">L2 norm of the coefficients: sensitivity of C x where a unit takes part in one step.</param>
/// <param name="LargestFactor">Standard deviation of the last step over that of one unit-sensitivity Gaussian: sensitivity times the largest row norm.</param>
/// <param name="MeanFactor">Variance over that of one unit-sensitivity Gaussian, on average over the steps.</param>
/// <param name="BinaryTreeFactor">The largest variance factor of the binary tree: the square of its levels.</param>
/// <remarks>
/// Guarantee: that of the Gaussian mechanism on C x; a unit in several steps multiplies the sensitivity. Variance at step i: sensitivity^2 times the sum of c_j^2, j up to i.
/// Source: Fichtenberger, Henzinger and Upadhyay, "Constant Matters", ICML 2023.
/// </remarks>
public sealed record PrefixFactorization(
    IReadOnlyList<double> Coefficients, double Sensitivity, double LargestFactor, double MeanFactor, double BinaryTreeFactor)
{
    /// <summary>The first coefficients, as many as asked for and there are.</summary>
    /// <param name="count">How many.</param>
    public double[] First(int count)
    {
        double[] first = new double[Math.Min(count, Coefficients.Count)];
        for (int i = 0; i < first.Length; i++)
        {
            first[i] = Coefficients[i];
        }

        return first;
    }

    /// <summary>The factorisation for n steps.</summary>
    /// <param name="steps">n, at least 1.</param>
    public static PrefixFactorization Create(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        double[] coefficients = new double[steps];
        double value = 1;
        double squares = 0;
        double mean = 0;
        for (int k = 0; k < steps; k++)
        {
            value *= k == 0 ? 1 : ((2.0 * k) - 1) / (2.0 * k);
            coefficients[k] = value;
            squares += value * value;
            mean += squares / steps;
        }

        double levels = BitOperations.Log2((uint)steps) + (BitOperations.IsPow2(steps) ? 1 : 2);
        return new(coefficients, Math.Sqrt(squares), squares, squares * mean, levels * levels);
    }
}
