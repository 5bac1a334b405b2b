using System.Numerics;

namespace DpSpark.Core.Numerics;

/// <summary>Exact sums of floating-point values: every value becomes an integer multiple of 2^Exponent once, and everything after is integer arithmetic.</summary>
/// <remarks>
/// The order of additions, the slicing of the data and overflow cannot change an integer sum, so its sensitivity is what the integer bounds say. (Sums in
/// floating point depend on the order and can move by far more than one record's bound: Casacuberta, Shoemate, Vadhan and Wagaman, "Widespread Underestimation of Sensitivity in
/// Differentially Private Libraries", CCS 2022.)
/// </remarks>
public sealed class ValueGrid
{
    /// <summary>Prepares the bounds.</summary>
    /// <param name="lower">Lower clamping bound, finite.</param>
    /// <param name="upper">Upper clamping bound, finite, at least the lower.</param>
    /// <param name="exponent">The unit is 2^exponent.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is not finite, the bounds are swapped, or a bound is 2^120 units or more.</exception>
    public ValueGrid(double lower, double upper, int exponent)
    {
        if (!double.IsFinite(lower) || !double.IsFinite(upper) || lower > upper)
        {
            throw new ArgumentOutOfRangeException(nameof(lower), "Clamping bounds are finite and the lower one is not above the upper one.");
        }

        Exponent = exponent;
        LowerRounded = Round(lower);
        UpperRounded = Round(upper);
        double largest = Math.Max(Math.Abs(LowerRounded), Math.Abs(UpperRounded));
        if (!(largest < Math.ScaleB(1, 120)))
        {
            throw new ArgumentOutOfRangeException(nameof(exponent), "The unit is too small for the bounds.");
        }

        Lower = (Int128)LowerRounded;
        Upper = (Int128)UpperRounded;
    }

    /// <summary>The unit is 2^Exponent.</summary>
    public int Exponent { get; }

    /// <summary>The lower bound in units: rounded to the nearest, ties to even.</summary>
    public Int128 Lower { get; }

    /// <summary>The upper bound in units.</summary>
    public Int128 Upper { get; }

    /// <summary>What one record can add at most, in units: max(|Lower|, |Upper|), of the integer bounds.</summary>
    public Int128 LargestMagnitude => Int128.Max(Int128.Abs(Lower), Int128.Abs(Upper));

    /// <summary>Half the range in units, rounded up: the sensitivity of a value less the midpoint.</summary>
    public Int128 HalfRange => (Upper - Lower + 1) / 2;

    private double LowerRounded { get; }

    private double UpperRounded { get; }

    /// <summary>The coarsest unit for which rounding n records is lost in the noise: exponent floor(log2 b) - 40, but such that the bounds stay within 2^62 units.</summary>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    /// <param name="noise">Anticipated scale or standard deviation of the noise of the sum, above 0.</param>
    public static int ChooseExponent(double lower, double upper, double noise)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(noise);
        double largest = Math.Max(Math.Abs(lower), Math.Abs(upper));
        int wanted = Math.ILogB(noise) - 40;
        return largest == 0 ? wanted : Math.Max(wanted, Math.ILogB(largest) + 1 - 62);
    }

    /// <summary>A value in units: clamped in double, where nothing can wrap, then converted.</summary>
    /// <param name="value">Not NaN; infinities clamp.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is NaN; the policy for NaN comes before.</exception>
    public Int128 ToUnits(double value) => double.IsNaN(value)
        ? throw new ArgumentOutOfRangeException(nameof(value), "NaN has no place on a grid.")
        : (Int128)Math.Clamp(Round(value), LowerRounded, UpperRounded);

    /// <summary>units · 2^Exponent as the nearest double.</summary>
    /// <param name="units">The units.</param>
    public double ToDouble(BigInteger units) => Exponent >= 0
        ? Rounding.Nearest(units << Exponent, BigInteger.One)
        : Rounding.Nearest(units, BigInteger.One << -Exponent);

    private double Round(double value) => Math.Round(Math.ScaleB(value, -Exponent), MidpointRounding.ToEven);
}
