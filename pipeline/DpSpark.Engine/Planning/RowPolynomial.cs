using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>
/// What one row adds to a draw, as a polynomial in w and v, the clamped values of one or two columns less their lower bounds: <c>One</c> + <c>W</c> w + <c>WW</c> w² + <c>V</c> v +
/// <c>WV</c> w v, w in [0, <c>WidthW</c>], v in [0, <c>WidthV</c>].
/// </summary>
internal sealed record RowPolynomial(BigInteger One, BigInteger W, BigInteger WW, BigInteger V, BigInteger WV, BigInteger WidthW, BigInteger WidthV)
{
    /// <summary>The polynomials of draws over the same one or two columns.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="draws">The draws.</param>
    /// <param name="unitsAreRows">Whether a unit has at most one row per partition, so that units count as rows.</param>
    /// <returns>One per draw, or null where a draw is of other sums, or of more columns.</returns>
    internal static IReadOnlyList<RowPolynomial>? Of(StageSpec spec, IReadOnlyList<DrawSpec> draws, bool unitsAreRows)
    {
        var columns = new List<AccumulatorSpec>();
        foreach (var accumulator in draws.SelectMany(d => d.Terms).Where(t => t.Accumulator >= 0).Select(t => spec.Accumulators[t.Accumulator]))
        {
            if (accumulator.Kind is not (AccumulatorKind.Count or AccumulatorKind.Sum or AccumulatorKind.Square or AccumulatorKind.Product))
            {
                return null;
            }

            if (accumulator.Kind != AccumulatorKind.Count && !columns.Contains(First(accumulator)))
            {
                columns.Add(First(accumulator));
            }

            if (accumulator.Kind == AccumulatorKind.Product && !columns.Contains(Second(accumulator)))
            {
                columns.Add(Second(accumulator));
            }
        }

        if (columns.Count > 2 || columns.Exists(c => c.Upper < c.Lower) || (!unitsAreRows && draws.Any(d => d.Terms.Any(t => t.Accumulator < 0))))
        {
            return null;
        }

        var polynomials = draws.Select(d => Of(spec, d, columns)).ToList();
        return polynomials.Contains(null) ? null : [.. polynomials.Select(p => p!)];
    }

    /// <summary>The smallest integer that is not below |p| anywhere.</summary>
    internal BigInteger Largest => Extremes().Select(e => BigInteger.Max(e.Ceiling(), (Rational.Zero - e).Ceiling())).Max();

    /// <summary>Whether p is nowhere negative.</summary>
    internal bool IsNonNegative => Extremes().All(e => e.Sign >= 0);

    /// <summary>Whether p does not depend on the values.</summary>
    internal bool IsConstant => W.IsZero && WW.IsZero && V.IsZero && WV.IsZero;

    /// <summary>The sum of two polynomials over the same columns.</summary>
    public static RowPolynomial operator +(RowPolynomial a, RowPolynomial b) =>
        a with { One = a.One + b.One, W = a.W + b.W, WW = a.WW + b.WW, V = a.V + b.V, WV = a.WV + b.WV };

    /// <summary>The values among which the smallest and the largest are: at the corners, and at the vertex of a parabola.</summary>
    private List<Rational> Extremes()
    {
        // Bilinear in (w, v) at a fixed w²; a square is only there without v, so the corners and the vertex are enough.
        var values = new List<Rational>();
        foreach (var w in new[] { BigInteger.Zero, WidthW })
        {
            foreach (var v in new[] { BigInteger.Zero, WidthV })
            {
                values.Add(Rational.From(One + (W * w) + (WW * w * w) + (V * v) + (WV * w * v)));
            }
        }

        if (!WW.IsZero && new Rational(-W, 2 * WW) is var vertex && vertex.Sign > 0 && vertex < Rational.From(WidthW))
        {
            values.Add(Rational.From(One) - new Rational(W * W, 4 * WW));
        }

        return values;
    }

    private static RowPolynomial? Of(StageSpec spec, DrawSpec draw, List<AccumulatorSpec> columns)
    {
        BigInteger one = 0, ww = 0, wv = 0;
        var linear = new BigInteger[2];
        foreach (var (at, coefficient) in draw.Terms)
        {
            var accumulator = at < 0 ? new AccumulatorSpec { Kind = AccumulatorKind.Count } : spec.Accumulators[at];
            var column = accumulator.Kind == AccumulatorKind.Count ? 0 : columns.IndexOf(First(accumulator));
            switch (accumulator.Kind)
            {
                case AccumulatorKind.Count:
                    one += coefficient;
                    break;
                case AccumulatorKind.Sum:
                    one += coefficient * accumulator.Lower;
                    linear[column] += coefficient;
                    break;
                case AccumulatorKind.Square when column == 0 && columns.Count == 1:
                    ww += coefficient;
                    break;
                case AccumulatorKind.Product when columns.Count == 2:
                    wv += coefficient;
                    break;
                default:
                    return null;
            }
        }

        return new(one, linear[0], ww, linear[1], wv, Width(columns, 0), Width(columns, 1));
    }

    private static BigInteger Width(List<AccumulatorSpec> columns, int index) => index < columns.Count ? (BigInteger)columns[index].Upper - columns[index].Lower : BigInteger.Zero;

    private static AccumulatorSpec First(AccumulatorSpec spec) => new() { Kind = AccumulatorKind.Sum, Column = spec.Column, Grid = spec.Grid, Lower = spec.Lower, Upper = spec.Upper };

    private static AccumulatorSpec Second(AccumulatorSpec spec) =>
        new() { Kind = AccumulatorKind.Sum, Column = spec.SecondColumn, Grid = spec.SecondGrid, Lower = spec.SecondLower, Upper = spec.SecondUpper };
}
