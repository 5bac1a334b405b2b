using System.Numerics;
using DpSpark.Core.Parameters;

namespace DpSpark.Core.Stages;

/// <summary>Values of a column as integers in the values' order: integers and decimals as they are, floating-point numbers by their bits.</summary>
public static class OrderedWord
{
    /// <summary>The integer of a floating-point number: a smaller number has a smaller integer, and zero has one.</summary>
    /// <param name="value">A number other than NaN.</param>
    public static long Of(double value)
    {
        // Adding 0 turns -0 into 0.
        var bits = BitConverter.DoubleToInt64Bits(value + 0.0);
        return bits < 0 ? bits ^ long.MaxValue : bits;
    }

    /// <summary>The integer of the smallest value of a column that is not below an edge; an edge between two floating-point numbers is the nearer one, as it would be read from data.</summary>
    /// <param name="column">The column.</param>
    /// <param name="edge">The edge.</param>
    public static long OfEdge(ColumnSpec column, ExactDecimal edge)
    {
        ArgumentNullException.ThrowIfNull(column);
        if (column.Type is ColumnType.Float or ColumnType.Double)
        {
            return Of(edge.ToDouble());
        }

        // v ≥ edge for integers v (at the column's scale) exactly when v ≥ ceil(edge · 10^scale).
        var (numerator, denominator) = edge.ToRational();
        numerator *= BigInteger.Pow(10, column.Type == ColumnType.Decimal ? column.Scale : 0);
        var ceiling = BigInteger.DivRem(numerator, denominator, out var remainder);
        ceiling += remainder.Sign > 0 ? 1 : 0;
        return ceiling > long.MaxValue ? long.MaxValue : ceiling < long.MinValue ? long.MinValue : (long)ceiling;
    }
}
