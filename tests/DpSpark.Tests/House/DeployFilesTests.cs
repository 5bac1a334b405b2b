using System.Text.Json;
using System.Text.RegularExpressions;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;
using DpSpark.Testing;
using YamlDotNet.RepresentationModel;

namespace DpSpark.Tests.House;

/// <summary>The ready files of <c>deploy/</c>: they parse, and name what is there.</summary>
public sealed partial class DeployFilesTests
{
    private static readonly string s_folder = Path.Combine(SharedFiles.RepositoryRoot, "deploy");

    public static TheoryData<string> Named(string pattern) => [.. Directory.EnumerateFiles(s_folder, pattern, SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_folder, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Named), "*.yaml")]
    public void Yaml_EveryDocument_IsAKubernetesObject(string file)
    {
        var documents = Documents(file);

        Assert.NotEmpty(documents);
        Assert.All(documents, d => Assert.All(new[] { "apiVersion", "kind" }, k => Assert.True(d.Children.ContainsKey(k), $"{file} lacks {k}")));
    }

    [Fact]
    public void ConfigMap_Manifest_HasNoFault()
    {
        var map = Documents("kubernetes/job-manifest.yaml").Single();
        var text = ((YamlScalarNode)((YamlMappingNode)map.Children["data"]).Children["job.yml"]).Value!;

        var result = ManifestReader.ReadText(text, new ManifestOptions { KeysetFiles = new KeysetFileReader(), Folder = s_folder });

        Assert.True(result.Job is not null, string.Join('\n', result.Diagnostics));
    }

    [Fact]
    public void SparkApplication_NamesWhatTheOtherFilesMake()
    {
        var text = File.ReadAllText(Path.Combine(s_folder, "kubernetes", "spark-application.yaml"));
        var image = File.ReadAllText(Path.Combine(s_folder, "kubernetes", "Dockerfile"));
        var version = Version().Match(File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "Directory.Build.props"))).Groups[1].Value;

        Assert.Contains("/opt/dpspark/dpspark.py", text, StringComparison.Ordinal);
        Assert.Contains("COPY ${BUNDLE}/ /opt/dpspark/", image, StringComparison.Ordinal);
        Assert.Contains($"ARG BUNDLE=dpspark-{version}-linux-x64", image, StringComparison.Ordinal);
        Assert.Contains($"dpspark:{version}", text, StringComparison.Ordinal);
        Assert.Contains("name: restaurant-visits", File.ReadAllText(Path.Combine(s_folder, "kubernetes", "job-manifest.yaml")), StringComparison.Ordinal);
        Assert.Contains("dpspark.py", File.ReadAllText(Path.Combine(s_folder, "bundle.proj")), StringComparison.Ordinal);
    }

    [Fact]
    public void Dockerfile_Lines_AreInstructions()
    {
        var lines = File.ReadAllLines(Path.Combine(s_folder, "kubernetes", "Dockerfile")).Where(l => l.Length > 0 && l[0] != '#').ToArray();

        Assert.Contains(lines, l => l.StartsWith("FROM ", StringComparison.Ordinal));
        Assert.All(lines, l => Assert.Contains(l.Split(' ')[0], new[] { "ARG", "FROM", "USER", "COPY", "RUN", "ENV" }));
    }

    [Theory]
    [MemberData(nameof(Named), "*.json")]
    public void Json_Parses(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, file)));
        Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
    }

    [Theory]
    [MemberData(nameof(Named), "*.conf")]
    public void Properties_EveryLine_IsASettingOfSparkNamedOnce(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(s_folder, file)).Where(l => l.Length > 0 && l[0] != '#').ToArray();

        Assert.NotEmpty(lines);
        Assert.All(lines, l => Assert.Matches(Setting(), l));
        Assert.Equal(lines.Length, lines.Select(l => l.Split(' ')[0]).Distinct().Count());
    }

    [Theory]
    [InlineData("standalone")]
    [InlineData("yarn")]
    [InlineData("kubernetes")]
    [InlineData("databricks")]
    public void Guide_Commands_UseFlagsAndFilesThatExist(string name)
    {
        var script = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "spark-submit.sh"));
        var page = MarkdownFile.Read($"docs/deploy/{name}.md");
        var lines = page.Blocks.SelectMany(b => b.Lines).ToArray();

        var flags = lines.Where(l => l.StartsWith("./spark-submit.sh", StringComparison.Ordinal)).SelectMany(l => Flag().Matches(l.Split(".yml")[0])).Select(m => m.Value);
        var files = lines.SelectMany(l => DeployPath().Matches(l)).Select(m => m.Value).ToArray();

        Assert.All(flags, f => Assert.Contains(f, script, StringComparison.Ordinal));
        Assert.All(files, f => Assert.True(File.Exists(Path.Combine(SharedFiles.RepositoryRoot, f)), f));
        Assert.Contains(page.Prose, l => l.Contains("un by", StringComparison.Ordinal));
    }

    private static List<YamlMappingNode> Documents(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(Path.Combine(s_folder, file))));
        return [.. stream.Documents.Select(d => (YamlMappingNode)d.RootNode)];
    }

    [GeneratedRegex("<Version>([^<]+)</Version>")]
    private static partial Regex Version();

    [GeneratedRegex(@"^spark\.[A-Za-z0-9.]+ +\S.*$")]
    private static partial Regex Setting();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Flag();

    [GeneratedRegex(@"deploy/[a-z]+(/[A-Za-z-]+)?\.?[a-z]*")]
    private static partial Regex DeployPath();
}
