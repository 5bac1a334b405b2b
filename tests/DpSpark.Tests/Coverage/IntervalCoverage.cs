using System.Globalization;

namespace DpSpark.Tests.Coverage;

/// <summary>How the intervals of one released column did over many releases of one number.</summary>
internal sealed class IntervalCoverage
{
    private readonly List<double> _errors = [];
    private int _covered;
    private double _widths;

    /// <summary>Numbers that were compared.</summary>
    internal int Count => _errors.Count;

    /// <summary>Share of the intervals that hold the truth.</summary>
    internal double Share => (double)_covered / Count;

    /// <summary>Five standard deviations of <see cref="Share"/> around 95 %: for runs that are too short to be held to the digit.</summary>
    internal double Slack => 5 * Math.Sqrt(0.95 * 0.05 / Count);

    /// <summary>Mean width of the intervals.</summary>
    internal double Width => _widths / Count;

    /// <summary>Width of the shortest symmetric interval around the released number that would have covered 95 %.</summary>
    internal double Shortest
    {
        get
        {
            _errors.Sort();
            return 2 * _errors[(int)Math.Ceiling(0.95 * Count) - 1];
        }
    }

    /// <summary>One release.</summary>
    internal void Add(double value, double low, double high, double truth)
    {
        _errors.Add(Math.Abs(value - truth));
        _covered += low <= truth && truth <= high ? 1 : 0;
        _widths += high - low;
    }

    /// <summary>A row of a Markdown table.</summary>
    internal string Row(string name) => string.Create(CultureInfo.InvariantCulture, $"| {name} | {Count} | {100 * Share:0.0} % | {Short(Width)} | {Short(Shortest)} | {Width / Shortest:0.00} |");

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
