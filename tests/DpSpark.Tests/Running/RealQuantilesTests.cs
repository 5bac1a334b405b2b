using System.Globalization;
using DpSpark.Testing;

namespace DpSpark.Tests.Running;

/// <summary>Quantiles and distinct values of a real dataset through the whole program, at an epsilon that leaves the truth as it is.</summary>
public sealed class RealQuantilesTests
{
    [SkippableFact]
    public void Run_QuantilesAndDistinctValues_GivesTheTruth()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var folder = new TempFolder();
        File.Copy(Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Tests", "Running", "RealData", "restaurant-spread.yml"), folder["job.yml"]);

        var run = CommandLineRun.In(folder.Path, "run", "--var", "data=" + SharedFiles.PathOf("data"), "--format", "json");

        Assert.True(run.Code == 0, run.Out + run.Error);
        var rows = File.ReadLines(SharedFiles.PathOf("data/restaurant/week_data.csv")).Skip(1).Select(l => l.Split(',')).GroupBy(l => l[4]).ToDictionary(g => g.Key, g => g.ToArray());
        var lines = File.ReadLines(folder["out", "part-00000.csv"]).Select(l => l.Split(',')).ToArray();
        Assert.Equal(["day", "euros_p25", "euros_p50", "euros_p75", "shortest", "longest", "times", "prices"], lines[0]);
        Assert.Equal(7, lines.Length - 1);
        foreach (var line in lines.Skip(1))
        {
            var day = rows[line[0]];
            var euros = day.Select(l => Math.Clamp(int.Parse(l[3], CultureInfo.InvariantCulture), 0, 60)).Order().ToArray();
            var minutes = day.Select(l => int.Parse(l[2], CultureInfo.InvariantCulture)).Order().ToArray();
            double[] found = [.. line.Skip(1).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
            AssertRank(euros, 0.25, found[0]);
            AssertRank(euros, 0.5, found[1]);
            AssertRank(euros, 0.75, found[2]);

            // The smallest and largest values leave out half a percent, and a leaf is a minute here.
            Assert.InRange(found[3], minutes[0], minutes[minutes.Length / 100] + 1);
            Assert.InRange(found[4], minutes[^(1 + (minutes.Length / 100))] - 1, minutes[^1] + 1);
            Assert.Equal(day.Select(l => l[1]).Distinct().Count(), found[5]);
            Assert.Equal(day.Select(l => l[3]).Distinct().Count(), found[6]);
        }
    }

    private static void AssertRank(int[] sorted, double rank, double found)
    {
        var at = rank * sorted.Length;
        Assert.InRange(found, sorted[(int)Math.Ceiling(at) - 1], sorted[(int)Math.Floor(at)]);
    }
}
