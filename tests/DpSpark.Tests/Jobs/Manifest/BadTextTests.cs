using System.Text;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>Texts and files that are no manifest at all, or are made to harm.</summary>
public sealed class BadTextTests
{
    public static TheoryData<string, string, string> Texts => new()
    {
        { "empty", "", "DPS2010" },
        { "blank", "  \n\n# only a comment\n", "DPS2010" },
        { "a list", "- 1\n- 2\n", "DPS2010" },
        { "a word", "hello", "DPS2010" },
        { "null", "~", "DPS2010" },
        { "an open bracket", "version: 1\nsource: { csv: [a\n", "DPS2004" },
        { "an open quote", "version: 1\nname: \"abc\n", "DPS2004" },
        { "a wrong indentation", "version: 1\nsource:\n    csv: a\n  columns: {}\n", "DPS2004" },
        { "two colons", "name: a: b\n", "DPS2004" },
        { "a control character", "version: 1\nname: a\u0001b\n", "DPS2003" },
        { "a NUL", "PAR1\0\0\0\u0015", "DPS2003" },
        { "nested lists", new string('[', 50_000), "DPS2007" },
        { "nested maps", string.Concat(Enumerable.Repeat("{a: ", 50_000)), "DPS2007" },
        { "nested blocks", string.Concat(Enumerable.Range(0, 300).Select(i => new string(' ', i) + "a:\n")), "DPS2007" },
        { "an alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "DPS2006" },
        { "an alias of nothing", "a: *nothing\n", "DPS2006" },
        { "a list as key", "? [a, b]\n: 1\n", "DPS2010" },
        { "many faults", string.Concat(Enumerable.Range(0, 5000).Select(i => $"zzz{i}: 1\n")), "DPS2002" },
        { "too long", "name: \"" + new string('x', 5 << 20) + "\"", "DPS2007" },
        { "a variable that grows", "vars:\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"  v{i}: \"${{v{i - 1}}}${{v{i - 1}}}\"\n")).Replace("${v0}", "xxxxxxxx", StringComparison.Ordinal), "DPS2007" },
        { "a long key", new string('k', 3000) + ": 1", "DPS2004" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void ReadText_NoManifest_IsRefused(string name, string text, string code)
    {
        var result = ManifestReader.ReadText(text, file: "job.yml");

        Assert.Null(result.Job);
        Assert.NotEmpty(name);
        Assert.Contains(result.Diagnostics, d => d.Code == code);
        Assert.InRange(result.Diagnostics.Count, 1, 201);
        Assert.All(result.Diagnostics, d => Assert.True(d.Line >= 1 && d.Column >= 1 && d.ToString().Length < 2000, d.ToString()));
    }

    [Fact]
    public void Read_FileThatIsNotThere_NamesIt()
    {
        var result = ManifestReader.Read(Path.Combine(Path.GetTempPath(), "no-such-folder", "job.yml"));

        var fault = Assert.Single(result.Diagnostics);
        Assert.Equal("DPS2001", fault.Code);
        Assert.Contains("no such file", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_BinaryFile_IsRefusedAsNotText()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [0x50, 0x41, 0x52, 0x31, 0xff, 0xfe, 0x00, 0xc3, 0x28]);

            Assert.Equal("DPS2003", Assert.Single(ManifestReader.Read(path).Diagnostics).Code);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_FolderOfTheFile_IsWhereRelativePathsStart()
    {
        var folder = Directory.CreateTempSubdirectory("dpspark-manifest-").FullName;
        try
        {
            var path = Path.Combine(folder, "job.yml");
            File.WriteAllText(path, SampleJobs.Restaurant.Replace("\n", "\r\n", StringComparison.Ordinal), Encoding.UTF8);

            var job = ManifestReader.Read(path).EnsureJob();

            Assert.Equal(path, job.File);
            Assert.Equal(Path.Combine(folder, "data", "visits.csv"), job.ResolvePath("data/visits.csv"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Read_SeveralFaults_AreAllReportedInOrder()
    {
        var text = SampleJobs.Restaurant.Replace("max_partitions_contributed", "max_partition_contributed").Replace("\"1.0\"", "-1").Replace("sum: spend_eur, min_value: 0, max_value: 60", "sum: spend_eur");

        var result = ManifestReader.ReadText(text, file: "job.yml");

        Assert.Equal(["DPS2002", "DPS2011", "DPS2013"], result.Diagnostics.Select(d => d.Code));
        Assert.Equal(
            """
            job.yml(26,5): error DPS2011: `sum: spend_eur` needs min_value and max_value.
              Why: without bounds one privacy unit could change the result without limit.
              Fix: add bounds from domain knowledge, e.g. max_value: 60,
                   or write `auto: { budget: 10% }`: a first pass finds them.
              Docs: docs/errors.md#dps2011
            """, result.Diagnostics[1].ToString());
        var thrown = Assert.Throws<ManifestException>(result.EnsureJob);
        Assert.Equal((2, 3), (thrown.ExitCode, thrown.Diagnostics.Count));
    }
}
