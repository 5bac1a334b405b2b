using System.Globalization;
using System.Numerics;

namespace DpSpark.Core.Parameters;

/// <summary>
/// A finite decimal number, exact: unscaled · 10^-scale. Epsilon, delta, bounds and weights are read from the text of the manifest into this type, so that "0.1" is a tenth and not the
/// nearest double. Equal numbers are equal whatever their spelling.
/// </summary>
public readonly struct ExactDecimal : IEquatable<ExactDecimal>, IComparable<ExactDecimal>
{
    /// <summary>Largest number of digits before or after the point that a text may spell out.</summary>
    public const int MaxDigits = 1000;

    private ExactDecimal(BigInteger unscaled, int scale)
    {
        while (scale > 0 && unscaled % 10 == 0)
        {
            unscaled /= 10;
            scale--;
        }

        Unscaled = unscaled;
        Scale = scale;
    }

    /// <summary>The number times 10^<see cref="Scale"/>; not a multiple of ten unless the scale is 0.</summary>
    public BigInteger Unscaled { get; }

    /// <summary>Digits after the point, at least 0.</summary>
    public int Scale { get; }

    /// <summary>Zero.</summary>
    public static ExactDecimal Zero => default;

    /// <summary>One.</summary>
    public static ExactDecimal One => new(BigInteger.One, 0);

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Unscaled.Sign;

    /// <summary>Numerator over the denominator 10^<see cref="Scale"/>.</summary>
    public (BigInteger Numerator, BigInteger Denominator) ToRational() => (Unscaled, BigInteger.Pow(10, Scale));

    /// <summary>unscaled · 10^-scale.</summary>
    /// <param name="unscaled">Any integer.</param>
    /// <param name="scale">Digits after the point; a negative scale multiplies by powers of ten.</param>
    public static ExactDecimal Create(BigInteger unscaled, int scale) =>
        scale >= 0 ? new(unscaled, scale) : new(unscaled * BigInteger.Pow(10, -scale), 0);

    /// <summary>The decimal that the shortest round-trip text of a double spells.</summary>
    /// <param name="value">Finite.</param>
    public static ExactDecimal FromShortest(double value) => Parse(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Reads a text such as <c>1.0</c>, <c>-3</c>, <c>1e-9</c>; invariant culture, no blanks, no thousands separators, no NaN or infinity.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is not such a number.</exception>
    public static ExactDecimal Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not a decimal number.");

    /// <summary>Reads a text as <see cref="Parse"/> does.</summary>
    /// <param name="text">The text; may be null.</param>
    /// <param name="value">The number, or zero.</param>
    /// <returns>Whether the text is a number.</returns>
    public static bool TryParse(string? text, out ExactDecimal value)
    {
        value = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxDigits)
        {
            return false;
        }

        var s = text.AsSpan();
        var negative = s[0] == '-';
        if (s[0] is '-' or '+')
        {
            s = s[1..];
        }

        var exponent = 0;
        var e = s.IndexOfAny('e', 'E');
        if (e >= 0)
        {
            if (!int.TryParse(s[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs((long)exponent) > MaxDigits)
            {
                return false;
            }

            s = s[..e];
        }

        var digits = 0;
        var scale = 0;
        var seenPoint = false;
        var unscaled = BigInteger.Zero;
        foreach (var c in s)
        {
            if (c == '.')
            {
                if (seenPoint)
                {
                    return false;
                }

                seenPoint = true;
                continue;
            }

            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            unscaled = (unscaled * 10) + (c - '0');
            digits++;
            scale += seenPoint ? 1 : 0;
        }

        if (digits == 0)
        {
            return false;
        }

        value = Create(negative ? -unscaled : unscaled, scale - exponent);
        return true;
    }

    /// <summary>The nearest double.</summary>
    public double ToDouble() => double.Parse(ToString(), CultureInfo.InvariantCulture);

    /// <summary>Shortest text that reads back the same: plain between 10^-4 and 10^15, else with an exponent (<c>1e-9</c>).</summary>
    public override string ToString()
    {
        if (Unscaled.IsZero)
        {
            return "0";
        }

        var sign = Unscaled.Sign < 0 ? "-" : "";
        var digits = BigInteger.Abs(Unscaled).ToString(CultureInfo.InvariantCulture);
        var point = digits.Length - Scale;
        if (point is > -4 and <= 16)
        {
            return Scale == 0 ? sign + digits
                : point > 0 ? sign + digits[..point] + "." + digits[point..]
                : sign + "0." + new string('0', -point) + digits;
        }

        var trimmed = digits.TrimEnd('0');
        var mantissa = trimmed.Length == 1 ? trimmed : trimmed[..1] + "." + trimmed[1..];
        return sign + mantissa + "e" + (point - 1).ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public int CompareTo(ExactDecimal other)
    {
        var scale = Math.Max(Scale, other.Scale);
        return (Unscaled * BigInteger.Pow(10, scale - Scale)).CompareTo(other.Unscaled * BigInteger.Pow(10, scale - other.Scale));
    }

    /// <inheritdoc/>
    public bool Equals(ExactDecimal other) => Scale == other.Scale && Unscaled == other.Unscaled;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExactDecimal other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Unscaled, Scale);

    /// <summary>Exact sum.</summary>
    public static ExactDecimal operator +(ExactDecimal left, ExactDecimal right)
    {
        var scale = Math.Max(left.Scale, right.Scale);
        return new((left.Unscaled * BigInteger.Pow(10, scale - left.Scale)) + (right.Unscaled * BigInteger.Pow(10, scale - right.Scale)), scale);
    }

    /// <summary>Exact difference.</summary>
    public static ExactDecimal operator -(ExactDecimal left, ExactDecimal right) => left + -right;

    /// <summary>Exact negation.</summary>
    public static ExactDecimal operator -(ExactDecimal value) => new(-value.Unscaled, value.Scale);

    /// <summary>Exact product.</summary>
    public static ExactDecimal operator *(ExactDecimal left, ExactDecimal right) => new(left.Unscaled * right.Unscaled, left.Scale + right.Scale);

    /// <summary>Whether both are the same number.</summary>
    public static bool operator ==(ExactDecimal left, ExactDecimal right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(ExactDecimal left, ExactDecimal right) => !left.Equals(right);

    /// <summary>Less than.</summary>
    public static bool operator <(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) < 0;

    /// <summary>Greater than.</summary>
    public static bool operator >(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) > 0;

    /// <summary>Less than or equal.</summary>
    public static bool operator <=(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) <= 0;

    /// <summary>Greater than or equal.</summary>
    public static bool operator >=(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) >= 0;
}
