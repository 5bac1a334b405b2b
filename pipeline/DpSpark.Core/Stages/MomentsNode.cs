using System.Numerics;
using DpSpark.Core.Aggregation;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Stages;

/// <summary>Reads one released number with its error off the noisy moments of a node: the moments are linear in the draws, everything after that is post-processing.</summary>
/// <remarks>Not thread safe. Source: dp-math.md 3.4, 3.5, 8.2; <see cref="MomentInterval"/>.</remarks>
internal sealed class MomentsNode
{
    private readonly NodeSpec _node;
    private readonly double? _level;
    private readonly double[][] _rows;
    private readonly double[] _values;
    private readonly MomentNoise _noise;
    private readonly double _middle;
    private readonly double _lowest;
    private readonly double _highest;
    private readonly double _half;
    private readonly double _secondHalf;
    private readonly double _deviation;
    private readonly double _halfWidth;

    /// <summary>Prepares a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="level">Level of the intervals, or null.</param>
    public MomentsNode(NodeSpec node, double? level)
    {
        _node = node;
        _level = level;
        _middle = node.Grid.ShiftedBy(-1).ToDouble((BigInteger)node.Lower + node.Upper);
        (_lowest, _highest) = (node.Grid.ToDouble(node.Lower), node.Grid.ToDouble(node.Upper));
        _half = node.Grid.ShiftedBy(-1).ToDouble((BigInteger)node.Upper - node.Lower);
        _secondHalf = node.SecondGrid.ShiftedBy(-1).ToDouble((BigInteger)node.SecondUpper - node.SecondLower);
        _rows = RowsOf(node.Basis ?? throw new InvalidOperationException("DPS9005: moments without a basis."));
        _values = new double[node.Draws.Count];
        if (_rows[0].Length != _values.Length)
        {
            throw new InvalidOperationException("DPS9005: a moments node has other draws than its basis.");
        }

        var deviations = new double[_values.Length];
        var isGaussian = true;
        for (var i = 0; i < deviations.Length; i++)
        {
            deviations[i] = node.Draws[i].StandardDeviation;
            isGaussian &= node.Draws[i].Noise.Kind == NoiseKind.DiscreteGaussian;
        }

        _noise = new MomentNoise(_rows, deviations, isGaussian);
        (_deviation, _halfWidth) = Additive(deviations);
    }

    /// <summary>The released number, its standard deviation and its interval.</summary>
    /// <param name="drawn">The release's noisy draws, in units of their grids.</param>
    /// <param name="draws">Which of them are the node's.</param>
    public (double Value, double Deviation, double Low, double High) Read(ReadOnlySpan<Int128> drawn, ReadOnlySpan<int> draws)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = _node.Draws[i].Grid.ToDouble((BigInteger)drawn[draws[i]]);
        }

        var moments = new NoisyMoments { Count = Moment(0), First = Moment(1), Second = Moment(2), Product = Moment(3) };
        switch (_node.Aggregate)
        {
            case AggregateKind.Count or AggregateKind.PrivacyIdCount:
                return (moments.Count, _deviation, Math.Max(0, Math.Floor(moments.Count - _halfWidth)), Math.Ceiling(moments.Count + _halfWidth));
            case AggregateKind.Sum:
                var sum = ValueOf(moments);
                return (sum, _deviation, sum - _halfWidth, sum + _halfWidth);
            case AggregateKind.Mean:
                return Mean(moments);
            case AggregateKind.Variance:
                return Variance(moments);
            case AggregateKind.Stddev:
                var (variance, deviation, low, high) = Variance(moments);

                // Delta method; at a variance of 0 the root of the variance's own deviation.
                var root = Math.Sqrt(variance);
                return (root, root > 0 ? Math.Min(deviation / (2 * root), Math.Sqrt(deviation)) : Math.Sqrt(deviation), Math.Sqrt(low), Math.Sqrt(high));
            case AggregateKind.Covariance:
                return Covariance(moments);
            default:
                throw new InvalidOperationException("DPS9005: an aggregate that is not read off moments.");
        }
    }

    /// <summary>Half the width of the bounds of the first column, real units.</summary>
    internal double Half => _half;

    /// <summary>Middle of the bounds of the first column.</summary>
    internal double Middle => _middle;

    /// <summary>Middle of the bounds of the second column of a covariance.</summary>
    internal double SecondMiddle => _node.SecondGrid.ShiftedBy(-1).ToDouble((BigInteger)_node.SecondLower + _node.SecondUpper);

    /// <summary>Per moment (count, first, second, product), its coefficient of each draw's real value.</summary>
    internal IReadOnlyList<double[]> Rows => _rows;

    /// <summary>The released number at noisy moments: a ratio is cut off at the bounds, and a count below one divides as one.</summary>
    internal double ValueOf(in NoisyMoments moments) => _node.Aggregate switch
    {
        AggregateKind.Sum => moments.First + (_middle * moments.Count),
        AggregateKind.Mean => MeanOf(moments),
        AggregateKind.Variance => VarianceOf(moments),
        AggregateKind.Stddev => Math.Sqrt(VarianceOf(moments)),
        AggregateKind.Covariance => CovarianceOf(moments),
        _ => moments.Count,
    };

    private double MeanOf(in NoisyMoments moments) => Math.Clamp(_middle + (moments.First / Math.Max(1, moments.Count)), _lowest, _highest);

    private double VarianceOf(in NoisyMoments moments)
    {
        var count = Math.Max(1, moments.Count);
        var mean = moments.First / count;
        return Math.Clamp((moments.Product / count) - (mean * mean), 0, _half * _half);
    }

    private double CovarianceOf(in NoisyMoments moments)
    {
        var count = Math.Max(1, moments.Count);
        return Math.Clamp((moments.Product / count) - (moments.First / count * (moments.Second / count)), -_half * _secondHalf, _half * _secondHalf);
    }

    private double Moment(int moment)
    {
        double sum = 0;
        for (var i = 0; i < _values.Length; i++)
        {
            sum += _rows[moment][i] * _values[i];
        }

        return sum;
    }

    /// <summary>Per moment (count, first sum, second sum, sum of products), its coefficient of each draw's real value.</summary>
    private double[][] RowsOf(MomentBasis basis)
    {
        var width = 2 * _half;
        var (area, first, second, product) = (1 / (width * 2 * _secondHalf), 1 / (4 * _secondHalf), 1 / (4 * _half), 0.25);
        var (square, half) = (1 / (width * width), 1 / (4 * _half));
        return basis switch
        {
            MomentBasis.Bins2 => [[1 / width, 1 / width], [-0.5, 0.5], [-0.5, 0.5], [0, 0]],
            MomentBasis.Bins3 => [[square, square, square], [-half, 0, half], [-half, 0, half], [0.25, -0.25, 0.25]],
            MomentBasis.Bins4 =>
            [
                [area, area, area, area],
                [-first, first, -first, first],
                [-second, -second, second, second],
                [product, -product, -product, product],
            ],
            MomentBasis.Split1 => [[0, 1], [1, 0], [1, 0], [0, 0]],
            MomentBasis.Split2 => [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, _half * _half]],
            MomentBasis.SplitCross => [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
            _ => throw new InvalidOperationException("DPS9005: an unknown basis of moments."),
        };
    }

    /// <summary>Deviation and half-width of a count or sum, which are linear in the draws.</summary>
    private (double Deviation, double HalfWidth) Additive(double[] deviations)
    {
        double variance = 0, normal = 0;
        var scales = new double[deviations.Length];
        for (var i = 0; i < deviations.Length; i++)
        {
            var part = deviations[i] * (_node.Aggregate == AggregateKind.Sum ? _rows[1][i] + (_middle * _rows[0][i]) : _rows[0][i]);
            variance += part * part;
            if (_node.Draws[i].Noise.Kind == NoiseKind.DiscreteLaplace)
            {
                scales[i] = Math.Abs(part) / Math.Sqrt(2);
            }
            else
            {
                normal += part * part;
            }
        }

        return (Math.Sqrt(variance), _level is { } level ? MixedNoise.HalfWidth(Math.Sqrt(normal), scales, level) : 0);
    }

    private (double Value, double Deviation, double Low, double High) Mean(in NoisyMoments moments)
    {
        var (low, high) = (_lowest, _highest);
        var count = Math.Max(1, moments.Count);
        var mean = MeanOf(moments);
        var offset = mean - _middle;
        var (sumDeviation, countDeviation) = (_noise.Deviation(1), _noise.Deviation(0));
        var deviation = Math.Sqrt((sumDeviation * sumDeviation) + (offset * offset * countDeviation * countDeviation)) / count;
        if (_level is not { } level)
        {
            return (mean, deviation, mean, mean);
        }

        // Half-widths of a Laplace of the same deviation at level sqrt(c): sums of bins have lighter tails.
        var each = MeanInterval.LaplaceZ(Math.Sqrt(level));
        var interval = _noise.IsGaussian || level >= 0.95
            ? MeanInterval.Fieller(moments.First, moments.Count, sumDeviation, countDeviation, low, high, _noise.IsGaussian ? MeanInterval.GaussianZ(level) : MeanInterval.LaplaceZ(level))
            : MeanInterval.Box(moments.First, moments.Count, each * sumDeviation, each * countDeviation, low, high);
        return (mean, deviation, Math.Min(interval.Lower, mean), Math.Max(interval.Upper, mean));
    }

    private (double Value, double Deviation, double Low, double High) Variance(in NoisyMoments moments)
    {
        var value = VarianceOf(moments);
        var deviation = MomentInterval.Deviation(moments, _noise, _half, _half, value);
        return WithInterval(value, deviation, _level is { } level ? MomentInterval.Variance(moments, _noise, _half, level) : new(value, value));
    }

    private (double Value, double Deviation, double Low, double High) Covariance(in NoisyMoments moments)
    {
        var value = CovarianceOf(moments);
        var deviation = MomentInterval.Deviation(moments, _noise, _half, _secondHalf, value);
        return WithInterval(value, deviation, _level is { } level ? MomentInterval.Covariance(moments, _noise, _half, _secondHalf, level) : new(value, value));
    }

    private static (double Value, double Deviation, double Low, double High) WithInterval(double value, double deviation, MeanInterval interval) =>
        (value, deviation, Math.Min(interval.Lower, value), Math.Max(interval.Upper, value));
}
