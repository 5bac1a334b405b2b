using System.Numerics;
using System.Runtime.CompilerServices;

namespace DpSpark.Core.Stages;

/// <summary>Maps the word of a value column to integer grid units and clamps it (dp-math.md 1.6).</summary>
/// <remarks>Double columns: k = clamp(round-half-even(x / 2^e), Lo, Hi), x / 2^e being exact. Integer and decimal columns never pass through double.</remarks>
public readonly struct ValueGrid
{
    private const double TwoTo62 = 4611686018427387904.0;
    private readonly double _factor;
    private readonly int _shift;
    private readonly bool _floating;
    private readonly bool _extreme;
    private readonly int _exponent;

    /// <summary>Prepares the mapping.</summary>
    /// <param name="column">The value column.</param>
    /// <param name="grid">The grid; its decimal scale is the column's (0 for integers and floating point).</param>
    /// <param name="lower">Lower bound in units.</param>
    /// <param name="upper">Upper bound in units.</param>
    /// <exception cref="ArgumentException">The grid does not belong to the column's type.</exception>
    public ValueGrid(ColumnSpec column, GridUnit grid, long lower, long upper)
    {
        _floating = column.Type is ColumnType.Double or ColumnType.Float;
        if (grid.DecimalScale != (column.Type == ColumnType.Decimal ? column.Scale : 0))
        {
            throw new ArgumentException($"The grid of column '{column.Name}' has another decimal scale than the column.", nameof(grid));
        }

        _exponent = -grid.BinaryExponent;
        _extreme = Math.Abs(_exponent) > 1000;
        _factor = _extreme ? 0 : Math.ScaleB(1, _exponent);
        _shift = grid.BinaryExponent;
        Lower = lower;
        Upper = upper;
    }

    /// <summary>Lower bound in units.</summary>
    public long Lower { get; }

    /// <summary>Upper bound in units.</summary>
    public long Upper { get; }

    /// <summary>Units of a word, clamped to the bounds.</summary>
    /// <param name="word">Word of the column; never NaN.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Clamped(long word)
    {
        var k = Unclamped(word);
        return k < Lower ? Lower : k > Upper ? Upper : k;
    }

    /// <summary>Units of a word, saturated at ±2^62 so that 2^65 of them fit a 128-bit sum.</summary>
    /// <param name="word">Word of the column; never NaN.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Unclamped(long word)
    {
        if (_floating)
        {
            var value = BitConverter.Int64BitsToDouble(word);
            var units = Math.Round(_extreme ? Math.ScaleB(value, _exponent) : value * _factor);
            return units >= TwoTo62 ? 1L << 62 : units <= -TwoTo62 ? -(1L << 62) : (long)units;
        }

        return _shift == 0 ? Math.Clamp(word, -(1L << 62), 1L << 62) : Shifted(word);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long Shifted(long word)
    {
        if (_shift < 0)
        {
            var exact = -_shift > 126 ? (word == 0 ? 0 : word > 0 ? Int128.MaxValue : Int128.MinValue) : Math.Abs((double)word) * Math.ScaleB(1, -_shift) > 1e37
                ? (word > 0 ? Int128.MaxValue : Int128.MinValue)
                : (Int128)word << -_shift;
            return exact > 1L << 62 ? 1L << 62 : exact < -(1L << 62) ? -(1L << 62) : (long)exact;
        }

        if (_shift >= 64)
        {
            return 0;
        }

        // Round half to even of word / 2^shift.
        var unit = (Int128)1 << _shift;
        var floor = (Int128)word >> _shift;
        var rest = word - (floor << _shift);
        var half = unit >> 1;
        if (rest > half || (rest == half && (floor & 1) == 1))
        {
            floor += 1;
        }

        return (long)floor;
    }
}
