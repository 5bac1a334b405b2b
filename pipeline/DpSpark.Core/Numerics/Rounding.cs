using System.Numerics;

namespace DpSpark.Core.Numerics;

/// <summary>Conversions between doubles and exact rationals, with the direction of rounding in the name.</summary>
/// <remarks>
/// Parameters are computed in double and then moved to the safe side: noise and thresholds up, reported epsilon and delta up, shares of a budget down. A relative
/// 2^-40 dwarfs the 1e-13 of the formulas and does not matter to utility.
/// </remarks>
public static class Rounding
{
    /// <summary>2^-40, the relative step to the safe side.</summary>
    public const double SafetyMargin = 1.0 / (1L << 40);

    /// <summary>value · (1 + 2^-40), for what may only grow.</summary>
    /// <param name="value">At least 0.</param>
    public static double Outward(double value) => Math.BitIncrement(value * (1 + SafetyMargin));

    /// <summary>value · (1 - 2^-40), for what may only shrink.</summary>
    /// <param name="value">At least 0.</param>
    public static double Inward(double value) => value <= 0 ? 0 : Math.BitDecrement(value * (1 - SafetyMargin));

    /// <summary>The exact rational value of a double.</summary>
    /// <param name="value">Finite.</param>
    public static (BigInteger Numerator, BigInteger Denominator) ToRational(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), "Only a finite number is a rational.");
        }

        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7ff);
        long fraction = bits & 0xfffffffffffff;
        BigInteger mantissa = exponent == 0 ? fraction : fraction | (1L << 52);
        int power = Math.Max(exponent, 1) - 1075;
        if (bits < 0)
        {
            mantissa = -mantissa;
        }

        if (mantissa.IsZero)
        {
            return (BigInteger.Zero, BigInteger.One);
        }

        while (power < 0 && mantissa.IsEven)
        {
            mantissa >>= 1;
            power++;
        }

        return power >= 0 ? (mantissa << power, BigInteger.One) : (mantissa, BigInteger.One << -power);
    }

    /// <summary>The largest double at most numerator/denominator.</summary>
    /// <param name="numerator">At least 0.</param>
    /// <param name="denominator">At least 1.</param>
    public static double ToDoubleDown(BigInteger numerator, BigInteger denominator)
    {
        double guess = Nearest(numerator, denominator);
        while (double.IsInfinity(guess) || Compare(guess, numerator, denominator) > 0)
        {
            guess = Math.BitDecrement(guess);
        }

        return guess;
    }

    /// <summary>The smallest double at least numerator/denominator.</summary>
    /// <param name="numerator">At least 0.</param>
    /// <param name="denominator">At least 1.</param>
    public static double ToDoubleUp(BigInteger numerator, BigInteger denominator)
    {
        double guess = Nearest(numerator, denominator);
        while (!double.IsInfinity(guess) && Compare(guess, numerator, denominator) < 0)
        {
            guess = Math.BitIncrement(guess);
        }

        return guess;
    }

    /// <summary>The double nearest to numerator/denominator, ties to even (outside of the subnormal range).</summary>
    /// <param name="numerator">The numerator.</param>
    /// <param name="denominator">At least 1.</param>
    public static double Nearest(BigInteger numerator, BigInteger denominator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(denominator, BigInteger.One);
        if (numerator.IsZero)
        {
            return 0;
        }

        // 62 or 63 bits of quotient and a sticky bit make a 64-bit integer whose conversion rounds exactly once.
        BigInteger magnitude = BigInteger.Abs(numerator);
        int shift = 62 - (int)(magnitude.GetBitLength() - denominator.GetBitLength());
        BigInteger quotient = BigInteger.DivRem(
            shift >= 0 ? magnitude << shift : magnitude, shift >= 0 ? denominator : denominator << -shift, out BigInteger remainder);
        ulong bits = ((ulong)quotient << 1) | (remainder.IsZero ? 0UL : 1UL);
        double value = Math.ScaleB((double)bits, -shift - 1);
        return numerator.Sign < 0 ? -value : value;
    }

    /// <summary>Ceiling of numerator/denominator.</summary>
    /// <param name="numerator">The numerator.</param>
    /// <param name="denominator">At least 1.</param>
    public static BigInteger CeilingDivide(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger remainder);
        return remainder.Sign > 0 ? quotient + 1 : quotient;
    }

    private static int Compare(double value, BigInteger numerator, BigInteger denominator)
    {
        (BigInteger n, BigInteger d) = ToRational(value);
        return (n * denominator).CompareTo(numerator * d);
    }
}
