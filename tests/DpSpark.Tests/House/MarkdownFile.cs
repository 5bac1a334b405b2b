using System.Text.RegularExpressions;
using DpSpark.Testing;

namespace DpSpark.Tests.House;

/// <summary>A fenced block of a document.</summary>
/// <param name="Language">First word after the fence; empty where there is none.</param>
/// <param name="Info">All words after the fence.</param>
/// <param name="Line">Line of the fence, from 1.</param>
/// <param name="Lines">The lines between the fences.</param>
internal sealed record FencedBlock(string Language, string Info, int Line, IReadOnlyList<string> Lines)
{
    public string Text => string.Join('\n', Lines);
}

/// <summary>A document of the repository: its blocks, headings and links.</summary>
internal sealed partial class MarkdownFile
{
    private MarkdownFile(string name, string[] lines)
    {
        Name = name;
        var prose = new List<string>();
        List<string>? block = null;
        var (info, start) = ("", 0);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                (block ?? prose).Add(lines[i]);
                continue;
            }

            if (block is null)
            {
                (block, info, start) = ([], lines[i][3..].Trim(), i + 1);
                continue;
            }

            _blocks.Add(new FencedBlock(info.Split(' ')[0], info, start, block));
            block = null;
        }

        IsClosed = block is null;
        Prose = prose;
    }

    private readonly List<FencedBlock> _blocks = [];

    /// <summary>Path from the root of the repository, with slashes.</summary>
    public string Name { get; }

    /// <summary>Whether every fence is closed.</summary>
    public bool IsClosed { get; }

    public IReadOnlyList<FencedBlock> Blocks => _blocks;

    /// <summary>Lines outside of blocks.</summary>
    public IReadOnlyList<string> Prose { get; }

    public IEnumerable<string> Headings => Prose.Where(l => l.StartsWith('#')).Select(l => l.TrimStart('#').Trim());

    /// <summary>Anchors of the headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors => Headings.Select(h => Dropped().Replace(h.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>Targets of links and images, in prose.</summary>
    public IEnumerable<string> Links => Prose.SelectMany(l => Link().Matches(Code().Replace(l, ""))).Select(m => m.Groups[1].Value);

    /// <summary>Lines of prose below the heading that holds a text, up to the next heading of the same or a higher level.</summary>
    public string Section(string heading)
    {
        var start = Prose.ToList().FindIndex(l => l.StartsWith('#') && l.Contains(heading, StringComparison.Ordinal));
        Assert.True(start >= 0, $"{Name} has no heading with {heading}");
        var level = Prose[start].TakeWhile(c => c == '#').Count();
        return string.Join('\n', Prose.Skip(start + 1).TakeWhile(l => !l.StartsWith('#') || l.TakeWhile(c => c == '#').Count() > level));
    }

    public static MarkdownFile Read(string name) => new(name, File.ReadAllLines(Path.Combine(SharedFiles.RepositoryRoot, name)));

    /// <summary>All documents for people: those at the root, below docs/ and beside the samples.</summary>
    public static IReadOnlyList<MarkdownFile> All { get; } = FindAll();

    private static List<MarkdownFile> FindAll()
    {
        var root = SharedFiles.RepositoryRoot;
        var files = Directory.EnumerateFiles(root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "jobs", "samples"), "README.md", SearchOption.AllDirectories));
        return [.. files.Select(f => Path.GetRelativePath(root, f).Replace('\\', '/')).Order(StringComparer.Ordinal).Select(Read)];
    }

    [GeneratedRegex(@"[^\p{L}\p{N}_\- ]")]
    private static partial Regex Dropped();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();
}
