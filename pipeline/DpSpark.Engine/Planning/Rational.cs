using System.Globalization;
using System.Numerics;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;

namespace DpSpark.Engine.Planning;

/// <summary>An exact fraction in lowest terms: budget shares such as a third of epsilon are computed and compared without rounding.</summary>
internal readonly struct Rational : IEquatable<Rational>, IComparable<Rational>
{
    private readonly BigInteger _denominatorLessOne;

    internal Rational(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.Sign < 0)
        {
            numerator = -numerator;
            denominator = -denominator;
        }

        var common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        Numerator = numerator / common;
        _denominatorLessOne = (denominator / common) - 1;
    }

    internal BigInteger Numerator { get; }

    /// <summary>Positive; 1 for the default value, which is zero.</summary>
    internal BigInteger Denominator => _denominatorLessOne + 1;

    internal static Rational Zero => default;

    internal int Sign => Numerator.Sign;

    public static Rational operator +(Rational a, Rational b) => new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a, Rational b) => new((a.Numerator * b.Denominator) - (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator *(Rational a, Rational b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Rational operator /(Rational a, Rational b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public static bool operator <(Rational a, Rational b) => a.CompareTo(b) < 0;

    public static bool operator >(Rational a, Rational b) => a.CompareTo(b) > 0;

    public static bool operator <=(Rational a, Rational b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Rational a, Rational b) => a.CompareTo(b) >= 0;

    public static bool operator ==(Rational a, Rational b) => a.Equals(b);

    public static bool operator !=(Rational a, Rational b) => !a.Equals(b);

    public int CompareTo(Rational other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    public bool Equals(Rational other) => Numerator == other.Numerator && _denominatorLessOne == other._denominatorLessOne;

    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, _denominatorLessOne);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");

    internal static Rational From(BigInteger value) => new(value, BigInteger.One);

    internal static Rational From(ExactDecimal value)
    {
        var (numerator, denominator) = value.ToRational();
        return new(numerator, denominator);
    }

    /// <summary>The exact value of a finite double.</summary>
    internal static Rational FromDouble(double value)
    {
        var (numerator, denominator) = Rounding.ToRational(value);
        return new(numerator, denominator);
    }

    internal BigInteger Floor() => BigInteger.Divide(Numerator - (Numerator.Sign < 0 ? Denominator - 1 : 0), Denominator);

    internal BigInteger Ceiling() => -new Rational(-Numerator, Denominator).Floor();

    /// <summary>Nearest integer, halves to even.</summary>
    internal BigInteger RoundHalfEven()
    {
        var floor = Floor();
        var twice = (this - From(floor)) * From(2);
        var order = twice.CompareTo(From(1));
        return order < 0 || (order == 0 && floor.IsEven) ? floor : floor + 1;
    }

    /// <summary>This times 2^<paramref name="bits"/>.</summary>
    internal Rational ScaleBinary(int bits) => bits >= 0 ? new(Numerator << bits, Denominator) : new(Numerator, Denominator << -bits);

    /// <summary>floor(log2(this)) for a positive fraction, exact.</summary>
    internal int FloorLog2()
    {
        var estimate = (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        return ScaleBinary(-estimate).Numerator >= ScaleBinary(-estimate).Denominator ? estimate : estimate - 1;
    }

    /// <summary>A double within one unit in the last place.</summary>
    internal double ToDouble() => Rounding.Nearest(Numerator, Denominator);

    /// <summary>The decimal of at most <paramref name="digits"/> significant digits that is nearest from below (toward zero).</summary>
    internal ExactDecimal ToDecimalBelow(int digits = 17)
    {
        if (Numerator.IsZero)
        {
            return ExactDecimal.Zero;
        }

        var magnitude = (int)Math.Floor(Math.Log10(Math.Abs(ToDouble())));
        var scale = digits - magnitude;
        var exact = new Rational(BigInteger.Pow(10, Math.Max(scale, 0)), BigInteger.Pow(10, Math.Max(-scale, 0))) * this;
        return ExactDecimal.Create(BigInteger.Divide(exact.Numerator, exact.Denominator), scale);
    }
}
