namespace DpSpark.Testing.Statistics;

/// <summary>Pearson's test of draws against exact probabilities.</summary>
public static class ChiSquare
{
    /// <summary>The chance that correct draws fit this badly or worse.</summary>
    /// <param name="draws">The draws.</param>
    /// <param name="probability">Exact probability of a value.</param>
    /// <remarks>
    /// Neighbouring values are merged into cells of at least 20 expected draws; what lies beyond both ends of the draws' range goes to the end cells. The tail probability is Wilson and Hilferty's cube-root
    /// approximation, good to a few percent at 1e-6 for the 5 and more degrees of freedom used here.
    /// </remarks>
    public static double PValue(IReadOnlyCollection<long> draws, Func<long, double> probability)
    {
        var counts = draws.GroupBy(d => d).ToDictionary(g => g.Key, g => (double)g.Count());
        double n = draws.Count;
        var cells = new List<(double Observed, double Expected)>();
        double observed = 0;
        double expected = 0;
        double covered = 0;
        for (long k = draws.Min(); k <= draws.Max(); k++)
        {
            observed += counts.GetValueOrDefault(k);
            double p = probability(k);
            expected += n * p;
            covered += p;
            if (expected >= 20)
            {
                cells.Add((observed, expected));
                observed = 0;
                expected = 0;
            }
        }

        // What is left joins the last cell, with the mass outside of the range.
        cells[^1] = (cells[^1].Observed + observed, cells[^1].Expected + expected + (n * Math.Max(0, 1 - covered)));
        double statistic = cells.Sum(c => (c.Observed - c.Expected) * (c.Observed - c.Expected) / c.Expected);
        return UpperTail(statistic, cells.Count - 1);
    }

    private static double UpperTail(double statistic, double degrees)
    {
        double variance = 2 / (9 * degrees);
        double z = (Math.Cbrt(statistic / degrees) - (1 - variance)) / Math.Sqrt(variance);
        return z < 0 ? 1 : DpSpark.Core.Numerics.Normal.UpperTail(z);
    }
}
