using System.Numerics;

namespace DpSpark.Core.Numerics;

/// <summary>An interval of non-negative numbers Low/2^bits .. High/2^bits that certainly contains the true value.</summary>
/// <param name="Low">Lower end in units of 2^-bits.</param>
/// <param name="High">Upper end in units of 2^-bits.</param>
internal readonly record struct FixedInterval(BigInteger Low, BigInteger High);

/// <summary>Arithmetic on <see cref="FixedInterval"/>s of one precision, every operation rounded outward: no result ever excludes the true value.</summary>
internal sealed class IntervalArithmetic
{
    private readonly BigInteger _roundUp;

    internal IntervalArithmetic(int bits)
    {
        Bits = bits;
        One = BigInteger.One << bits;
        _roundUp = One - 1;
    }

    internal int Bits { get; }

    internal BigInteger One { get; }

    internal FixedInterval Exact(BigInteger value) => new(value << Bits, value << Bits);

    internal FixedInterval Ratio(BigInteger numerator, BigInteger denominator)
    {
        BigInteger low = BigInteger.DivRem(numerator << Bits, denominator, out BigInteger remainder);
        return new(low, remainder.IsZero ? low : low + 1);
    }

    internal FixedInterval Multiply(in FixedInterval a, in FixedInterval b) =>
        new((a.Low * b.Low) >> Bits, ((a.High * b.High) + _roundUp) >> Bits);

    internal FixedInterval Add(in FixedInterval a, in FixedInterval b) => new(a.Low + b.Low, a.High + b.High);

    internal FixedInterval Subtract(in FixedInterval a, in FixedInterval b) =>
        new(BigInteger.Max(a.Low - b.High, BigInteger.Zero), a.High - b.Low);

    internal FixedInterval Divide(in FixedInterval a, in FixedInterval b) =>
        new((a.Low << Bits) / b.High, ((a.High << Bits) + b.Low - 1) / b.Low);

    /// <summary>exp(-numerator/denominator) for a non-negative ratio.</summary>
    /// <remarks>
    /// With x = numerator / (denominator 2^j) at most 1/2 the series of exp(-x) alternates with falling terms, so that its value lies between consecutive
    /// partial sums; j squarings at j + 32 more bits undo the halving, each rounded outward.
    /// </remarks>
    internal FixedInterval ExpNegative(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
        {
            return Exact(BigInteger.One);
        }

        // exp(-x) < 2^-x: beyond this the interval (0, 1 unit) is as good as anything.
        if (numerator / denominator > Bits)
        {
            return new(BigInteger.Zero, BigInteger.One);
        }

        int halvings = Math.Max(0, (int)(numerator.GetBitLength() - denominator.GetBitLength()) + 2);
        var wide = new IntervalArithmetic(Bits + halvings + 32);
        FixedInterval x = wide.Ratio(numerator, denominator << halvings);
        FixedInterval term = wide.Exact(BigInteger.One);
        FixedInterval positive = term;
        FixedInterval negative = default;
        for (int i = 1; term.High > BigInteger.One; i++)
        {
            FixedInterval product = wide.Multiply(term, x);
            term = new(product.Low / i, (product.High + i - 1) / i);
            if ((i & 1) == 0)
            {
                positive = wide.Add(positive, term);
            }
            else
            {
                negative = wide.Add(negative, term);
            }
        }

        // What is left out is at most the last term in absolute value.
        FixedInterval sum = wide.Subtract(positive, negative);
        sum = new(BigInteger.Max(sum.Low - term.High, BigInteger.Zero), sum.High + term.High);
        for (int i = 0; i < halvings; i++)
        {
            sum = wide.Multiply(sum, sum);
        }

        int drop = halvings + 32;
        return new(sum.Low >> drop, (sum.High + (BigInteger.One << drop) - 1) >> drop);
    }
}
