using System.Numerics;
using DpSpark.Core.Bounds;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Decides one question from noisy counts and the plan of the rest: post-processing.</summary>
internal sealed class BoundsDecision
{
    private readonly ReleaseRequest _request;
    private readonly BoundsQuestion _question;
    private readonly ProfileSpec _profile;
    private readonly ProfileBins _bins;
    private readonly double[] _low;
    private readonly double[] _high;
    private readonly double _scale;
    private readonly bool _isGaussian;

    /// <param name="request">The request of the rest, with what was decided before this question.</param>
    /// <param name="spec">The first pass.</param>
    /// <param name="question">The question.</param>
    /// <param name="counts">Noisy counts of all histograms.</param>
    /// <param name="noisy">Whether they hold noise.</param>
    internal BoundsDecision(ReleaseRequest request, StageSpec spec, BoundsQuestion question, double[] counts, bool noisy)
    {
        _request = request;
        _question = question;
        _profile = spec.Profile![question.FirstHistogram];
        _bins = new ProfileBins(_profile.Octaves, _profile.IsSigned);
        var first = spec.Profile.Take(question.FirstHistogram).Sum(p => new ProfileBins(p.Octaves, p.IsSigned).Count);
        _low = counts.AsSpan(first, _bins.Count).ToArray();
        _high = question.Histograms == 2 ? counts.AsSpan(first + _bins.Count, _bins.Count).ToArray() : _low;
        _scale = noisy ? NoiseCalibration.Spread(question.Noise) : 0;
        _isGaussian = question.Noise.Kind == NoiseKind.DiscreteGaussian;
    }

    /// <summary>The bounds; null when the counts show none.</summary>
    internal FoundBounds? Decide() => _question.Target switch
    {
        BoundsTarget.Partitions => DecidePartitions(),
        BoundsTarget.RowsPerPartition => DecideRows(),
        _ => DecideValues(),
    };

    private double? Partitions => _request.Keyset?.Keys.Count;

    /// <summary>Partitions that a unit is taken to lose something in: between one and all that it may contribute to.</summary>
    private double Contributions => (1 + Math.Min(Partitions ?? double.PositiveInfinity, _request.Unit.MaxPartitionsContributed ?? 1)) / 2;

    private FoundBounds? DecidePartitions()
    {
        var (deviation, isGaussian) = CountNoise();
        if (ProfileDecision.Count(_bins, _low, _scale, Partitions * deviation, isGaussian, 1, _isGaussian) is not { } bound)
        {
            return null;
        }

        return Found(1, Math.Min(bound, _request.Keyset?.Keys.Count ?? long.MaxValue));
    }

    private FoundBounds? DecideRows() =>
        ProfileDecision.Count(_bins, _low, _scale, Partitions * CountNoise().Deviation, false, Contributions, _isGaussian) is { } bound ? Found(1, bound) : null;

    private FoundBounds? DecideValues()
    {
        var plan = Planner.PlanParts(Provisional());
        var deviation = plan.Mechanisms.Where(m => m.AggregateIndex == _question.Aggregate).Select(m => m.StandardDeviation).DefaultIfEmpty(1).Max();
        var isSum = _request.Aggregates[_question.Aggregate!.Value].Kind == AggregateKind.Sum;
        var noise = deviation * (Partitions ?? _request.Unit.MaxPartitionsContributed ?? 1);
        return ProfileDecision.Values(_bins, _low, _high, _scale, isSum, noise, Contributions, _isGaussian) is not var (lower, upper) ? null : Found(lower, upper);
    }

    /// <summary>The request with bounds of 0 and 1 wherever none are known yet: what it plans is noise per unit of a bound.</summary>
    private ReleaseRequest Provisional() => _request with
    {
        Unit = _request.Unit with
        {
            MaxPartitionsContributed = _request.Unit.MaxPartitionsContributed ?? (_request.Unit.AutoMaxPartitionsContributed is null ? null : 1),
            MaxContributionsPerPartition = _request.Unit.MaxContributionsPerPartition ?? (_request.Unit.AutoMaxContributionsPerPartition is null ? null : 1),
        },
        Aggregates =
        [
            .. _request.Aggregates.Select(a => a.AutoBounds is null || a.MaxValue is not null || a.MaxSumPerPartition is not null ? a
                : a.Kind == AggregateKind.Sum && !a.AutoBoundsPerValue ? a with { MinSumPerPartition = ExactDecimal.Zero, MaxSumPerPartition = ExactDecimal.One }
                : a with { MinValue = ExactDecimal.Zero, MaxValue = ExactDecimal.One }),
        ],
    };

    /// <summary>Noise of a count for a bound of 1, and whether it is Gaussian. Where no count is released, that of the first number, taken back to changes of one.</summary>
    private (double Deviation, bool IsGaussian) CountNoise()
    {
        var request = Provisional();
        request = request with
        {
            Unit = _question.Target == BoundsTarget.Partitions ? request.Unit with { MaxPartitionsContributed = 1 } : request.Unit with { MaxContributionsPerPartition = 1 },
        };
        var mechanisms = Planner.PlanParts(request).Mechanisms.Where(m => m.Noise is not null && m.LInf > 0).ToList();
        var one = mechanisms.Find(m => m.Aggregate is "count" or "privacy_id_count") ?? mechanisms.FirstOrDefault();
        return one is null ? (1, false) : (one.StandardDeviation / one.LInf, one.Noise!.Kind == NoiseKind.DiscreteGaussian);
    }

    private FoundBounds Found(long lower, long upper) => new(_question, Real(lower), Real(upper));

    private ExactDecimal Real(long units)
    {
        var grid = _profile.Grid;
        return grid.BinaryExponent < 0
            ? ExactDecimal.Create(units * BigInteger.Pow(5, -grid.BinaryExponent), -grid.BinaryExponent)
            : ExactDecimal.Create(units, grid.DecimalScale);
    }
}
