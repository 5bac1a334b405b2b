using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>One released number with its error.</summary>
/// <param name="Value">The number: a 64-bit integer where the node is whole, else the bits of a double.</param>
/// <param name="StandardDeviation">Standard deviation of the noise.</param>
/// <param name="Low">Lower end of the interval, as <paramref name="Value"/>.</param>
/// <param name="High">Upper end of the interval.</param>
public readonly record struct ReleasedNumber(long Value, double StandardDeviation, long Low, long High);

/// <summary>Steps 5 and 6 of a release: decides whether a partition is shown and adds noise to its exact integers. What leaves this step is private.</summary>
/// <remarks>
/// Guarantee: the plan's. Selection and noise are keyed functions of (secret, release, metric, partition key): a retry redraws the same bits.
/// Conversion to double is the last operation and post-processing. One instance serves one thread.
/// Source: dp-math.md 1.2, 1.6, 3.1–3.4, 4, 8.1, 8.2.
/// </remarks>
public sealed class ReleaseStage
{
    private readonly ReleaseKeys _keys;
    private readonly bool _noisy;
    private readonly KeyedStream _stream = new();
    private readonly Int128[][] _coefficients;
    private readonly Int128[] _drawn;
    private readonly double[] _halfWidths;
    private readonly MomentsNode?[] _moments;
    private readonly double? _level;
    private readonly TreeReaders _trees;
    private readonly Int128 _threshold;
    private readonly Int128 _selectionUnits;
    private readonly int _weightAt = -1;

    /// <summary>Prepares the step.</summary>
    /// <param name="keys">Shared samplers and stream keys.</param>
    /// <param name="noisy">False for test runs without noise.</param>
    public ReleaseStage(ReleaseKeys keys, bool noisy)
    {
        _keys = keys;
        _noisy = noisy;
        _drawn = new Int128[keys.Draws.Count];
        _coefficients = new Int128[keys.Draws.Count][];
        _halfWidths = new double[keys.Draws.Count];
        _level = keys.Spec.ConfidenceLevel is { } level ? Parameters.ExactDecimal.Parse(level).ToDouble() : null;
        for (var i = 0; i < _coefficients.Length; i++)
        {
            var draw = keys.Draws[i].Spec;
            _coefficients[i] = new Int128[draw.Terms.Count];
            for (var t = 0; t < draw.Terms.Count; t++)
            {
                _coefficients[i][t] = (Int128)draw.Terms[t].Coefficient;
            }

            if (_level is { } confidence)
            {
                _halfWidths[i] = HalfWidth(draw, confidence);
            }
        }

        _moments = new MomentsNode?[keys.Spec.Nodes.Count];
        for (var n = 0; n < _moments.Length; n++)
        {
            _moments[n] = keys.Spec.Nodes[n].Form == NodeForm.Moments ? new MomentsNode(keys.Spec.Nodes[n], _level) : null;
        }

        _trees = new TreeReaders(keys, noisy, _level, _stream);
        if (keys.Spec.Selection is { Strategy: not SelectionStrategy.TruncatedGeometric } selection)
        {
            _threshold = (Int128)selection.Threshold;
            var finer = -selection.NoiseGrid.BinaryExponent;
            if (selection.Strategy == SelectionStrategy.WeightedGaussian)
            {
                _weightAt = WeightOf(keys.Spec);
                finer -= UnitWeight.Bits;
            }

            _selectionUnits = finer >= 0 ? Int128.One << finer : throw new InvalidOperationException("DPS9005: the noise of a threshold is coarser than what it is compared with.");
        }
    }

    /// <summary>Selects one partition and, when it is shown, draws its numbers.</summary>
    /// <param name="partition">Canonical key bytes.</param>
    /// <param name="units">Privacy units after bounding; 0 for a public key without data.</param>
    /// <param name="sums">The exact sums.</param>
    /// <param name="numbers">Receives one number per node when the partition is shown.</param>
    /// <returns>Whether the partition is shown.</returns>
    public bool TryRelease(ReadOnlySpan<byte> partition, long units, ReadOnlySpan<Int128> sums, Span<ReleasedNumber> numbers) => TryRelease(partition, units, sums, default, numbers);

    /// <summary>Selects one partition and, when it is shown, draws its numbers.</summary>
    /// <param name="partition">Canonical key bytes.</param>
    /// <param name="units">Privacy units after bounding; 0 for a public key without data.</param>
    /// <param name="sums">The exact sums, then the number of items of each item list.</param>
    /// <param name="items">The items.</param>
    /// <param name="numbers">Receives one number per node when the partition is shown.</param>
    /// <returns>Whether the partition is shown.</returns>
    public bool TryRelease(ReadOnlySpan<byte> partition, long units, ReadOnlySpan<Int128> sums, PartitionItems items, Span<ReleasedNumber> numbers)
    {
        if (_keys.Spec.Selection is not null && !IsShown(partition, units, sums))
        {
            return false;
        }

        for (var i = 0; i < _drawn.Length; i++)
        {
            if (i != _keys.SharedDraw)
            {
                _drawn[i] = Noisy(i, partition, units, sums);
            }
        }

        _trees.Read(partition, items, _drawn);
        for (var n = 0; n < numbers.Length; n++)
        {
            numbers[n] = NumberOf(n);
        }

        return true;
    }

    private static int WeightOf(StageSpec spec)
    {
        for (var i = 0; i < spec.Accumulators.Count; i++)
        {
            if (spec.Accumulators[i].Kind == AccumulatorKind.Weight)
            {
                return i;
            }
        }

        throw new InvalidOperationException("DPS9005: a selection compares weights, and the release has none.");
    }

    private static double HalfWidth(DrawSpec draw, double confidence)
    {
        var parameter = (double)draw.Noise.Numerator / (double)draw.Noise.Denominator;
        var units = draw.Noise.Kind == NoiseKind.DiscreteLaplace
            ? DiscreteDistributions.DiscreteLaplaceHalfWidth(parameter, confidence)
            : DiscreteDistributions.DiscreteGaussianHalfWidth(parameter, confidence);
        return units * draw.Grid.ToDouble(BigInteger.One);
    }

    private bool IsShown(ReadOnlySpan<byte> partition, long units, ReadOnlySpan<Int128> sums)
    {
        var selection = _keys.Spec.Selection!;
        if (units < Math.Max(1, selection.PreThreshold))
        {
            return false;
        }

        if (_keys.SharedDraw >= 0)
        {
            _drawn[_keys.SharedDraw] = Noisy(_keys.SharedDraw, partition, units, sums);
            return !_noisy || _drawn[_keys.SharedDraw] >= _threshold;
        }

        if (!_noisy)
        {
            return true;
        }

        _keys.SelectionStream!.Open(partition, _stream);
        return _keys.Table is { } table
            ? table.Keep(_stream, units - selection.PreThreshold + 1)
            : ((_weightAt >= 0 ? sums[_weightAt] : units) * _selectionUnits) + _keys.SelectionSampler!.Sample(_stream) >= _threshold;
    }

    private Int128 Noisy(int index, ReadOnlySpan<byte> partition, long units, ReadOnlySpan<Int128> sums)
    {
        var draw = _keys.Draws[index];
        var coefficients = _coefficients[index];
        var exact = Int128.Zero;
        for (var t = 0; t < coefficients.Length; t++)
        {
            var accumulator = draw.Spec.Terms[t].Accumulator;
            var sum = accumulator >= 0 ? sums[accumulator] : accumulator == -1 ? units : sums[_keys.Spec.Accumulators.Count + draw.Spec.Terms[t].Item];
            exact = checked(exact + (coefficients[t] * sum));
        }

        if (draw.Spec.Shift > 0)
        {
            exact = (exact + (Int128.One << (draw.Spec.Shift - 1))) >> draw.Spec.Shift;
        }

        if (!_noisy)
        {
            return exact;
        }

        draw.Stream.Open(partition, _stream);
        return checked(exact + draw.Sampler.Sample(_stream));
    }

    private ReleasedNumber NumberOf(int index)
    {
        var node = _keys.Spec.Nodes[index];
        var draws = _keys.DrawsOf[index];
        switch (node.Form)
        {
            case NodeForm.Direct:
                return Direct(node, draws[0]);
            case NodeForm.Quantile:
                var (at, from, to) = _trees.Of(node);
                return Pack(node, at, _trees.DeviationOf(from, to), from, to);
            case NodeForm.Scaled:
                return Scaled(node, draws[0]);
            case NodeForm.Constant:
                var constant = node.Grid.ToDouble(node.Lower);
                return Pack(node, constant, 0, constant, constant);
            case NodeForm.Moments:
                var moments = _moments[index]!.Read(_drawn, draws);
                return Pack(node, moments.Value, moments.Deviation, moments.Low, moments.High);
            default:
                throw new InvalidOperationException("DPS9005: a node of an unknown form.");
        }
    }

    private ReleasedNumber Direct(NodeSpec node, int first)
    {
        var draw = _keys.Draws[first].Spec;
        var isCount = node.Aggregate is AggregateKind.Count or AggregateKind.PrivacyIdCount or AggregateKind.Histogram or AggregateKind.CountDistinct;
        if (!node.IsInteger)
        {
            var value = draw.Grid.ToDouble(_drawn[first]);
            var low = value - _halfWidths[first];
            return Pack(node, value, draw.StandardDeviation, isCount ? Math.Max(0, low) : low, value + _halfWidths[first]);
        }

        // Whole numbers stay exact: 2^binary exponent with a negative exponent is rounded half up, which is post-processing.
        var exponent = draw.Grid.BinaryExponent;
        var whole = exponent >= 0 ? _drawn[first] << exponent : (_drawn[first] + (Int128.One << (-exponent - 1))) >> -exponent;
        var half = (Int128)Math.Ceiling(_halfWidths[first]);
        var lower = whole - half;
        return new ReleasedNumber(Clip(whole), draw.StandardDeviation, Clip(isCount ? Int128.Max(0, lower) : lower), Clip(whole + half));
    }

    /// <summary>A count times a public value; what a count cannot be below bounds the interval.</summary>
    private ReleasedNumber Scaled(NodeSpec node, int first)
    {
        var draw = _keys.Draws[first].Spec;
        var value = node.Grid.ToDouble(node.Lower);
        var half = _halfWidths[first];
        var count = draw.Grid.ToDouble(_drawn[first]);
        var (one, other) = (value * Math.Max(0, count - half), value * (count + half));
        return Pack(node, draw.Grid.Times(node.Grid).ToDouble((BigInteger)_drawn[first] * node.Lower), Math.Abs(value) * draw.StandardDeviation, Math.Min(one, other), Math.Max(one, other));
    }

    private ReleasedNumber Pack(NodeSpec node, double value, double deviation, double low, double high)
    {
        if (_keys.Spec.NonNegative)
        {
            value = Math.Max(0, value);
            low = Math.Max(0, low);
            high = Math.Max(0, high);
        }

        return node.IsInteger
            ? new ReleasedNumber(Whole(value), deviation, Whole(low), Whole(high))
            : new ReleasedNumber(BitConverter.DoubleToInt64Bits(value), deviation, BitConverter.DoubleToInt64Bits(low), BitConverter.DoubleToInt64Bits(high));
    }

    private static long Whole(double value) => (long)Math.Clamp(Math.Round(value), long.MinValue, long.MaxValue);

    private long Clip(Int128 value) => value > long.MaxValue ? long.MaxValue
        : value < 0 && _keys.Spec.NonNegative ? 0
        : value < long.MinValue ? long.MinValue
        : (long)value;
}
