namespace DpSpark.Benchmarks.Accuracy;

/// <summary>Errors of one released column over all releases and partitions.</summary>
internal sealed class ColumnErrors
{
    private readonly List<float> _magnitudes = [];
    private double _squares;
    private double _predicted;
    private double _formula;
    private double _formulaSquares;
    private double _naive;
    private double _widths;
    private int _covered;
    private bool _isPredicted = true;
    private bool _isNaive = true;

    /// <summary>Numbers that were compared.</summary>
    public int Count => _magnitudes.Count;

    /// <summary>Root of the mean square error.</summary>
    public double Rmse => Math.Sqrt(_squares / Count);

    /// <summary>Root of the mean of the squared deviations that the release itself states; null where it states none.</summary>
    public double? Predicted => _isPredicted ? Math.Sqrt(_predicted / Count) : null;

    /// <summary>Numbers for which the plan's error can be computed at the numbers without noise.</summary>
    public int Foreseen { get; private set; }

    /// <summary>Root of the mean of the squared deviations that the plan gives at the numbers without noise; null where it gives none.</summary>
    public double? Formula => Foreseen > 0 ? Math.Sqrt(_formula / Foreseen) : null;

    /// <summary>Root of the mean square error of the same numbers.</summary>
    public double? ForeseenRmse => Foreseen > 0 ? Math.Sqrt(_formulaSquares / Foreseen) : null;

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
    /// <param name="error">Released less true.</param>
    /// <param name="deviation">Standard deviation that the release states.</param>
    /// <param name="formula">Standard deviation that the plan gives at the numbers without noise.</param>
    /// <param name="low">Lower end of its interval, less the true number.</param>
    /// <param name="high">Upper end of its interval, less the true number.</param>
    /// <param name="naive">Variance of naive splitting.</param>
    public void Add(double error, double? deviation, double? formula, double low, double high, double? naive)
    {
        _magnitudes.Add((float)Math.Abs(error));
        _squares += error * error;
        _isPredicted &= deviation is not null && !double.IsNaN(deviation.Value);
        _predicted += (deviation ?? 0) * (deviation ?? 0);
        if (formula is { } foreseen)
        {
            Foreseen++;
            _formula += foreseen * foreseen;
            _formulaSquares += error * error;
        }

        _isNaive &= naive is not null;
        _naive += naive ?? 0;
        _covered += low <= 0 && high >= 0 ? 1 : 0;
        _widths += high - low;
    }
}
