using System.Globalization;
using DpSpark.Benchmarks.Accuracy;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;
using DpSpark.Testing;

namespace DpSpark.Tests.RealData;

/// <summary>A small twin of the measurement that docs/accuracy.md records: the plan predicts what is recorded there, releases err as predicted, and both keep below naive splitting and the other system.</summary>
public sealed class AccuracyTests
{
    private const int Releases = 40;

    /// <summary>280 numbers, several of which may share their noise: four standard errors of their root mean square.</summary>
    private const double Margin = 0.17;

    private static string Folder { get; } = Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Benchmarks", "Accuracy");

    [SkippableTheory]
    [InlineData("restaurant-count", null)]
    [InlineData("restaurant-four", 0.75)]
    [InlineData("restaurant-variance-laplace", 0.75)]
    [InlineData("restaurant-ten-gaussian", 0.6)]
    [InlineData("restaurant-quantiles", null)]
    [InlineData("restaurant-seven", 0.75)]
    public void Release_Restaurant_IsAsAccurateAsRecorded(string name, double? mostOfNaive)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var vars = new Dictionary<string, string>(StringComparer.Ordinal) { ["data"] = SharedFiles.PathOf("data") };
        var job = ManifestReader.Read(Path.Combine(Folder, name + ".yml"), new ManifestOptions { Vars = vars, KeysetFiles = new KeysetFileReader() }).EnsureJob();
        var recorded = Recorded(name);
        var peer = AccuracyTable.Peer.GetValueOrDefault(name);

        var (_, columns) = AccuracyRun.Measure(job, Releases);

        Assert.Equal(recorded.Keys.Order(StringComparer.Ordinal), columns.Keys.Order(StringComparer.Ordinal));
        foreach (var (column, errors) in columns)
        {
            var (rmse, predicted) = recorded[column];
            Assert.True(errors.Rmse <= (1 + Margin) * rmse, Text($"{column}: the error is {errors.Rmse:G4}, recorded is {rmse:G4}"));
            if (predicted is { } sd)
            {
                Assert.InRange(errors.Formula!.Value, 0.98 * sd, 1.02 * sd);
                Assert.InRange(errors.ForeseenRmse!.Value, (1 - Margin) * sd, (1 + Margin) * sd);
            }

            // Without chance where the plan predicts, else with the chance of 40 releases.
            var error = errors.Formula ?? errors.Rmse;
            if (mostOfNaive is { } most)
            {
                Assert.True(errors.Naive is null || error <= most * errors.Naive, Text($"{column}: {error:G4} is more than {most} of {errors.Naive:G4}"));
            }

            if (peer is not null && peer.TryGetValue(column, out var other))
            {
                var limit = columns.Count == 1 ? 1.15 : column.StartsWith("quarter", StringComparison.Ordinal) ? 0.75 : column.StartsWith("mean", StringComparison.Ordinal) ? 0.68 : 0.55;
                Assert.True(error <= limit * other, Text($"{column}: {error:G4} is more than {limit} of {other:G4}"));
            }
        }
    }

    /// <summary>Rows of the tables of docs/accuracy.md: job, column, RMSE, predicted, and more.</summary>
    private static Dictionary<string, (double Rmse, double? Predicted)> Recorded(string name)
    {
        var rows = File.ReadLines(Path.Combine(SharedFiles.RepositoryRoot, "docs", "accuracy.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 8 && cells[1] == name);
        return rows.ToDictionary(
            cells => cells[2],
            cells => (Number(cells[3]), double.TryParse(cells[4], NumberStyles.Float, CultureInfo.InvariantCulture, out var sd) ? sd : (double?)null),
            StringComparer.Ordinal);
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
