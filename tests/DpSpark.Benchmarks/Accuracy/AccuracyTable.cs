using System.Globalization;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>The table of one job, in Markdown, as docs/accuracy.md holds it.</summary>
internal static class AccuracyTable
{
    /// <summary>
    /// Mean errors of 40 releases of another system on the restaurant week: seven public days, one visit a day, up to seven days, money clamped to 0 to 60, epsilon 1, delta 1e-6, its better noise.
    /// </summary>
    internal static IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Peer { get; } = new Dictionary<string, IReadOnlyDictionary<string, double>>(StringComparer.Ordinal)
    {
        ["restaurant-count"] = new Dictionary<string, double> { ["visits"] = 8.8 },
        ["restaurant-four"] = new Dictionary<string, double> { ["visits"] = 33.0, ["visitors"] = 28.8, ["euros"] = 1312, ["mean_euros"] = 2.19 },
        ["restaurant-variance"] = new Dictionary<string, double> { ["visits"] = 32.3, ["euros"] = 1352, ["mean_euros"] = 2.35 },
        ["restaurant-quantiles"] = new Dictionary<string, double> { ["quarter_p25"] = 3.0, ["quarter_p50"] = 2.9, ["quarter_p75"] = 3.3 },
        ["restaurant-seven"] = new Dictionary<string, double>
        {
            ["visits"] = 41.5,
            ["visitors"] = 41.6,
            ["euros"] = 1620,
            ["mean_euros"] = 3.06,
            ["quarter_p25"] = 8.0,
            ["quarter_p50"] = 5.8,
            ["quarter_p75"] = 7.1,
        },
    };

    internal static void Write(IReadOnlyDictionary<string, ColumnErrors> columns, string job, TextWriter output)
    {
        Peer.TryGetValue(job, out var peer);
        output.WriteLine("| job | column | numbers | RMSE | predicted | error / predicted | naive | RMSE / naive | other system | RMSE / other | stated | RMSE / stated | coverage of 95 % | width / shortest |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, errors) in columns)
        {
            double? other = peer is not null && peer.TryGetValue(name, out var figure) ? figure : null;
            var rmse = errors.Values.Rmse;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {job} | {name} | {errors.Count} | {Short(rmse)} | {Short(errors.Values.Predicted)} | {Ratio(errors.Values)} | {Pair(rmse, errors.Naive)} | {Pair(rmse, other)} | {Pair(rmse, errors.Stated)} | {100 * errors.Coverage:0.0} % | {errors.RelativeWidth:0.00} |"));
        }

        output.WriteLine();
        if (columns.Values.All(c => c.Ranks is null))
        {
            return;
        }

        output.WriteLine("| job | column | RMSE in ranks | predicted | error / predicted |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (var (name, errors) in columns)
        {
            if (errors.Ranks is { } ranks)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {job} | {name} | {Short(ranks.Rmse)} | {Short(ranks.Predicted)} | {Ratio(ranks)} |"));
            }
        }

        output.WriteLine();
    }

    private static string Ratio(PairedSquares squares) => string.Create(CultureInfo.InvariantCulture, $"{squares.Ratio:0.000} ± {squares.RatioError:0.000}");

    private static string Pair(double rmse, double? other) => other is { } value ? string.Create(CultureInfo.InvariantCulture, $"{Short(value)} | {rmse / value:0.00}") : "– | –";

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
