using System.Globalization;
using System.Text.Json;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.RealData;

/// <summary>Every dataset beside the repository, released by its manifest through the command line: as anybody would, and with nothing in the way of the truth.</summary>
public sealed class RealDataTests : IDisposable
{
    /// <summary>Standard deviations that noise never exceeds here: less than 1e-40 a draw for Gaussian, 1e-30 for Laplace noise.</summary>
    private const int Deviations = 50;

    private readonly TempFolder _work = new();

    public void Dispose() => _work.Dispose();

    public static TheoryData<string> Manifests() => [.. RealCase.All.Keys];

    [Fact]
    public void Manifests_InTheFolder_AreAllTried() =>
        Assert.Equal(RealCase.All.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(ManifestFolder, "*.yml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal));

    [SkippableTheory]
    [MemberData(nameof(Manifests))]
    public void Run_RealRows_AreReleasedAndReplayed(string manifest)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);

        var first = Run(manifest);
        var second = Run(manifest);

        Assert.True(first.Code == 0, first.Error);
        Assert.Equal("released", first.Json.GetProperty("outcome").GetString());
        Assert.Equal(Released().Rows.Count, first.Json.GetProperty("rows").GetInt32());
        Assert.Equal("replayed", second.Json.GetProperty("outcome").GetString());
    }

    [SkippableTheory]
    [MemberData(nameof(Manifests))]
    public void Run_HugeEpsilonAndLooseBounds_EqualsTheTruth(string manifest)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var real = RealCase.All[manifest];

        var run = Run(manifest, [.. real.Loose, "epsilon=1e9"]);

        Assert.True(run.Code == 0, run.Error);
        var truth = Groups(real);
        var released = Released();
        var keyWidth = released.Columns[real.Released[0].Name];
        var byKey = released.Rows.ToDictionary(r => string.Join('\u001f', r.Fields[..keyWidth]), StringComparer.Ordinal);
        if (real.Keyset is { } keyset)
        {
            Assert.Equal(keyset().Select(k => string.Join('\u001f', k)).Order(StringComparer.Ordinal), byKey.Keys.Order(StringComparer.Ordinal));
        }
        else
        {
            Assert.NotEmpty(byKey);
            Assert.Empty(byKey.Keys.Except(truth.Keys));
            Assert.All(truth.Keys.Except(byKey.Keys), k => Assert.InRange(UnitsIn(real, truth[k]), 1, real.MayMiss));
        }

        using var record = JsonDocument.Parse(File.ReadAllBytes(_work["out", "_release.json"]));
        foreach (var (key, row) in byKey)
        {
            var rows = truth.GetValueOrDefault(key, []);
            foreach (var column in real.Released)
            {
                Compare(real, column, rows, row, record.RootElement);
            }
        }
    }

    private static string ManifestFolder => Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Tests", "RealData", "Manifests");

    private CommandLineRun Run(string manifest, params string[] vars) => CommandLineRun.In(ManifestFolder,
        ["run", manifest + ".yml", "--format", "json", .. vars.Append("data=" + SharedFiles.PathOf("data")).Append("work=" + _work.Path).SelectMany(v => new[] { "--var", v })]);

    private TextTable Released() => TextTable.Read(Assert.Single(Directory.GetFiles(_work["out"], "part-*")));

    private static Dictionary<string, List<TextRow>> Groups(RealCase real)
    {
        var groups = new Dictionary<string, List<TextRow>>(StringComparer.Ordinal);
        foreach (var file in real.Files)
        {
            foreach (var row in TextTable.Read(SharedFiles.PathOf("data", file), real.Names).Rows.Where(real.Keep))
            {
                var key = string.Join('\u001f', real.Key(row));
                if (!groups.TryGetValue(key, out var rows))
                {
                    groups.Add(key, rows = []);
                }

                rows.Add(row);
            }
        }

        return groups;
    }

    private static int UnitsIn(RealCase real, List<TextRow> rows) => real.Unit is { } unit ? rows.Select(unit).Distinct(StringComparer.Ordinal).Count() : rows.Count;

    private static void Compare(RealCase real, Released column, List<TextRow> rows, TextRow released, JsonElement record)
    {
        var value = released.Number(column.Name);
        switch (column.Kind)
        {
            case ValueKind.Count:
                Assert.Equal(rows.Count, value);
                break;
            case ValueKind.Units:
                Assert.Equal(UnitsIn(real, rows), value);
                break;
            case ValueKind.Sum:
                Near(rows.Sum(column.Value!), value, Tolerance(record, column, rows.Count), released, column);
                break;
            case ValueKind.Quantile:
                var sorted = rows.Select(column.Value!).Order().ToArray();
                var at = column.Rank * sorted.Length;
                Assert.InRange(value, sorted[(int)Math.Ceiling(at) - 1], sorted[(int)Math.Floor(at)]);
                break;
            case ValueKind.Least or ValueKind.Most:
                // The smallest and largest values leave out half a percent, and a leaf is a unit here.
                var ends = rows.Select(column.Value!).Order().ToArray();
                var skipped = ends.Length / 100;
                Assert.InRange(value, column.Kind == ValueKind.Least ? ends[0] : ends[^(1 + skipped)] - 1, column.Kind == ValueKind.Least ? ends[skipped] + 1 : ends[^1] + 1);
                break;
            case ValueKind.Distinct:
                Assert.Equal(rows.Select(column.Text!).Distinct(StringComparer.Ordinal).Count(), value);
                break;
            case ValueKind.Mean when rows.Count > 0:
                Near(rows.Average(column.Value!), value, Tolerance(record, column, rows.Count) / rows.Count, released, column);
                break;
        }
    }

    private static void Near(decimal truth, decimal value, double tolerance, TextRow released, Released column) =>
        Assert.True(Math.Abs(truth - value) <= (decimal)tolerance + ((Math.Abs(truth) + column.Range) * 1e-15m),
            $"{column.Name} of {string.Join(',', released.Fields)}: {value} is not {truth} within {tolerance}");

    /// <summary>How far a sum (of a mean, its parts) may lie from the truth, by the record of the release: half a unit of the value grid for each row, a unit of the noise grid, and what noise is left.</summary>
    private static double Tolerance(JsonElement record, Released column, int rows)
    {
        var tolerance = 0.0;
        foreach (var draw in record.GetProperty("draws").EnumerateArray().Where(d => d.GetProperty("node").GetString() == column.Name))
        {
            var scale = draw.GetProperty("part").GetString() == "count" ? (double)column.Range : 1;
            tolerance += scale * Deviations * Deviation(draw);
            tolerance += draw.GetProperty("shift").GetInt32() > 0 ? scale * Unit(draw.GetProperty("grid")) : 0;
            foreach (var term in draw.GetProperty("terms").EnumerateArray())
            {
                if (term.TryGetProperty("unit", out var unit) && unit.GetProperty("binary_exponent").GetInt32() < 0)
                {
                    tolerance += rows * Unit(unit) / 2;
                }
            }
        }

        return tolerance;
    }

    /// <summary>Standard deviation of a draw in real units, 0 where the noise is 0 up to a chance of 1e-100.</summary>
    private static double Deviation(JsonElement draw)
    {
        var noise = draw.GetProperty("noise");
        var parameter = double.Parse(noise.GetProperty("numerator").GetString()!, CultureInfo.InvariantCulture) / double.Parse(noise.GetProperty("denominator").GetString()!, CultureInfo.InvariantCulture);
        var isScale = noise.GetProperty("parameter").GetString() == "scale";
        return isScale && parameter < 1.0 / 250 ? 0 : Unit(draw.GetProperty("grid")) * (isScale ? Math.Sqrt(2) * parameter : Math.Sqrt(parameter));
    }

    private static double Unit(JsonElement grid) => Math.ScaleB(1, grid.GetProperty("binary_exponent").GetInt32()) * Math.Pow(10, -grid.GetProperty("decimal_scale").GetInt32());
}
