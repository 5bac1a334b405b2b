using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>The integer grid of a value column and its clamping bounds on it (dp-math.md 1.6).</summary>
/// <param name="Unit">Real value of one unit.</param>
/// <param name="Lower">Lower bound in units.</param>
/// <param name="Upper">Upper bound in units.</param>
internal sealed record BoundsGrid(GridUnit Unit, BigInteger Lower, BigInteger Upper)
{
    private const int MinExponent = -1000;
    private const int MaxExponent = 960;

    /// <summary>Largest magnitude of a bound: sums of 2^65 values then fit 128 bits.</summary>
    private static readonly BigInteger s_limit = BigInteger.One << 62;

    /// <summary>max(|Lower|, |Upper|): what one value may add.</summary>
    internal BigInteger Magnitude => BigInteger.Max(BigInteger.Abs(Lower), BigInteger.Abs(Upper));

    /// <summary>Upper - Lower.</summary>
    internal BigInteger Width => Upper - Lower;

    internal bool Fits => Magnitude <= s_limit;

    /// <summary>Whether the column's values are integers on a grid of their own.</summary>
    internal static bool IsExact(ColumnSpec column) => column.Type is ColumnType.Int or ColumnType.Long or ColumnType.Decimal;

    /// <summary>The column's own grid: 1 for integers, 10^-scale for decimals.</summary>
    internal static BoundsGrid Exact(ColumnSpec column, Rational lower, Rational upper) =>
        On(new(0, column.Type == ColumnType.Decimal ? column.Scale : 0), lower, upper);

    /// <summary>The dyadic grid 2^<paramref name="exponent"/>, or the finest coarser one on which the bounds fit.</summary>
    internal static BoundsGrid Dyadic(int exponent, Rational lower, Rational upper)
    {
        var grid = On(new(Math.Clamp(exponent, MinExponent, MaxExponent)), lower, upper);
        while (!grid.Fits)
        {
            var excess = Math.Max(1, (int)grid.Magnitude.GetBitLength() - 63);
            grid = On(grid.Unit.ShiftedBy(excess), lower, upper);
        }

        return grid;
    }

    /// <summary>Real value of a unit as an exact fraction.</summary>
    internal static Rational UnitValue(GridUnit unit) => new Rational(BigInteger.One, BigInteger.Pow(10, unit.DecimalScale)).ScaleBinary(unit.BinaryExponent);

    /// <summary>Bounds on a given grid.</summary>
    internal static BoundsGrid On(GridUnit unit, Rational lower, Rational upper)
    {
        var size = UnitValue(unit);
        return new(unit, (lower / size).RoundHalfEven(), (upper / size).RoundHalfEven());
    }
}
