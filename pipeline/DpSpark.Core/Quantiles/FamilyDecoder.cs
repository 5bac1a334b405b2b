using System.Runtime.Intrinsics;

namespace DpSpark.Core.Quantiles;

/// <summary>The least-squares cumulative counts of cells from noisy linear measurements of them, and their covariance (dp-math.md 7.3, weighted).</summary>
/// <remarks>Post-processing. Fixed vector width and no fused operations: every processor gives the same bits. Immutable and thread safe.</remarks>
internal sealed class FamilyDecoder
{
    private readonly double[] _matrix;
    private readonly double[] _covariance;
    private readonly int _padded;
    private readonly double[]? _gains;

    /// <summary>The same with the total measured once more.</summary>
    private FamilyDecoder(FamilyDecoder other, double variance)
    {
        (Cells, Measurements, _padded, _matrix) = (other.Cells, other.Measurements, other._padded, other._matrix);
        var all = Cells - 1;
        var joint = other.Covariance(all, all) + variance;
        _gains = new double[Cells];
        _covariance = new double[Cells * Cells];
        for (var i = 0; i < Cells; i++)
        {
            _gains[i] = other.Covariance(i, all) / joint;
            for (var j = 0; j < Cells; j++)
            {
                _covariance[(i * Cells) + j] = other.Covariance(i, j) - (_gains[i] * other.Covariance(j, all));
            }
        }
    }

    /// <summary>Prepares a decoder.</summary>
    /// <param name="rows">The measurements: coefficients of the cells; they determine every cell.</param>
    /// <param name="variances">Noise variance of each measurement.</param>
    public FamilyDecoder(double[][] rows, double[] variances)
    {
        Cells = rows[0].Length;
        Measurements = rows.Length;
        _padded = (rows.Length + 3) / 4 * 4;
        var inverse = Inverse(Gram(rows, variances, Cells));

        // Prefixes of the rows, then of the columns, of the inverse: the covariance of the cumulative counts.
        for (var i = 1; i < Cells; i++)
        {
            for (var j = 0; j < Cells; j++)
            {
                inverse[i][j] += inverse[i - 1][j];
            }
        }

        _matrix = new double[Cells * _padded];
        for (var i = 0; i < Cells; i++)
        {
            for (var r = 0; r < rows.Length; r++)
            {
                var sum = 0.0;
                for (var j = 0; j < Cells; j++)
                {
                    sum += inverse[i][j] * rows[r][j];
                }

                _matrix[(i * _padded) + r] = sum / variances[r];
            }
        }

        _covariance = new double[Cells * Cells];
        for (var i = 0; i < Cells; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < Cells; j++)
            {
                sum += inverse[i][j];
                _covariance[(i * Cells) + j] = sum;
            }
        }
    }

    /// <summary>Number of cells.</summary>
    public int Cells { get; }

    /// <summary>Number of measurements.</summary>
    public int Measurements { get; }

    /// <summary>Length of the buffer for measurements: a multiple of four, the rest zero.</summary>
    public int BufferLength => _padded;

    /// <summary>A decoder that is also given the total with independent noise of a variance.</summary>
    public FamilyDecoder WithTotal(double variance) => new(this, variance);

    /// <summary>Covariance of the cumulative counts up to and with cells i and j; 0 before the first.</summary>
    public double Covariance(int i, int j) => i < 0 || j < 0 ? 0 : _covariance[(i * Cells) + j];

    /// <summary>The cumulative counts.</summary>
    /// <param name="measured">Noisy measurements, <see cref="BufferLength"/> long.</param>
    /// <param name="prefix">Receives Cells + 1 numbers, the first one 0.</param>
    /// <param name="total">The total that <see cref="WithTotal"/> speaks of; not looked at without it.</param>
    public void Decode(ReadOnlySpan<double> measured, Span<double> prefix, double total = 0)
    {
        prefix[0] = 0;
        for (var i = 0; i < Cells; i++)
        {
            var row = _matrix.AsSpan(i * _padded, _padded);
            var sums = Vector256<double>.Zero;
            for (var r = 0; r < row.Length; r += 4)
            {
                sums += Vector256.Create(row[r..]) * Vector256.Create(measured[r..]);
            }

            prefix[i + 1] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        }

        if (_gains is null)
        {
            return;
        }

        var correction = total - prefix[Cells];
        for (var i = 0; i < Cells; i++)
        {
            prefix[i + 1] += _gains[i] * correction;
        }
    }

    private static double[][] Gram(double[][] rows, double[] variances, int n)
    {
        var gram = new double[n][];
        for (var i = 0; i < n; i++)
        {
            gram[i] = new double[n];
        }

        for (var r = 0; r < rows.Length; r++)
        {
            for (var i = 0; i < n; i++)
            {
                var factor = rows[r][i] / variances[r];
                for (var j = 0; factor != 0 && j < n; j++)
                {
                    gram[i][j] += factor * rows[r][j];
                }
            }
        }

        return gram;
    }

    /// <summary>Gauss-Jordan on a symmetric positive definite matrix, which needs no pivots.</summary>
    private static double[][] Inverse(double[][] a)
    {
        var n = a.Length;
        for (var k = 0; k < n; k++)
        {
            var pivot = a[k][k];
            if (!(pivot > 0))
            {
                throw new ArgumentException("The measurements do not determine every cell.");
            }

            a[k][k] = 1;
            for (var j = 0; j < n; j++)
            {
                a[k][j] /= pivot;
            }

            for (var i = 0; i < n; i++)
            {
                var factor = a[i][k];
                if (i == k || factor == 0)
                {
                    continue;
                }

                a[i][k] = 0;
                for (var j = 0; j < n; j++)
                {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }

        return a;
    }
}
