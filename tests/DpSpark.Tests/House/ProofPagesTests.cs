using System.Text.Json;
using System.Text.RegularExpressions;
using DpSpark.Core.Stages;
using DpSpark.Testing;

namespace DpSpark.Tests.House;

/// <summary>Every mechanism has a page of proof, and every page names tests that exist.</summary>
public sealed partial class ProofPagesTests
{
    private const string Index = "docs/proofs/README.md";

    private static readonly string[] s_parts = ["**Statement.**", "**Tests.**"];

    public static TheoryData<string> Pages => [.. MarkdownFile.All.Select(d => d.Name).Where(n => n.StartsWith("docs/proofs/", StringComparison.Ordinal) && n != Index)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_OfAMechanism_HasItsPartsAndNamesTestsThatExist(string name)
    {
        var prose = MarkdownFile.Read(name).Prose;
        var tests = prose.Where(l => l.StartsWith("**Tests.**", StringComparison.Ordinal)).SelectMany(l => Test().Matches(l)).Select(m => m.Groups[1].Value).ToArray();

        Assert.All(s_parts, part => Assert.Contains(prose, l => l.StartsWith(part, StringComparison.Ordinal)));
        Assert.Contains(prose, l => l.StartsWith("**Source", StringComparison.Ordinal));
        Assert.NotEmpty(tests);
        Assert.All(tests, test => Assert.True(Sources.Contains(test + ".cs"), $"{name}: there is no {test}.cs"));
        Assert.Contains(MarkdownFile.Read(Index).Links, link => "docs/proofs/" + link == name);
    }

    [Fact]
    public void Index_EveryMechanismOfAPlan_HasAPage()
    {
        var rows = MarkdownFile.Read(Index).Prose.Where(l => l.StartsWith('|') && l.Contains("](", StringComparison.Ordinal)).ToArray();
        var words = new[] { typeof(AggregateKind), typeof(SelectionStrategy), typeof(NoiseKind) }.SelectMany(Enum.GetNames).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);

        Assert.All(words, word => Assert.True(rows.Any(row => row.Contains($"`{word}`", StringComparison.Ordinal)), $"{Index} has no page for `{word}`"));
    }

    private static HashSet<string> Sources { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, "tests"), "*.cs", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!)];

    [GeneratedRegex("`([A-Z][A-Za-z0-9]+(?:Tests|Claims))`")]
    private static partial Regex Test();
}
