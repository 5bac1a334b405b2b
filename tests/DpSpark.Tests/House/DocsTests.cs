using System.Text.Json;
using System.Text.RegularExpressions;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;
using DpSpark.Testing;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.House;

/// <summary>Runs what the documents show: commands, manifests and code. Blocks of <c>text</c> are pictures.</summary>
public sealed partial class DocsTests
{
    private const string FromAClone = "dotnet run --project jobs/DpSpark.Cli -c Release -- ";

    private static readonly string[] s_languages = ["console", "csharp", "json", "text", "yaml"];

    private static readonly string[] s_either = ["keyset", "partition_selection"];

    /// <summary>What fragments of manifests are put into: each replaces the sections that it names.</summary>
    private const string BaseManifest = """
        source:
          csv: data/visits.csv
          columns: { visitor_id: string, weekday: int, spend_eur: "decimal(9,2)", age: int, at: timestamp, country: string }
        privacy_unit: { id: visitor_id, max_partitions_contributed: 4, max_contributions_per_partition: 1 }
        partition_by: [weekday]
        keyset: { range: { weekday: [1, 7] }, source: calendar }
        aggregates: [{ count: "*" }]
        privacy: { epsilon: "1.0", delta: "1e-8" }
        output: { path: out/ }
        ledger: { file: ledger.db, dataset: restaurant }
        """;

    public static TheoryData<string> Documents => [.. MarkdownFile.All.Select(d => d.Name)];

    public static TheoryData<string> DocumentsWith(string language) => [.. MarkdownFile.All.Where(d => d.Blocks.Any(b => b.Language == language)).Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Blocks_OfDocument_AreClosedAndHaveALanguage(string name)
    {
        var document = MarkdownFile.Read(name);

        Assert.True(document.IsClosed);
        Assert.All(document.Blocks, b => Assert.True(s_languages.Contains(b.Language), $"{name}, line {b.Line}: '{b.Language}'"));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_ToFilesAndAnchors_Resolve(string name)
    {
        foreach (var link in MarkdownFile.Read(name).Links.Where(l => !l.StartsWith("https://", StringComparison.Ordinal)))
        {
            var parts = link.Split('#');
            var target = parts[0].Length == 0 ? name : Path.Combine(Path.GetDirectoryName(name)!, parts[0]);
            var path = Path.Combine(SharedFiles.RepositoryRoot, target);
            Assert.True(File.Exists(path) || Directory.Exists(path), $"{name}: {link} leads nowhere");
            if (parts.Length > 1)
            {
                Assert.Contains(parts[1], MarkdownFile.Read(target).Anchors);
            }
        }
    }

    [Theory]
    [MemberData(nameof(DocumentsWith), "console")]
    public void Console_OfDocument_RunsAndShowsWhatIsShown(string name)
    {
        using var temp = new TempFolder();
        CopySamples(temp);
        var folder = temp.Path;
        foreach (var block in MarkdownFile.Read(name).Blocks.Where(b => b.Language == "console"))
        {
            var last = new CommandLineRun(0, "", "");
            var expected = 0;
            for (var i = 0; i < block.Lines.Count; i++)
            {
                var place = $"{name}, line {block.Line + 1 + i}";
                if (!block.Lines[i].StartsWith("$ ", StringComparison.Ordinal))
                {
                    Assert.True(Shows(last, block.Lines[i]), $"{place} is not what the command shows:\n{last.Out}{last.Error}");
                    continue;
                }

                var command = Comment().Replace(block.Lines[i][2..], "").Trim();
                if (command == "echo $?")
                {
                    last = new CommandLineRun(0, $"{last.Code}\n", "");
                    continue;
                }

                var next = block.Lines.Skip(i + 1).SkipWhile(l => !l.StartsWith("$ ", StringComparison.Ordinal)).FirstOrDefault();
                if (command.StartsWith("cd ", StringComparison.Ordinal))
                {
                    folder = Path.GetFullPath(Path.Combine(folder, command[3..]));
                    Assert.True(Directory.Exists(folder), $"{place}: there is no such folder");
                }
                else if (ArgumentsOf(command) is { } arguments)
                {
                    last = CommandLineRun.In(folder, arguments);
                    Assert.True(next == "$ echo $?" || last.Code == expected, $"{place} ends with {last.Code}:\n{last.Error}");
                }
                else
                {
                    Assert.True(Scripts.Any(s => s.Contains(command, StringComparison.Ordinal)), $"{place}: neither dpspark nor a command of .ci/run or .ci/long");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(DocumentsWith), "yaml")]
    public void Yaml_OfDocument_IsAManifestWithoutFault(string name)
    {
        foreach (var block in MarkdownFile.Read(name).Blocks.Where(b => b.Language == "yaml"))
        {
            var options = new ManifestOptions { RunDate = new DateOnly(2026, 11, 20), KeysetFiles = new KeysetFileReader(), Folder = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "taxi") };
            var result = ManifestReader.ReadText(block.Info == "yaml fragment" ? Merge(BaseManifest, block.Text) : block.Text, options);

            Assert.True(result.Job is not null, $"{name}, line {block.Line}:\n{string.Join('\n', result.Diagnostics)}");
        }
    }

    public static TheoryData<int> Aggregates => [.. MarkdownFile.Read("docs/aggregates.md").Blocks.Where(b => b.Language == "yaml").Select(b => b.Line)];

    [Theory]
    [MemberData(nameof(Aggregates))]
    public void Yaml_OfAggregates_RunsOnTheRestaurant(int line)
    {
        using var temp = new TempFolder();
        CopySamples(temp);
        var folder = Path.Combine(temp.Path, "jobs", "samples", "restaurant");
        var sample = Path.Combine(folder, "job.yml");
        File.WriteAllText(sample, Merge(File.ReadAllText(sample), MarkdownFile.Read("docs/aggregates.md").Blocks.Single(b => b.Line == line).Text + "\n"));

        var run = CommandLineRun.In(folder, "run", "--format", "json");

        Assert.True(run.Code == 0, run.Out + run.Error);
        Assert.Equal("released", run.Json.GetProperty("outcome").GetString());
        Assert.InRange(run.Json.GetProperty("rows").GetInt32(), 1, 7);
    }

    [Theory]
    [MemberData(nameof(DocumentsWith), "csharp")]
    public void CSharp_OfDocument_IsARegionOfTheCompiledSnippets(string name)
    {
        var regions = Regions(File.ReadAllLines(Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Tests", "House", "Snippets.cs"))).ToHashSet();

        foreach (var block in MarkdownFile.Read(name).Blocks.Where(b => b.Language == "csharp"))
        {
            Assert.True(regions.Contains(block.Text), $"{name}, line {block.Line}: no region of Snippets.cs is\n{block.Text}");
        }
    }

    [Fact]
    public void Json_OfAllDocuments_Parses()
    {
        foreach (var block in MarkdownFile.All.SelectMany(d => d.Blocks).Where(b => b.Language == "json"))
        {
            using var json = JsonDocument.Parse(block.Text);
        }
    }

    [Fact]
    public void Readme_Manifest_IsTheRestaurantSample()
    {
        var sample = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant", "job.yml")).TrimEnd();

        Assert.Contains(sample, MarkdownFile.Read("README.md").Blocks.Where(b => b.Language == "yaml").Select(b => b.Text));
    }

    [Fact]
    public void Readme_TwoCommands_AreRunByTheGate()
    {
        var commands = MarkdownFile.Read("README.md").Blocks.First(b => b.Language == "console").Lines.Where(l => l.StartsWith("$ dotnet", StringComparison.Ordinal)).ToArray();

        Assert.Equal([FromAClone + "run jobs/samples/restaurant/job.yml", "dotnet test"], commands.Select(c => Comment().Replace(c[2..], "").Trim()));
        Assert.All(commands, c => Assert.Contains(Comment().Replace(c[2..], "").Trim(), Scripts[0], StringComparison.Ordinal));
    }

    private static string[] Scripts => [.. new[] { "run", "long" }.Select(s => File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, ".ci", s)))];

    private static void CopySamples(TempFolder folder)
    {
        var samples = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples");
        foreach (var file in Directory.EnumerateFiles(samples, "*", SearchOption.AllDirectories))
        {
            var parts = Path.GetRelativePath(samples, file).Split(Path.DirectorySeparatorChar);
            if (parts[1] is "job.yml" or "data" or "README.md")
            {
                folder.Write(Path.Combine(["jobs", "samples", .. parts]), File.ReadAllBytes(file));
            }
        }
    }

    private static string[]? ArgumentsOf(string command)
    {
        var rest = command.StartsWith(FromAClone, StringComparison.Ordinal) ? command[FromAClone.Length..]
            : command.StartsWith("dpspark ", StringComparison.Ordinal) ? command["dpspark ".Length..] : null;
        return rest is null ? null : [.. Word().Matches(rest).Select(m => m.Value.Trim('"', '\''))];
    }

    /// <summary>Whether a line is shown; a … stands for anything.</summary>
    private static bool Shows(CommandLineRun run, string line)
    {
        var pattern = new Regex("^" + string.Join(".*", line.Trim().Split('…').Select(Regex.Escape)) + "$");
        return line.Trim().Length == 0 || (run.Out + run.Error).Split('\n').Any(l => pattern.IsMatch(l.Trim()));
    }

    private static string Merge(string manifest, string fragment)
    {
        var sections = Sections(manifest);
        var mine = Sections(fragment);
        if (s_either.Any(mine.ContainsKey))
        {
            sections = sections.Where(s => !s_either.Contains(s.Key)).ToDictionary();
        }

        foreach (var (key, text) in mine)
        {
            sections[key] = text;
        }

        return string.Concat(sections.Values);
    }

    private static Dictionary<string, string> Sections(string manifest)
    {
        var sections = new Dictionary<string, string>();
        var key = "";
        foreach (var line in manifest.Split('\n'))
        {
            key = line.Length > 0 && char.IsAsciiLetter(line[0]) ? line[..line.IndexOf(':', StringComparison.Ordinal)] : key;
            sections[key] = sections.GetValueOrDefault(key) + line + "\n";
        }

        return sections;
    }

    private static IEnumerable<string> Regions(IReadOnlyList<string> lines)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].TrimStart().StartsWith("#region", StringComparison.Ordinal))
            {
                var region = lines.Skip(i + 1).TakeWhile(l => l.Trim() != "#endregion").ToArray();
                var indent = region.Where(l => l.Length > 0).Min(l => l.Length - l.TrimStart().Length);
                yield return string.Join('\n', region.Select(l => l.Length == 0 ? l : l[indent..]));
            }
        }
    }

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex Comment();

    [GeneratedRegex("""("[^"]*"|'[^']*'|\S+)""")]
    private static partial Regex Word();
}
