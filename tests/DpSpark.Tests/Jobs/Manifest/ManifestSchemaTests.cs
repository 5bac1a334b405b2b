using System.Globalization;
using System.Text.Json.Nodes;
using DpSpark.Jobs.Manifest;
using YamlDotNet.RepresentationModel;

namespace DpSpark.Tests.Jobs.Manifest;

public sealed class ManifestSchemaTests
{
    private static readonly JsonObject s_schema = JsonNode.Parse(ManifestSchema.Json)!.AsObject();

    public static TheoryData<string> SectionNames => [.. ManifestKeys.Sections.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Json_EverySection_HasExactlyTheKeysOfTheReader(string name)
    {
        var section = ManifestKeys.Sections.Single(s => s.Name == name);

        var definition = s_schema["$defs"]![name]!.AsObject();

        Assert.Equal(section.Keys.Order(StringComparer.Ordinal), definition["properties"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.False(definition["additionalProperties"]!.GetValue<bool>());
        Assert.Empty(section.Keys.Intersect(section.Later));
    }

    [Fact]
    public void Json_EveryReference_LeadsSomewhere()
    {
        var definitions = s_schema["$defs"]!.AsObject().Select(d => d.Key).ToHashSet();

        Assert.All(References(s_schema), r => Assert.Contains(r["#/$defs/".Length..], definitions));
    }

    [Fact]
    public void Json_GoodManifests_Fit()
    {
        foreach (var text in GoodJobs.All.Append(SampleJobs.Restaurant))
        {
            Assert.Empty(ManifestReader.ReadText(text, GoodJobs.Options).Diagnostics);
            Assert.Empty(new JsonSchemaChecker(s_schema).Check(ToJson(text)));
        }
    }

    [Theory]
    [InlineData("partition_by: [weekday]", "partition_by: weekday")]
    [InlineData("max_partitions_contributed: 4", "max_partitions: 4")]
    [InlineData("max_partitions_contributed: 4", "max_partitions_contributed: 0")]
    [InlineData("count: \"*\"", "count: rows")]
    [InlineData("visitor_id: string", "visitor_id: text")]
    [InlineData("noise: laplace", "noise: some")]
    [InlineData("  source: calendar", "  # none")]
    [InlineData("epsilon: \"1.0\"", "epsilon: one")]
    [InlineData("min_value: 0, max_value: 60, ", "")]
    public void Json_BadManifest_DoesNotFit(string there, string instead)
    {
        var text = SampleJobs.Restaurant.Replace(there, instead, StringComparison.Ordinal);

        Assert.NotEqual(SampleJobs.Restaurant, text);
        Assert.NotEmpty(new JsonSchemaChecker(s_schema).Check(ToJson(text)));
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Key == "$ref" ? [p.Value!.GetValue<string>()] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    /// <summary>A manifest as an editor sees it: YAML's core schema.</summary>
    internal static JsonNode? ToJson(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents[0].RootNode);
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, ToJson(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: not YamlDotNet.Core.ScalarStyle.Plain } text => text.Value,
        YamlScalarNode { Value: null or "" or "~" or "null" } => null,
        YamlScalarNode { Value: "true" or "false" } flag => flag.Value == "true",
        YamlScalarNode number when double.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
        _ => ((YamlScalarNode)node).Value,
    };
}
