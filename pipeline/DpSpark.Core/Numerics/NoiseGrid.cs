using System.Numerics;

namespace DpSpark.Core.Numerics;

/// <summary>The unit 2^Exponent on which noise is drawn, and what rounding a sum to it does to the sensitivity.</summary>
/// <param name="Exponent">The unit is 2^Exponent.</param>
/// <param name="SensitivityUnits">The sensitivity in units, rounded up.</param>
/// <param name="RelativeIncrease">How much the rounding enlarged it.</param>
/// <remarks>
/// A sum on a finer grid is coarsened once, after summation: S' = (S + 2^(j-1)) >> j, half up. Two sums that differ by at most a then differ by at most ceil(a / 2^j), as
/// floor((x + a + h) / m) - floor((x + h) / m) never exceeds ceil(a / m). (Half to even would allow one more: 0.5 to 0, 1.5 to 2.) The value and its noise live on the
/// same grid; fine-grained values under coarse noise would show their residue in clear.
/// Only for a bound per released number: where the sensitivity is a joint norm over several numbers nothing may be coarsened after summation.
/// </remarks>
public sealed record NoiseGrid(int Exponent, BigInteger SensitivityUnits, double RelativeIncrease)
{
    /// <summary>Drop below the scale for noise with 128-bit Laplace arithmetic.</summary>
    public const int LaplaceDrop = 30;

    /// <summary>Drop below the scale for discrete Gaussian noise in 128-bit arithmetic.</summary>
    public const int GaussianDrop = 24;

    /// <summary>Chooses the unit: exponent max(floor(log2 sensitivity) - 14, ceil(log2 scale) - drop), not below that of the values.</summary>
    /// <param name="sensitivity">Change of the sum in real units, above 0.</param>
    /// <param name="scale">Scale or standard deviation of the noise in real units, above 0.</param>
    /// <param name="drop"><see cref="LaplaceDrop"/> or <see cref="GaussianDrop"/>.</param>
    /// <param name="valueExponent">The values' own exponent.</param>
    public static NoiseGrid Choose(double sensitivity, double scale, int drop = LaplaceDrop, int valueExponent = int.MinValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sensitivity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        int log = Math.ILogB(scale);
        int ceiling = Math.ScaleB(1, log) == scale ? log : log + 1;
        int exponent = Math.Max(Math.Max(Math.ILogB(sensitivity) - 14, ceiling - drop), valueExponent);
        (BigInteger numerator, BigInteger denominator) = Rounding.ToRational(sensitivity);
        if (exponent >= 0)
        {
            denominator <<= exponent;
        }
        else
        {
            numerator <<= -exponent;
        }

        BigInteger units = Rounding.CeilingDivide(numerator, denominator);
        double increase = Rounding.Nearest((units * denominator) - numerator, numerator);
        return new(exponent, units, increase);
    }

    /// <summary>S' = (S + 2^(j-1)) >> j; S itself for j = 0.</summary>
    /// <param name="sum">The sum in fine units.</param>
    /// <param name="shift">j, at least 0.</param>
    public static BigInteger Coarsen(BigInteger sum, int shift)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shift);
        return shift == 0 ? sum : (sum + (BigInteger.One << (shift - 1))) >> shift;
    }

    /// <summary>The sensitivity after coarsening by j bits: ceil(units / 2^j).</summary>
    /// <param name="units">The sensitivity in fine units.</param>
    /// <param name="shift">j, at least 0.</param>
    public static BigInteger CoarsenSensitivity(BigInteger units, int shift) => Rounding.CeilingDivide(units, BigInteger.One << shift);
}
