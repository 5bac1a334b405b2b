using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>A count, sum, mean, variance, standard deviation or covariance that is read off moments.</summary>
/// <remarks>
/// Predictions of ratios are those of the numerator (times the count): of a mean less the midpoint and of a variance the prior is that of values spread evenly over the bounds,
/// (mean - mid)² = variance = half² / 3; covariances 0.
/// </remarks>
internal sealed class MomentsOutput : PlannedOutput
{
    private const double Prior = 1.0 / 3;

    private readonly ValueQuery _value;
    private readonly ValueQuery? _second;

    /// <summary>An output of one column.</summary>
    internal MomentsOutput(PlanContext context, int aggregate, ValueQuery value, params QueryGroup[] groups)
        : base(context, aggregate, groups) => _value = value;

    /// <summary>A covariance.</summary>
    internal MomentsOutput(PlanContext context, int aggregate, ValueQuery first, ValueQuery second, params QueryGroup[] groups)
        : base(context, aggregate, groups) => (_value, _second) = (first, second);

    /// <inheritdoc/>
    internal override bool PaysLast => _second is not null;

    /// <inheritdoc/>
    internal override IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws) =>
    [
        new NodeSpec
        {
            Output = Request.Output,
            Aggregate = Request.Kind,
            AggregateIndex = Aggregate,
            Form = NodeForm.Moments,
            Basis = Groups[0] switch
            {
                BinsGroup { Squares: false } => MomentBasis.Bins2,
                BinsGroup => MomentBasis.Bins3,
                PairBinsGroup => MomentBasis.Bins4,
                CentredGroup when _second is not null => MomentBasis.SplitCross,
                CentredGroup { Squares: true } => MomentBasis.Split2,
                _ => MomentBasis.Split1,
            },

            // A covariance uses the plain sum of a column whose squares are drawn beside it.
            Draws = [.. draws.SelectMany((d, g) => _second is not null && Groups[g] is CentredGroup ? d.Take(1) : d).Select(d => d.Spec)],
            Grid = _value.Grid.Unit,
            Lower = (long)_value.Grid.Lower,
            Upper = (long)_value.Grid.Upper,
            SecondGrid = _second?.Grid.Unit ?? GridUnit.One,
            SecondLower = (long)(_second?.Grid.Lower ?? 0),
            SecondUpper = (long)(_second?.Grid.Upper ?? 0),
            IsInteger = Request.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount || (Request.Kind == AggregateKind.Sum && _value.IsWhole),
        },
    ];

    /// <inheritdoc/>
    internal override double Variance(QueryGroup group, NoiseKind kind, double amount)
    {
        var half = _value.Width.ToDouble() / 2;
        var middle = _value.Middle.ToDouble();
        switch (group)
        {
            case BinsGroup { Squares: false } bins:
                return Request.Kind switch
                {
                    AggregateKind.Sum => bins.Variance(amount, middle - half, middle + half),
                    AggregateKind.Mean => bins.Variance(amount, half, half) + (half * half * Prior * bins.Variance(amount, 1, 1)),
                    _ => bins.Variance(amount, 1, 1),
                };
            case BinsGroup bins:
                return Request.Kind switch
                {
                    AggregateKind.Sum => bins.Variance(amount, middle - half, middle, middle + half),
                    AggregateKind.Mean => bins.Variance(amount, half, half) + (half * half * Prior * bins.Variance(amount, 1, 1, 1)),

                    // With m² = V the noise of squares - 2 m sum + (m² - V) count is that of (1 + 2m) bin0 - bin1 + (1 - 2m) bin2, in units of half².
                    AggregateKind.Variance => Math.Pow(half, 4) * bins.Variance(amount, 1, 1, 1, Math.Sqrt(8 * Prior)),
                    AggregateKind.Stddev => Math.Pow(half, 4) * bins.Variance(amount, 1, 1, 1, Math.Sqrt(8 * Prior)) / (4 * Prior * half * half),
                    _ => bins.Variance(amount, 1, 1, 1),
                };
            case PairBinsGroup bins:
                return Math.Pow(half * SecondHalf, 2) * 4 * (1 + Prior) * (1 + Prior) * bins.Variance(amount, 1);
            case CrossGroup cross:
                return Math.Pow(half * SecondHalf, 2) * cross.Variance(kind, amount);
            case CentredGroup centred:
                return Centred(half) * centred.Variance(kind, amount);
            case CountGroup count:
                return Counted(half, middle) * count.Variance(kind, amount);
            default:
                throw new InvalidOperationException("An aggregate reads a group that it does not know.");
        }
    }

    /// <inheritdoc/>
    internal override double Reference
    {
        get
        {
            var half = _value.Width.ToDouble() / 2;
            return (double)Context.Norms.RowsPerPartition!.Value * (Request.Kind switch
            {
                AggregateKind.Sum => _value.Magnitude.ToDouble(),
                AggregateKind.Mean or AggregateKind.Stddev => half,
                AggregateKind.Variance => half * half,
                AggregateKind.Covariance => half * SecondHalf,
                _ => 1,
            });
        }
    }

    private double SecondHalf => (_second ?? _value).Width.ToDouble() / 2;

    /// <summary>Weight of the variance of a centred sum (and of the squares beside it), in units of half.</summary>
    private double Centred(double half) => Request.Kind switch
    {
        AggregateKind.Variance => Math.Pow(half, 4) * (1 + (4 * Prior)),
        AggregateKind.Stddev => half * half * (1 + (4 * Prior)) / (4 * Prior),
        AggregateKind.Covariance => Math.Pow(half * SecondHalf, 2) * Prior,
        _ => half * half,
    };

    /// <summary>Weight of the variance of the count.</summary>
    private double Counted(double half, double middle) => Request.Kind switch
    {
        AggregateKind.Sum => middle * middle,
        AggregateKind.Mean => half * half * Prior,

        // Squares are drawn less half² each: half² count is added, and (m² - V) count = 0.
        AggregateKind.Variance => Math.Pow(half, 4),
        AggregateKind.Stddev => half * half / (4 * Prior),
        AggregateKind.Covariance => Math.Pow(half * SecondHalf * Prior, 2),
        _ => 1,
    };
}
