using System.Globalization;
using System.Text;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.House;

/// <summary>The pictures of the README are those of a run with a fixed test key. DPSPARK_REGENERATE=1 draws them again.</summary>
public sealed class PictureTests : IDisposable
{
    private static readonly string s_sample = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant");

    private readonly TempFolder _folder = new();

    public PictureTests()
    {
        _folder.Write("job.yml", File.ReadAllText(Path.Combine(s_sample, "job.yml")).Replace("format: parquet", "format: csv", StringComparison.Ordinal));
        _folder.Write(Path.Combine("data", "visits.csv"), File.ReadAllText(Path.Combine(s_sample, "data", "visits.csv")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Readme_TableOfTheRelease_IsTheOneThatARunShows()
    {
        var shown = Run().Out.Split('\n').SkipWhile(l => !l.StartsWith("  weekday", StringComparison.Ordinal)).TakeWhile(l => l.Length > 0).Select(l => l.Trim()).ToArray();

        var picture = MarkdownFile.Read("README.md").Blocks.First(b => b.Language == "text").Lines;

        Assert.Equal(8, shown.Length);
        Assert.Equal(shown.Length, picture.Count);
        Assert.All(picture.Zip(shown), p => Assert.StartsWith(p.First.Trim().TrimEnd('…').TrimEnd(), p.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void Chart_OfTheRelease_IsTheOneInTheDocs()
    {
        Run();
        var lines = File.ReadAllLines(_folder["out", "test-part-00000.csv"]).Select(l => l.Split(',')).ToArray();
        var at = Array.IndexOf(lines[0], "visitors");
        var rows = lines.Skip(1).Select(l => l.Skip(at).Where((_, i) => i is 0 or 2 or 3).Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray()).ToArray();

        var chart = Draw(rows);

        var path = Path.Combine(SharedFiles.RepositoryRoot, "docs", "restaurant.svg");
        if (Environment.GetEnvironmentVariable("DPSPARK_REGENERATE") == "1")
        {
            File.WriteAllText(path, chart);
        }

        Assert.Equal(File.ReadAllText(path), chart);
    }

    private CommandLineRun Run()
    {
        var run = CommandLineRun.In(_folder.Path, "run", "--test-mode", "seeded", "--test-key", new string('0', 64), "--threads", "1");
        Assert.Equal(0, run.Code);
        return run;
    }

    /// <summary>Bars of visitors by weekday, each with the whisker of its interval.</summary>
    private static string Draw(double[][] rows)
    {
        const int Left = 56, Step = 72, Bar = 44, Bottom = 240, Height = 190;
        var days = CultureInfo.InvariantCulture.DateTimeFormat.AbbreviatedDayNames;
        var most = Math.Ceiling(rows.Max(r => r[2]) / 100) * 100;
        int Y(double value) => Bottom - (int)Math.Round(value / most * Height);
        var svg = new StringBuilder();
        void Add(FormattableString line) => svg.Append(FormattableString.Invariant(line)).Append('\n');
        var width = Left + (rows.Length * Step) + 16;
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 290\" width=\"{width}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"Visitors by weekday\">");
        Add($"<rect width=\"{width}\" height=\"290\" rx=\"8\" fill=\"#ffffff\"/>");
        Add($"<text x=\"16\" y=\"24\" font-size=\"14\" fill=\"#1f2933\">Visitors by weekday, with 95 % intervals (epsilon 1)</text>");
        for (var tick = 0; tick <= most; tick += 200)
        {
            Add($"<line x1=\"{Left}\" x2=\"{width - 16}\" y1=\"{Y(tick)}\" y2=\"{Y(tick)}\" stroke=\"#d9dee4\"/>");
            Add($"<text x=\"{Left - 8}\" y=\"{Y(tick) + 4}\" text-anchor=\"end\" fill=\"#52606d\">{tick}</text>");
        }

        for (var i = 0; i < rows.Length; i++)
        {
            var (x, middle) = (Left + (i * Step) + ((Step - Bar) / 2), Left + (i * Step) + (Step / 2));
            Add($"<rect x=\"{x}\" y=\"{Y(rows[i][0])}\" width=\"{Bar}\" height=\"{Bottom - Y(rows[i][0])}\" fill=\"#5b8def\"/>");
            Add($"<path d=\"M{middle} {Y(rows[i][1])}V{Y(rows[i][2])}M{middle - 8} {Y(rows[i][1])}h16M{middle - 8} {Y(rows[i][2])}h16\" stroke=\"#1f2933\" stroke-width=\"2\" fill=\"none\"/>");
            Add($"<text x=\"{middle}\" y=\"{Bottom + 18}\" text-anchor=\"middle\" fill=\"#1f2933\">{days[(i + 1) % 7]}</text>");
            Add($"<text x=\"{middle}\" y=\"{Bottom + 36}\" text-anchor=\"middle\" fill=\"#52606d\">{rows[i][0]}</text>");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
