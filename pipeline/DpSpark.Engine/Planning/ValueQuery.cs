using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>A value column with its clamping bounds, exact, and the grid they are put on: one per column and pair of bounds in an attempt.</summary>
internal sealed class ValueQuery
{
    /// <summary>Bits between the noise scale and the value grid of floating-point columns (dp-math.md 1.6).</summary>
    private const int GridBitsBelowNoise = 40;

    /// <summary>Least bits of the bounds on the grid, so that a huge noise scale does not swallow them.</summary>
    private const int LeastBoundBits = 14;

    private readonly ColumnSpec _column;
    private readonly Rational _lower;
    private readonly Rational _upper;
    private int _exponent = int.MaxValue;

    internal ValueQuery(AggregateRequest request, ColumnSpec column)
    {
        _column = column;
        PerPartition = request.MinSumPerPartition is not null;
        _lower = Rational.From((PerPartition ? request.MinSumPerPartition : request.MinValue)!.Value);
        _upper = Rational.From((PerPartition ? request.MaxSumPerPartition : request.MaxValue)!.Value);
        Grid = BoundsGrid.Exact(column, _lower, _upper);
        IsExact = BoundsGrid.IsExact(column);
    }

    /// <summary>Bits of the bounds' width at most, where values are squared or multiplied: 2^65 products then fit 128 bits. Fewer on a floating-point column's grid, which keeps sampling fast.</summary>
    private const int NarrowBits = 30;
    private const int NarrowFloatingBits = 24;

    private bool _isNarrow;

    /// <summary>Whether each unit's sum is clamped, rather than each value.</summary>
    internal bool PerPartition { get; }

    /// <summary>Whether the column brings its own grid.</summary>
    internal bool IsExact { get; }

    internal bool IsWhole => _column.Type is ColumnType.Int or ColumnType.Long;

    internal string Column => _column.Name;

    internal BoundsGrid Grid { get; private set; }

    /// <summary>Whether the bounds alone decide the result: a sum of zeros; of everything else, equal bounds.</summary>
    internal bool IsPublic(AggregateKind kind) => kind != AggregateKind.Sum ? (IsExact ? Grid.Width.IsZero : _lower == _upper) : IsExact ? Grid.Magnitude.IsZero : _lower.Sign == 0 && _upper.Sign == 0;

    /// <summary>Whether no value lowers the sum, or none raises it.</summary>
    internal bool IsOneSigned => _lower.Sign >= 0 || _upper.Sign <= 0;

    internal bool HasEqualBounds => _lower == _upper;

    /// <summary>Whether the bounds lie on the column's own grid, so that nothing was rounded.</summary>
    internal bool BoundsAreOnGrid => !IsExact || (OnGrid(_lower) && OnGrid(_upper));

    /// <summary>Change of the sum by one contribution, in real units.</summary>
    internal Rational Magnitude => Max(Abs(_lower), Abs(_upper));

    /// <summary>Upper minus lower bound: change of the centred sum by one contribution, in half units.</summary>
    internal Rational Width => _upper - _lower;

    /// <summary>The middle of the bounds.</summary>
    internal Rational Middle => (_upper + _lower) / Rational.From(2);

    /// <summary>Nodes of the same column and bounds add up on one grid, the finest that one of them needs.</summary>
    internal (string Column, Rational Lower, Rational Upper, bool PerPartition) Key => (Column, _lower, _upper, PerPartition);

    /// <summary>Asks for a grid of a floating-point column that is fine enough for a noise scale; the finest one asked for is used.</summary>
    /// <param name="noiseLog2">floor(log2(scale or standard deviation)) in real units.</param>
    /// <param name="change">What one contribution changes, in real units.</param>
    /// <param name="mayCoarsen">Whether the sum may be rounded after summation; if not, the grid itself must leave sigma narrow.</param>
    internal void Propose(int noiseLog2, Rational change, bool mayCoarsen)
    {
        if (!IsExact)
        {
            Settle(Math.Min(noiseLog2 - (mayCoarsen ? GridBitsBelowNoise : 22), change.FloorLog2() - LeastBoundBits));
        }
    }

    /// <summary>Keeps the grid so coarse that the bounds' width fits 2^31 units, before anything is proposed; the values of a whole or decimal column are then rounded if they must be.</summary>
    internal void LimitWidth()
    {
        _isNarrow = true;
        if (IsExact && Grid.Width.GetBitLength() > NarrowBits)
        {
            Grid = BoundsGrid.On(Grid.Unit.ShiftedBy((int)Grid.Width.GetBitLength() - NarrowBits), _lower, _upper);
        }
    }

    /// <summary>Where nobody asked for a grid, one on which a public value keeps the precision of a double.</summary>
    internal void SettlePublic()
    {
        if (_exponent == int.MaxValue)
        {
            Settle(Magnitude is { Sign: > 0 } magnitude ? magnitude.FloorLog2() - 52 : 0);
        }
    }

    /// <summary>Puts the bounds on a grid.</summary>
    internal void Settle(int exponent)
    {
        if (_isNarrow && Width.Sign > 0)
        {
            exponent = Math.Max(exponent, Width.FloorLog2() + 1 - NarrowFloatingBits);
        }

        if (!IsExact && exponent < _exponent)
        {
            _exponent = exponent;
            Grid = BoundsGrid.Dyadic(exponent, _lower, _upper);
        }
    }

    /// <summary>The accumulator that adds the values up.</summary>
    internal AccumulatorSpec Accumulator() => new()
    {
        Kind = PerPartition ? AccumulatorKind.PartitionSum : AccumulatorKind.Sum,
        Column = Column,
        Grid = Grid.Unit,
        Lower = (long)Grid.Lower,
        Upper = (long)Grid.Upper,
    };

    private static Rational Abs(Rational value) => value.Sign < 0 ? Rational.Zero - value : value;

    private static Rational Max(Rational a, Rational b) => a > b ? a : b;

    private bool OnGrid(Rational value) => (value / BoundsGrid.UnitValue(Grid.Unit)).Denominator.IsOne;
}
