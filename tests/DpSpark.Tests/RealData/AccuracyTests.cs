using System.Globalization;
using DpSpark.Benchmarks.Accuracy;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;
using DpSpark.Testing;

namespace DpSpark.Tests.RealData;

/// <summary>A small twin of the measurement that docs/accuracy.md records: the plan predicts what is recorded there, releases err as predicted, and both keep below naive splitting and the other system.</summary>
public sealed class AccuracyTests
{
    private const int Releases = 100;

    /// <summary>Standard errors that a measured error may be from its prediction: 700 numbers, several of which may share their noise, know it to some 3 %. A false alarm has a chance of 10^-4 for each of 40 checks; the keys are fixed, so that it is found once.</summary>
    private const double Deviations = 4;

    /// <summary>What a prediction may be from the recorded one: integrals are the same, simulated ones differ by their own error.</summary>
    private const double Repeated = 0.03;

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
            Assert.True(errors.Values.Rmse <= (1 + (Deviations * errors.Values.RatioError)) * rmse, Text($"{column}: the error is {errors.Values.Rmse:G4}, recorded is {rmse:G4}"));
            Assert.InRange(errors.Values.Predicted, (1 - Repeated) * predicted, (1 + Repeated) * predicted);
            Assert.True(Agrees(errors.Values, 1), Text($"{column}: the error is {errors.Values.Rmse:G4}, predicted is {errors.Values.Predicted:G4}"));
            Assert.True(errors.Ranks is null || Agrees(errors.Ranks, 1), Text($"{column}: the error is {errors.Ranks?.Rmse:G4} ranks, predicted is {errors.Ranks?.Predicted:G4}"));

            // Plans that promise a quarter less or a third more noise than is drawn are found out.
            foreach (var wrong in new[] { 0.75, 1.33 })
            {
                Assert.False(Agrees(errors.Values, wrong), Text($"{column}: {wrong} times the prediction {errors.Values.Predicted:G4} is not told from {errors.Values.Rmse:G4}"));
                Assert.True(errors.Ranks is null || !Agrees(errors.Ranks, wrong), Text($"{column}: {wrong} times the prediction in ranks is not noticed"));
            }

            // Without chance: the prediction.
            var error = errors.Values.Predicted;
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

    private static bool Agrees(PairedSquares squares, double factor) => Math.Abs(squares.Ratio - factor) <= Deviations * squares.RatioError;

    /// <summary>Rows of the tables of docs/accuracy.md: job, column, numbers, RMSE, predicted, and more.</summary>
    private static Dictionary<string, (double Rmse, double Predicted)> Recorded(string name)
    {
        var rows = File.ReadLines(Path.Combine(SharedFiles.RepositoryRoot, "docs", "accuracy.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 9 && cells[1] == name);
        return rows.ToDictionary(cells => cells[2], cells => (Number(cells[4]), Number(cells[5])), StringComparer.Ordinal);
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
