namespace DpSpark.Benchmarks.Accuracy;

/// <summary>Mean squares of errors beside the predicted ones of the same numbers, with the statistical error of their ratio.</summary>
internal sealed class PairedSquares
{
    private readonly List<(double Errors, double Predicted)> _clusters = [];
    private (double Errors, double Predicted) _open;

    /// <summary>Numbers.</summary>
    public int Count { get; private set; }

    /// <summary>Root mean square error.</summary>
    public double Rmse => Math.Sqrt(Sum().Errors / Count);

    /// <summary>Root of the mean of the predicted squares.</summary>
    public double Predicted => Math.Sqrt(Sum().Predicted / Count);

    /// <summary>Error over prediction.</summary>
    public double Ratio => Rmse / Predicted;

    /// <summary>Standard error of <see cref="Ratio"/>: that of a ratio of means over the releases, each of which counts as one.</summary>
    public double RatioError
    {
        get
        {
            var (errors, predicted) = Sum();
            var square = errors / predicted;
            double sum = 0;
            foreach (var cluster in _clusters)
            {
                sum += Math.Pow(cluster.Errors - (square * cluster.Predicted), 2);
            }

            var n = _clusters.Count;
            return Math.Sqrt(sum * n / Math.Max(1, n - 1)) / (2 * Math.Sqrt(square) * predicted);
        }
    }

    /// <summary>One number.</summary>
    public void Add(double error, double predicted)
    {
        Count++;
        _open = (_open.Errors + (error * error), _open.Predicted + (predicted * predicted));
    }

    /// <summary>Ends what may be dependent.</summary>
    public void EndCluster()
    {
        _clusters.Add(_open);
        _open = default;
    }

    private (double Errors, double Predicted) Sum() => _clusters.Aggregate((Errors: 0.0, Predicted: 0.0), (s, c) => (s.Errors + c.Errors, s.Predicted + c.Predicted));
}
