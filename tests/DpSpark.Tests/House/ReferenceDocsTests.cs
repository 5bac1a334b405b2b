using System.Text.RegularExpressions;
using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.House;

/// <summary>Holds the reference pages to what the product has: every key of the manifest, every option, every exit code.</summary>
public sealed partial class ReferenceDocsTests
{
    private static readonly string[] s_verbs =
        ["run", "plan", "validate", "sample", "schema", "ledger show", "ledger history", "ledger verify", "ledger cap", "doctor"];

    public static TheoryData<string> Sections => [.. ManifestKeys.Sections.Select(s => s.Name)];

    public static TheoryData<string> Verbs => [.. s_verbs];

    [Theory]
    [MemberData(nameof(Sections))]
    public void ManifestPage_SectionOfKeys_ExplainsEveryKey(string name)
    {
        var section = ManifestKeys.Sections.Single(s => s.Name == name);

        var text = MarkdownFile.Read("docs/manifest.md").Section($"`{name}`");

        Assert.All(section.Keys, k => Assert.Contains($"| `{k}` |", text, StringComparison.Ordinal));
        Assert.All(section.Later, k => Assert.Contains($"`{k}`", text, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void CommandLinePage_Verb_ExplainsEveryOption(string verb)
    {
        var page = MarkdownFile.Read("docs/cli.md");

        var text = page.Section($"`dpspark {verb}`") + page.Section("Options that verbs share");

        Assert.All(OptionsOf(verb), o => Assert.Contains($"`{o}", text, StringComparison.Ordinal));
    }

    [Fact]
    public void CommandLinePage_Options_AreOptionsOfSomeVerb()
    {
        var known = s_verbs.Append("").SelectMany(OptionsOf).ToHashSet();

        var explained = MarkdownFile.Read("docs/cli.md").Prose.Where(l => l.StartsWith("| `-", StringComparison.Ordinal)).SelectMany(l => Option().Matches(l.Split('|')[1])).Select(m => m.Value).ToArray();

        Assert.NotEmpty(explained);
        Assert.All(explained, o => Assert.Contains(o, known));
    }

    [Fact]
    public void CommandLinePage_Verbs_AreThoseOfTheHelp()
    {
        var help = Help("").Split('\n').SkipWhile(l => !l.StartsWith("Commands:", StringComparison.Ordinal)).Skip(1).Where(l => l.StartsWith("  ", StringComparison.Ordinal)).Select(l => l.Trim().Split(' ')[0]);

        Assert.Equal(help.Order(StringComparer.Ordinal), s_verbs.Select(v => v.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void CommandLinePage_ExitCodes_AreAllExplained()
    {
        var section = MarkdownFile.Read("docs/cli.md").Section("Exit codes");

        var explained = ExitRow().Matches(section).Select(m => int.Parse(m.Groups[1].Value)).Order();

        Assert.Equal(typeof(ExitCodes).GetFields().Select(f => (int)f.GetRawConstantValue()!).Order(), explained);
    }

    private static IEnumerable<string> OptionsOf(string verb) => Option().Matches(string.Join('\n', Help(verb).Split('\n').Where(l => l.StartsWith("  -", StringComparison.Ordinal)).Select(l => l[..Math.Min(l.Length, l.TrimStart().IndexOf("  ", StringComparison.Ordinal) + 2)])))
        .Select(m => m.Value).Distinct();

    private static string Help(string verb) => CommandLineRun.In(Path.GetTempPath(), [.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Out;

    [GeneratedRegex("--[a-z][a-z-]*")]
    private static partial Regex Option();

    [GeneratedRegex(@"^\| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex ExitRow();
}
