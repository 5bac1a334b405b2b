namespace DpSpark.Benchmarks.Accuracy;

/// <summary>Errors of one released column over all releases and partitions.</summary>
internal sealed class ColumnErrors
{
    private readonly List<float> _magnitudes = [];
    private readonly PairedSquares _values = new();
    private readonly PairedSquares _ranks = new();
    private double _stated;
    private double _naive;
    private double _widths;
    private int _covered;
    private bool _isStated = true;
    private bool _isNaive = true;

    /// <summary>Numbers that were compared.</summary>
    public int Count => _magnitudes.Count;

    /// <summary>Root of the mean square error, and of the squares that the plan predicts of the same numbers.</summary>
    public PairedSquares Values => _values;

    /// <summary>The same in ranks; null for all but quantiles, minima and maxima.</summary>
    public PairedSquares? Ranks => _ranks.Count > 0 ? _ranks : null;

    /// <summary>Root of the mean of the squared deviations that the release itself states; null where it states none.</summary>
    public double? Stated => _isStated ? Math.Sqrt(_stated / Count) : null;

    /// <summary>What splitting the budget over separate sums would give; null where that is not known.</summary>
    public double? Naive => _isNaive ? Math.Sqrt(_naive / Count) : null;

    /// <summary>Share of the intervals that cover the number without noise.</summary>
    public double Coverage => (double)_covered / Count;

    /// <summary>Mean width of the intervals over that of the shortest symmetric interval that would have covered 95 %.</summary>
    public double RelativeWidth
    {
        get
        {
            _magnitudes.Sort();
            return _widths / Count / (2 * _magnitudes[(int)Math.Ceiling(0.95 * Count) - 1]);
        }
    }

    /// <summary>One number of one release.</summary>
    /// <param name="released">The number.</param>
    /// <param name="exact">The same of the bounded rows without noise.</param>
    /// <param name="predicted">What the plan predicts of it.</param>
    /// <param name="stated">Standard deviation that the release states.</param>
    /// <param name="interval">Its interval.</param>
    /// <param name="naive">Variance of naive splitting.</param>
    public void Add(double released, double exact, Predicted predicted, double? stated, (double Low, double High) interval, double? naive)
    {
        var error = released - exact;
        _magnitudes.Add((float)Math.Abs(error));
        _values.Add(error, predicted.Deviation);
        if (predicted.Rank is { } rank)
        {
            _ranks.Add(predicted.RankError!(released), rank);
        }

        _isStated &= stated is not null && !double.IsNaN(stated.Value);
        _stated += (stated ?? 0) * (stated ?? 0);
        _isNaive &= naive is not null;
        _naive += naive ?? 0;
        _covered += interval.Low <= exact && interval.High >= exact ? 1 : 0;
        _widths += interval.High - interval.Low;
    }

    /// <summary>Ends a release: what is in one release may have noise in common.</summary>
    public void EndRelease()
    {
        _values.EndCluster();
        _ranks.EndCluster();
    }
}
