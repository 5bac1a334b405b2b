namespace DpSpark.Core.Quantiles;

/// <summary>The integer matrix that a family of siblings is measured with, so that all of its cumulative counts have small and equal noise under one l2 bound.</summary>
/// <remarks>
/// What quantiles need of x are the differences D_i = (sum of x_j, j at most i) - (sum of the rest): D = S x with the skew-circulant sign matrix S. Its root C, S = C C up to a rotation, is
/// skew-circulant, too: all of its rows and columns have one norm, and noise z on C x gives D with standard deviation |c|² sigma each, |c|² being the mean of the singular values of S: no
/// other factorisation has a smaller largest error. Here c is rounded to integers; the decoder inverts the rounded matrix, so rounding costs a little accuracy and no privacy.
/// Source: Mathias, "The Hadamard operator norm of a circulant and applications", SIAM J. Matrix Anal. 1993; dp-math.md 7.3, 7.4.
/// </remarks>
public static class PrefixCode
{
    /// <summary>Units of the largest coefficient.</summary>
    public const int Scale = 256;

    /// <summary>The first column for n siblings, in units of about 1/<see cref="Scale"/>.</summary>
    /// <param name="siblings">n, at least 2.</param>
    public static long[] Coefficients(int siblings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(siblings, 2);
        var c = new double[siblings];
        for (var k = 0; k < siblings; k++)
        {
            // The eigenvalue of S at w = exp(i pi (2k + 1) / n) is the sum of w^-j; its modulus is 1 / sin(angle / 2), its phase angle/2 - pi/2.
            var angle = Math.PI * ((2 * k) + 1) / siblings;
            var modulus = Math.Sqrt(1 / Math.Abs(Math.Sin(angle / 2)));
            var phase = ((angle / 2) - (Math.PI / 2)) / 2;
            for (var j = 0; j < siblings; j++)
            {
                c[j] += modulus * Math.Cos((angle * j) + phase) / siblings;
            }
        }

        var largest = 0.0;
        foreach (var value in c)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        var rounded = new long[siblings];
        for (var j = 0; j < siblings; j++)
        {
            rounded[j] = (long)Math.Round(c[j] / largest * Scale);
        }

        return rounded;
    }

    /// <summary>Entry (i, j) of the matrix.</summary>
    /// <param name="coefficients">The first column.</param>
    /// <param name="row">i.</param>
    /// <param name="column">j.</param>
    public static long Entry(IReadOnlyList<long> coefficients, int row, int column) => row >= column ? coefficients[row - column] : -coefficients[coefficients.Count + row - column];
}
