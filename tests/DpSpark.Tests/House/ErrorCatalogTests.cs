using System.Text.RegularExpressions;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Testing;

namespace DpSpark.Tests.House;

/// <summary>Holds <c>docs/errors.md</c> to the codes that the sources use, one entry each.</summary>
public sealed partial class ErrorCatalogTests
{
    private static readonly MarkdownFile s_page = MarkdownFile.Read("docs/errors.md");

    private static string[] Listed => [.. s_page.Headings.Where(h => Code().IsMatch(h))];

    private static IEnumerable<string> Sources =>
        from folder in new[] { "jobs", "pipeline", "udfs" }
        from file in Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories)
        select File.ReadAllText(file);

    [Fact]
    public void Page_EveryCodeOfTheSources_IsListedOnceAndNoOther()
    {
        var used = Sources.SelectMany(t => Code().Matches(t)).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal).ToArray();

        Assert.NotEmpty(used);
        Assert.Equal(used, Listed);
    }

    [Fact]
    public void Page_EveryEntry_HasTitleExitCodeCauseAndFix()
    {
        foreach (var code in Listed)
        {
            var lines = s_page.Section(code).Split('\n', StringSplitOptions.RemoveEmptyEntries);

            Assert.True(Head().IsMatch(lines[0]), $"{code}: '{lines[0]}' is not a title and an exit code");
            Assert.True(lines.Length >= 3 && lines[^1].StartsWith("Fix: ", StringComparison.Ordinal), $"{code}: cause or fix is missing");
        }
    }

    [Fact]
    public void Page_ExitCodes_AreThoseOfTheCommandLine()
    {
        var known = typeof(ExitCodes).GetFields().Select(f => (int)f.GetRawConstantValue()!).ToHashSet();

        var named = Listed.SelectMany(c => ExitCode().Matches(s_page.Section(c))).Select(m => int.Parse(m.Groups[1].Value));

        Assert.All(named, n => Assert.Contains(n, known));
    }

    [Fact]
    public void Page_TitlesOfManifestCodes_AreThoseOfTheCatalog()
    {
        foreach (var entry in DiagnosticCatalog.Manifest)
        {
            Assert.StartsWith($"\n**{entry.Title}.**", s_page.Section(entry.Code), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Diagnostic_Text_LinksToItsEntry()
    {
        var text = new Diagnostic { Code = "DPS3102", Message = "m.", Fixes = ["f"] }.ToString();

        var anchor = text[(text.IndexOf('#', StringComparison.Ordinal) + 1)..];

        Assert.Contains("docs/errors.md#" + anchor, text, StringComparison.Ordinal);
        Assert.Contains(anchor, s_page.Anchors);
    }

    [GeneratedRegex(@"DPS\d{4}")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\*\*.+\.\*\* (Exit code \d+(, or warning)?|A warning)\.$")]
    private static partial Regex Head();

    [GeneratedRegex(@"Exit code (\d+)")]
    private static partial Regex ExitCode();
}
