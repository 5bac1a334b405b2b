using DpSpark.Core.Accounting;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>
/// What a release would cost in accuracy without joint mechanisms and without tight accounting: epsilon and delta in equal parts for the aggregates and the selection, each part again in equal parts
/// for the sums of an aggregate: a mean is a count and a centred sum, a variance those and the centred squares.
/// </summary>
internal sealed class NaiveError
{
    private readonly ReleaseRequest _request;
    private readonly Dictionary<string, AggregateRequest> _byName;
    private readonly string? _count;
    private readonly double _parts;
    private readonly double _l0;
    private readonly double _lInf;

    internal NaiveError(ReleaseRequest request)
    {
        _request = request;
        _byName = request.Aggregates.ToDictionary(a => a.Output, StringComparer.Ordinal);
        _count = request.Aggregates.FirstOrDefault(a => a.Kind == AggregateKind.Count)?.Output;
        _parts = request.Aggregates.Count + (request.Selection is null ? 0 : 1);
        _l0 = Math.Min(request.Unit.MaxPartitionsContributed ?? request.Unit.MaxContributions ?? 1, request.Keyset?.Keys.Count ?? int.MaxValue);
        _lInf = request.Unit.MaxContributionsPerPartition ?? request.Unit.MaxContributions ?? 1;
    }

    /// <summary>The variance of a column in a partition; null where it is not known.</summary>
    /// <param name="column">The released column.</param>
    /// <param name="truth">Numbers of this partition without noise.</param>
    internal double? Variance(string column, Func<string, double?> truth)
    {
        if (!_byName.TryGetValue(column, out var aggregate))
        {
            return null;
        }

        switch (aggregate.Kind.ToString())
        {
            case "Count":
                return Noise(_lInf, 1);
            case "PrivacyIdCount":
                return Noise(1, 1);
            case "Sum" when aggregate.MinSumPerPartition is { } low && aggregate.MaxSumPerPartition is { } high:
                return Noise(Math.Max(Math.Abs(low.ToDouble()), Math.Abs(high.ToDouble())), 1);
        }

        if (aggregate.MinValue is not { } lowest || aggregate.MaxValue is not { } highest)
        {
            return null;
        }

        var (lower, upper) = (lowest.ToDouble(), highest.ToDouble());
        var half = (upper - lower) / 2;
        var middle = lower + half;
        var n = _count is null ? null : truth(_count);
        switch (aggregate.Kind.ToString())
        {
            case "Sum":
                return Noise(_lInf * Math.Max(Math.Abs(lower), Math.Abs(upper)), 1);
            case "Mean" when n > 0 && truth(column) is { } mean:
                return (Noise(_lInf * half, 2) + ((mean - middle) * (mean - middle) * Noise(_lInf, 2))) / (n * n);
            case "Variance" when n > 0 && truth(column) is { } variance && MeanOf(aggregate, truth) is { } center:
                var d = center - middle;
                var square = (d * d) - variance;
                return (Noise(_lInf * half * half / 2, 3) + (4 * d * d * Noise(_lInf * half, 3)) + (square * square * Noise(_lInf, 3))) / (n * n);
            default:
                return null;
        }
    }

    private double? MeanOf(AggregateRequest of, Func<string, double?> truth) =>
        _request.Aggregates.FirstOrDefault(a => a.Kind == AggregateKind.Mean && a.Column == of.Column) is { } mean ? truth(mean.Output) : null;

    private double Noise(double perPartition, int sums)
    {
        var epsilon = _request.Epsilon.ToDouble() / _parts / sums;
        var delta = _request.Delta.ToDouble() / _parts / sums;
        var laplace = 2 * Math.Pow(_l0 * perPartition / epsilon, 2);
        var gaussian = delta > 0 ? Math.Pow(GaussianPrivacy.Sigma(epsilon, delta, Math.Sqrt(_l0) * perPartition), 2) : double.PositiveInfinity;
        return _request.Noise switch { NoiseChoice.Laplace => laplace, NoiseChoice.Gaussian => gaussian, _ => Math.Min(laplace, gaussian) };
    }
}
