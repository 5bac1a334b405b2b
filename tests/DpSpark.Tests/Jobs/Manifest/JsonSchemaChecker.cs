using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>Checks a value against a JSON Schema; knows the keywords that the manifest's schema uses and refuses others.</summary>
internal sealed class JsonSchemaChecker(JsonObject root)
{
    /// <summary>What is wrong, with the place; empty when the value fits.</summary>
    public IReadOnlyList<string> Check(JsonNode? value) => Check(value, root, "$").ToList();

    /// <summary>Whether a value fits a part of the schema.</summary>
    public bool Fits(JsonNode? value, JsonObject schema) => !Check(value, schema, "$").Any();

    private IEnumerable<string> Check(JsonNode? value, JsonObject schema, string at) => schema.SelectMany(k => Keyword(k.Key, k.Value!, value, schema, at));

    private IEnumerable<string> Keyword(string keyword, JsonNode rule, JsonNode? value, JsonObject schema, string at)
    {
        switch (keyword)
        {
            case "$schema" or "$id" or "$defs" or "title" or "description" or "patternProperties":
                return [];
            case "$ref":
                return Check(value, root["$defs"]![rule.GetValue<string>()["#/$defs/".Length..]]!.AsObject(), at);
            case "type":
                var kinds = rule is JsonArray several ? several.Select(k => k!.GetValue<string>()) : [rule.GetValue<string>()];
                return Fail(kinds.Any(k => IsKind(value, k)), at, $"is not {rule.ToJsonString()}");
            case "enum":
                return Fail(rule.AsArray().Any(v => JsonNode.DeepEquals(v, value)), at, $"is none of {rule.ToJsonString()}");
            case "const":
                return Fail(JsonNode.DeepEquals(rule, value), at, $"is not {rule.ToJsonString()}");
            case "anyOf":
                return Fail(rule.AsArray().Any(s => !Check(value, s!.AsObject(), at).Any()), at, "fits none of anyOf");
            case "oneOf":
                return Fail(rule.AsArray().Count(s => !Check(value, s!.AsObject(), at).Any()) == 1, at, "does not fit exactly one of oneOf");
            case "not":
                return Fail(Check(value, rule.AsObject(), at).Any(), at, "fits what it must not");
            case "required":
                return value is JsonObject o ? rule.AsArray().Where(k => !o.ContainsKey(k!.GetValue<string>())).Select(k => $"{at}: {k} is missing") : [];
            case "properties":
                return value is JsonObject map ? map.SelectMany(p => Property(p.Key, p.Value, rule.AsObject(), schema, at + "." + p.Key)) : [];
            case "additionalProperties":
                return value is JsonObject free && !schema.ContainsKey("properties") ? free.SelectMany(p => Property(p.Key, p.Value, [], schema, at + "." + p.Key)) : [];
            case "items":
                return value is JsonArray list ? list.SelectMany((v, i) => Check(v, rule.AsObject(), $"{at}[{i}]")) : [];
            case "pattern":
                return Fail(value?.GetValueKind() != JsonValueKind.String || Regex.IsMatch(value.GetValue<string>(), rule.GetValue<string>()), at, "does not match the pattern");
            case "minimum":
                return Fail(value?.GetValueKind() != JsonValueKind.Number || value.GetValue<double>() >= rule.GetValue<double>(), at, "is too small");
            case "maximum":
                return Fail(value?.GetValueKind() != JsonValueKind.Number || value.GetValue<double>() <= rule.GetValue<double>(), at, "is too large");
            case "minLength" or "maxLength":
                return Fail(value?.GetValueKind() != JsonValueKind.String || (value.GetValue<string>().Length >= rule.GetValue<int>()) == (keyword == "minLength"), at, "has a wrong length");
            case "minItems" or "maxItems":
                return Fail(value is not JsonArray array || (keyword == "minItems" ? array.Count >= rule.GetValue<int>() : array.Count <= rule.GetValue<int>()), at, "has a wrong count");
            case "minProperties" or "maxProperties":
                return Fail(value is not JsonObject counted || (keyword == "minProperties" ? counted.Count >= rule.GetValue<int>() : counted.Count <= rule.GetValue<int>()), at, "has a wrong count of keys");
            default:
                throw new NotSupportedException(keyword);
        }
    }

    private IEnumerable<string> Property(string key, JsonNode? value, JsonObject properties, JsonObject schema, string at)
    {
        if (properties[key] is JsonObject known)
        {
            return Check(value, known, at);
        }

        foreach (var (pattern, rule) in schema["patternProperties"]?.AsObject() ?? [])
        {
            if (Regex.IsMatch(key, pattern))
            {
                return Check(value, rule!.AsObject(), at);
            }
        }

        return schema["additionalProperties"] switch
        {
            JsonObject free => Check(value, free, at),
            JsonValue flag when !flag.GetValue<bool>() => [$"{at}: is not a known key"],
            _ => [],
        };
    }

    private static bool IsKind(JsonNode? value, string kind) => (value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        JsonValueKind.Object => kind == "object",
        JsonValueKind.Array => kind == "array",
        JsonValueKind.String => kind == "string",
        JsonValueKind.Number => kind == "number" || (kind == "integer" && value!.GetValue<double>() % 1 == 0),
        JsonValueKind.True or JsonValueKind.False => kind == "boolean",
        _ => kind == "null",
    };

    private static IEnumerable<string> Fail(bool holds, string at, string message) => holds ? [] : [$"{at}: {message}"];
}
