using System.Text.Json.Nodes;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>The keys and words of the manifest's schema, and which of them a manifest uses: <c>output.ci</c>, <c>output.mode=replace</c>.</summary>
internal sealed class SchemaUse
{
    private readonly JsonObject _root = JsonNode.Parse(ManifestSchema.Json)!.AsObject();

    /// <summary>All keys and words.</summary>
    public SortedSet<string> All { get; } = new(StringComparer.Ordinal);

    /// <summary>Those that the manifests noted so far use.</summary>
    public SortedSet<string> Used { get; } = new(StringComparer.Ordinal);

    public SchemaUse()
    {
        foreach (var (name, definition) in _root["$defs"]!.AsObject())
        {
            Collect(definition!.AsObject(), name);
        }
    }

    /// <summary>Notes what a manifest uses.</summary>
    public void Note(string yaml) => Visit(ManifestSchemaTests.ToJson(yaml), _root, "");

    private void Collect(JsonObject schema, string at)
    {
        foreach (var word in schema["enum"]?.AsArray() ?? [])
        {
            All.Add($"{at}={word}");
        }

        foreach (var (key, rule) in schema["properties"]?.AsObject() ?? [])
        {
            All.Add($"{at}.{key}");
            Collect(rule!.AsObject(), $"{at}.{key}");
        }

        foreach (var part in Alternatives(schema).Append(schema["items"]).Append(schema["additionalProperties"]).OfType<JsonObject>())
        {
            Collect(part, at);
        }
    }

    private void Visit(JsonNode? value, JsonObject schema, string at)
    {
        if (schema["$ref"] is { } reference)
        {
            var name = reference.GetValue<string>()["#/$defs/".Length..];
            Visit(value, _root["$defs"]![name]!.AsObject(), name);
        }

        if (schema.ContainsKey("enum"))
        {
            Used.Add($"{at}={value}");
        }

        foreach (var part in Alternatives(schema).OfType<JsonObject>().Where(s => new JsonSchemaChecker(_root).Fits(value, s)))
        {
            Visit(value, part, at);
        }

        foreach (var (key, item) in value as JsonObject ?? [])
        {
            if (schema["properties"]?[key] is JsonObject rule)
            {
                Used.Add($"{at}.{key}");
                Visit(item, rule, $"{at}.{key}");
            }
            else if (schema["additionalProperties"] is JsonObject free)
            {
                Visit(item, free, at);
            }
        }

        foreach (var item in schema["items"] is JsonObject && value is JsonArray list ? list : [])
        {
            Visit(item, schema["items"]!.AsObject(), at);
        }
    }

    private static IEnumerable<JsonNode?> Alternatives(JsonObject schema) => (schema["anyOf"]?.AsArray() ?? []).Concat(schema["oneOf"]?.AsArray() ?? []);
}
