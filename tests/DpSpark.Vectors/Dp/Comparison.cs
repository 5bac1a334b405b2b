using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace DpSpark.Vectors.Dp;

/// <summary>Compares what a library returned with the JSON that is expected, field by field.</summary>
internal static class Comparison
{
    /// <summary>The first difference, or null. Fields that are not expected are ignored; fields that are expected must be there.</summary>
    internal static string? Difference(JsonElement expected, object? actual, Tolerance tolerance, string path)
    {
        string field = path[(path.LastIndexOf('.') + 1)..];
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                if (actual is not IReadOnlyDictionary<string, object?> fields)
                {
                    return path + ": no object";
                }

                foreach (JsonProperty property in expected.EnumerateObject())
                {
                    if (tolerance.Ignores(property.Name))
                    {
                        continue;
                    }

                    string? inner = fields.TryGetValue(property.Name, out object? value)
                        ? Difference(property.Value, value, tolerance, path + "." + property.Name)
                        : path + "." + property.Name + ": missing";
                    if (inner is not null)
                    {
                        return inner;
                    }
                }

                return null;
            case JsonValueKind.Array:
                if (actual is not IEnumerable items || actual is string)
                {
                    return path + ": no array";
                }

                List<object?> list = [.. items.Cast<object?>()];
                if (list.Count != expected.GetArrayLength())
                {
                    return path + ": another length";
                }

                int at = 0;
                foreach (JsonElement item in expected.EnumerateArray())
                {
                    if (Difference(item, list[at++], tolerance, path) is string inner)
                    {
                        return inner;
                    }
                }

                return null;
            case JsonValueKind.True or JsonValueKind.False:
                return actual is bool flag && flag == expected.GetBoolean() ? null : path + ": another truth";
            case JsonValueKind.Null:
                return actual is null ? null : path + ": not null";
            default:
                return Scalar(expected, actual, tolerance, path, field);
        }
    }

    private static string? Scalar(JsonElement expected, object? actual, Tolerance tolerance, string path, string field)
    {
        string text = expected.ValueKind == JsonValueKind.String ? expected.GetString() ?? "" : expected.GetRawText();
        string shown = Convert.ToString(actual, CultureInfo.InvariantCulture) ?? "null";
        string fault = $"{path}: expected {text}, got {shown}";
        if (actual is string word)
        {
            return word == text ? null : fault;
        }

        if (actual is BigInteger or long or int or ulong or Int128 && (tolerance.IsExact(field) || expected.ValueKind == JsonValueKind.String)
            && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            return shown == text ? null : fault;
        }

        double number = actual switch
        {
            double d => d,
            long n => n,
            int n => n,
            ulong n => n,
            BigInteger n => (double)n,
            Int128 n => (double)n,
            bool b => b ? 1 : 0,
            _ => double.NaN,
        };
        return actual is not null && tolerance.Accepts(field, Inputs.ParseNumber(text), number) ? null : fault;
    }
}
