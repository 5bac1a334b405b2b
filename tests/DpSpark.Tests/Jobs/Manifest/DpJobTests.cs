using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Manifest;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Jobs.Manifest;

public sealed class DpJobTests
{
    private static DpJob Restaurant() => House.Snippets.Build();

    [Fact]
    public void ToManifest_Restaurant_IsTheJobOfTheManifest()
    {
        var byCode = Restaurant().ToManifest().ToCanonicalText();

        Assert.Equal(ManifestReader.ReadText(SampleJobs.Restaurant).EnsureJob().ToCanonicalText(), byCode);
    }

    [Fact]
    public void Plan_Restaurant_SpendsWhatItAsksFor()
    {
        var plan = Restaurant().Plan();

        Assert.True(plan.Release.Epsilon <= plan.Job.Request.Epsilon);
        Assert.Contains("restaurant-visits", plan.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToManifest_FaultyJob_NamesKeysWithoutFile()
    {
        var job = Restaurant().Privacy(Budget.Pure(-1)).PartitionBy("wekday");

        var fault = Assert.Throws<ManifestException>(job.ToManifest);

        Assert.Equal(["DPS2015", "DPS2013"], fault.Diagnostics.Select(d => d.Code));
        Assert.All(fault.Diagnostics, d => Assert.StartsWith("error DPS", d.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void ToYaml_GoodManifests_ReadBackAsTheSameJob()
    {
        foreach (var text in GoodJobs.All.Append(SampleJobs.Restaurant))
        {
            var job = ManifestReader.ReadText(text, GoodJobs.Options).EnsureJob();

            Assert.Equal(job.ToCanonicalText(), ManifestReader.ReadText(job.ToYaml(), GoodJobs.Options).EnsureJob().ToCanonicalText());
        }
    }

    [Fact]
    public void ToYaml_AnyJob_ReadsBackAsTheSameJob()
    {
        Prop.ForAll(Arb.From(Jobs()), job =>
        {
            var yaml = job.ToYaml();
            var read = ManifestReader.ReadText(yaml);
            return (read.Job is not null && read.Job.ToCanonicalText() == job.ToManifest().ToCanonicalText() && read.Job.ToYaml() == yaml).Label(yaml + string.Join('\n', read.Diagnostics));
        }).Check(Config.QuickThrowOnFailure.WithReplay(20261120, 7).WithMaxTest(300));
    }

    [Fact]
    public void ReadText_AnyText_NeverThrows()
    {
        var lines = SampleJobs.Restaurant.Split('\n').Concat(GoodJobs.All[0].Split('\n')).ToArray();
        string[] pieces = ["\t", "- ", ": ", "{", "}", "[", "]", "\"", "'", "${", "${x}", "&a", "*a", "!!x", "|", ">", "%", "@", "`", "#", "\u0001", "\uD800", "é", "~", "null", "1e999", "decimal(9,2)", "---\n", "? ", "<<: ", "\r", "\\"];
        var line = Gen.Elements(lines);
        var broken = from text in line from at in Gen.Choose(0, text.Length) from piece in Gen.Elements(pieces) select text.Insert(Math.Min(at, text.Length), piece);
        var texts = Gen.ListOf(Gen.OneOf(line, line, line, broken, Gen.Elements(pieces))).Select(l => string.Join('\n', l));
        var mutated = from at in Gen.Choose(0, SampleJobs.Restaurant.Length - 8) from cut in Gen.Choose(0, 7) from piece in Gen.Elements(pieces) select SampleJobs.Restaurant.Remove(at, cut).Insert(at, piece);
        Prop.ForAll(Arb.From(Gen.OneOf(texts, mutated, mutated)), text =>
        {
            var result = ManifestReader.ReadText(text, GoodJobs.Options, "job.yml");
            return (result.Job is not null || result.Diagnostics.Count > 0).Label(text);
        }).Check(Config.QuickThrowOnFailure.WithReplay(20261120, 9).WithMaxTest(3000));
    }

    private static Gen<DpJob> Jobs()
    {
        var texts = Gen.Elements("a", "weekday", "true", "null", "1.0", "x y", "Ünï", "a: b", "#c", "quote\"d", "back\\slash", "tab\tin", "$", "2026-01-01", "~", "-", "${x}", "line\nbreak", "'", "[", "*");
        var names = Gen.Elements("a", "true", "null", "1.0", "x y", "Ünï", "a: b", "#c", "quote\"d", "back\\slash", "2026-01-01", "~", "-", "'", "[", "*").Select(n => "c" + n);
        var numbers = Gen.OneOf(Gen.Choose(1, 1000).Select(i => (DpNumber)i), Gen.Elements<DpNumber>("0.5", 1e-3, 2.50m, "7e2"));
        return from id in names
               from key in names.Select(n => "k" + n)
               from value in names.Select(n => "v" + n)
               from keys in Gen.NonEmptyListOf(texts)
               from weight in numbers
               from max in numbers
               from epsilon in Gen.Elements<DpNumber>("1", 0.25, "1e-3", 3)
               from gaussian in Gen.Elements(true, false)
               from isSelected in Gen.Elements(true, false)
               from row in Gen.Elements(true, false)
               from file in texts
               from more in Gen.ListOf(Gen.Elements(s_more))
               select More(Make(id, key, value, [.. keys.Distinct()], weight, max, epsilon, gaussian, isSelected, row, file.Replace("${", "", StringComparison.Ordinal)), more, value, max, isSelected);
    }

    /// <summary>Aggregates of one column, each with a name of its own.</summary>
    private static readonly Action<AggregateBuilder, string, DpNumber, string>[] s_more =
    [
        (a, column, max, name) => a.PrivacyIdCount(name, epsilon: "1e-10"),
        (a, column, max, name) => a.Sum(column, "-1", max, name),
        (a, column, max, name) => a.Sum(column, BudgetPart.Percent("0.001"), name),
        (a, column, max, name) => a.SumPerPartition(column, BudgetPart.Epsilon("1e-10"), name, weight: max),
        (a, column, max, name) => a.Mean(column, BudgetPart.Percent("0.01"), name),
        (a, column, max, name) => a.Variance(column, 0, max, name),
        (a, column, max, name) => a.Stddev(column, BudgetPart.Percent("0.001"), name, weight: 3),
        (a, column, max, name) => a.Quantile(column, [0.1, "0.50", max.ToString() == "1" ? 1 : 0.999], 0, max, name),
        (a, column, max, name) => a.Min(column, 0, max, name),
        (a, column, max, name) => a.Max(column, BudgetPart.Percent("0.001"), name),
        (a, column, max, name) => a.CountDistinct(column, 3, name),
        (a, column, max, name) => a.Histogram(column, ["-1", 0, max], name),
        (a, column, max, name) => a.Histogram(column, max, 0, max, name, weight: 2),
        (a, column, max, name) => a.VectorSum([column], VectorNorm.LInf, max, name),
    ];

    private static DpJob More(DpJob job, IReadOnlyList<Action<AggregateBuilder, string, DpNumber, string>> more, string value, DpNumber max, bool isSelected)
    {
        for (var i = 0; i < more.Count; i++)
        {
            var at = i;
            job.Aggregate(a => more[at](a, value, max, $"more {at}"));
        }

        return isSelected || more.Count % 2 == 0 ? job : job.TopK(1 + more.Count, "n", BudgetPart.Percent(2));
    }

    private static DpJob Make(string id, string key, string value, IReadOnlyList<string> keys, DpNumber weight, DpNumber max, DpNumber epsilon, bool gaussian, bool isSelected, bool row, string file)
    {
        var job = DpJob.Create("job " + id)
            .Description(file)
            .Source(s => s.Csv("in/" + file, delimiter: row ? ',' : ';').Column<string>(id).Column<string>(key, from: "from " + key).Column<double>(value, nulls: NullPolicy.Replace(weight), nan: NaNPolicy.Error, infinity: InfinityPolicy.Drop).Column<DateTime>("at"))
            .PrivacyUnit(u => _ = row ? u.Row() : u.Id(id).MaxPartitionsContributed(3).MaxContributionsPerPartition(2).NullIdIsOneUnit())
            .PartitionBy(key, PartitionColumn.Truncate("at", CalendarUnit.Day), PartitionColumn.Bin(value, [0, max], "bin"))
            .Aggregate(a => a.Count("n", weight: weight).Mean(value, 0, max, "m", weight: 2))
            .Aggregate(a => a.SumPerPartition(value, "-1", max, "s"))
            .Privacy(Budget.Approximate(epsilon, "1e-8"), gaussian ? Noise.Gaussian : Noise.Auto)
            .Output(o => o.Csv("out/" + file).ConfidenceInterval(0.9))
            .Ledger("l.db", id, purpose: file, expires: "6h");
        return isSelected
            ? job.PartitionSelection(SelectionStrategy.LaplaceThreshold, 5, weight: weight)
            : job.Keyset(KeySet.Cross(KeySet.Values(key, [.. keys]), KeySet.Dates("at", new DateOnly(2026, 1, 30), new DateOnly(2026, 2, 2)), KeySet.Range("bin", 0, 0)), file + " source");
    }
}
