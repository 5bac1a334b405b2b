using System.Runtime.CompilerServices;
using DpSpark.Core.Parameters;

namespace DpSpark.Core.Stages;

/// <summary>Clips the vector of a row's values to a norm and puts it on the grid, rounding toward zero.</summary>
/// <remarks>
/// The scaled vector is computed in double and then checked in exact integers: whatever the rounding of the scale, the integers' norm is at most the bound. A vector of 0 stays 0.
/// Not thread safe. Source: dp-math.md 3.7.
/// </remarks>
internal sealed class VectorKernel
{
    private const double Largest = 1e300;
    private readonly int[] _offsets;
    private readonly bool[] _floating;
    private readonly double[] _units;
    private readonly VectorNorm _norm;
    private readonly long _bound;
    private readonly double[] _scaled;
    private readonly long[] _clipped;

    /// <summary>Prepares the kernel.</summary>
    /// <param name="columns">The vector's columns, in order.</param>
    /// <param name="offsets">Where they are in a row's words.</param>
    /// <param name="first">The first coordinate's accumulator: grid, norm and bound.</param>
    public VectorKernel(IReadOnlyList<ColumnSpec> columns, int[] offsets, AccumulatorSpec first)
    {
        _offsets = offsets;
        _norm = first.Norm ?? throw new InvalidOperationException("DPS9004: a coordinate has no norm.");
        _bound = first.Upper;
        _floating = new bool[offsets.Length];
        _units = new double[offsets.Length];
        _scaled = new double[offsets.Length];
        _clipped = new long[offsets.Length];
        for (var i = 0; i < offsets.Length; i++)
        {
            _floating[i] = columns[i].Type is ColumnType.Float or ColumnType.Double;

            // One rounding for integers and decimals: word / 10^scale; the power of two is exact.
            _units[i] = columns[i].Type == ColumnType.Decimal ? Math.Pow(10, columns[i].Scale) : 1;
        }

        Exponent = -first.Grid.BinaryExponent;
    }

    /// <summary>Number of coordinates.</summary>
    public int Length => _offsets.Length;

    private int Exponent { get; }

    /// <summary>The clipped vector of a row, in grid units; valid until the next call.</summary>
    /// <param name="row">The row's words.</param>
    /// <param name="clips">False for raw test runs: rounded, but not clipped.</param>
    public ReadOnlySpan<long> Clip(ReadOnlySpan<ulong> row, bool clips)
    {
        double largest = 0;
        for (var i = 0; i < _scaled.Length; i++)
        {
            var word = (long)row[_offsets[i]];
            var value = Math.ScaleB(_floating[i] ? BitConverter.Int64BitsToDouble(word) : word / _units[i], Exponent);
            _scaled[i] = Math.Clamp(value, -Largest, Largest);
            largest = Math.Max(largest, Math.Abs(_scaled[i]));
        }

        if (!clips || _norm == VectorNorm.LInf)
        {
            var limit = clips ? _bound : 1L << 62;
            for (var i = 0; i < _scaled.Length; i++)
            {
                _clipped[i] = Math.Abs(_scaled[i]) >= limit ? (_scaled[i] > 0 ? limit : -limit) : (long)_scaled[i];
            }

            return _clipped;
        }

        Shrink(largest);
        while (Excess())
        {
            LowerLargest();
        }

        return _clipped;
    }

    /// <summary>Scales to the bound in double and rounds toward zero. Lengths are relative to the largest coordinate, so nothing overflows.</summary>
    private void Shrink(double largest)
    {
        double length = 0;
        foreach (var x in _scaled)
        {
            var part = largest > 0 ? x / largest : 0;
            length += _norm == VectorNorm.L1 ? Math.Abs(part) : part * part;
        }

        length = _norm == VectorNorm.L2 ? Math.Sqrt(length) : length;
        var limit = length > 0 ? _bound / length : double.PositiveInfinity;
        for (var i = 0; i < _scaled.Length; i++)
        {
            _clipped[i] = (long)(largest > limit ? _scaled[i] / largest * limit : _scaled[i]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Excess()
    {
        var sum = Int128.Zero;
        foreach (var k in _clipped)
        {
            sum += _norm == VectorNorm.L1 ? Int128.Abs(k) : (Int128)k * k;
        }

        return sum > (_norm == VectorNorm.L1 ? _bound : (Int128)_bound * _bound);
    }

    private void LowerLargest()
    {
        var at = 0;
        for (var i = 1; i < _clipped.Length; i++)
        {
            if (Math.Abs(_clipped[i]) > Math.Abs(_clipped[at]))
            {
                at = i;
            }
        }

        _clipped[at] -= Math.Sign(_clipped[at]);
    }
}
