using System.Text.Json;
using DpSpark.Arrow;

namespace DpSpark.Vectors.Formats;

/// <summary>Compares a schema with its description in an index.</summary>
public static class SchemaComparison
{
    /// <summary>The first difference, or null.</summary>
    /// <param name="expected">The description: fields and metadata.</param>
    /// <param name="actual">What a reader found.</param>
    public static string? Difference(JsonElement expected, Schema actual) =>
        Fields(expected.GetProperty("fields"), actual.Fields, "schema", 0) ?? Metadata(expected, actual.Metadata, "schema");

    /// <summary>The type of a description.</summary>
    /// <param name="type">Name and properties.</param>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    public static ArrowType Type(JsonElement type)
    {
        var unit = type.TryGetProperty("unit", out var u) ? Enum.Parse<TimeUnit>(u.GetString()!, ignoreCase: true) : default;
        int Number(string name) => type.TryGetProperty(name, out var x) ? x.GetInt32() : 0;
        bool Flag(string name) => type.TryGetProperty(name, out var x) && x.GetBoolean();
        var name = type.GetProperty("name").GetString()!;
        return name switch
        {
            "int" => ArrowType.Int(Number("bitWidth"), Flag("isSigned")),
            "floatingpoint" => new(TypeKind.FloatingPoint)
            {
                BitWidth = type.GetProperty("precision").GetString() switch { "HALF" => 16, "SINGLE" => 32, _ => 64 },
            },
            "fixedsizebinary" => new(TypeKind.FixedSizeBinary) { ByteWidth = Number("byteWidth") },
            "decimal" => new(TypeKind.Decimal) { Precision = Number("precision"), Scale = Number("scale"), BitWidth = Number("bitWidth") },
            "date" => new(TypeKind.Date) { Unit = unit, BitWidth = unit == TimeUnit.Day ? 32 : 64 },
            "time" => new(TypeKind.Time) { Unit = unit, BitWidth = Number("bitWidth") },
            "timestamp" => new(TypeKind.Timestamp)
            {
                Unit = unit,
                BitWidth = 64,
                Timezone = type.TryGetProperty("timezone", out var zone) ? zone.GetString() : null,
            },
            "duration" => new(TypeKind.Duration) { Unit = unit, BitWidth = 64 },
            "fixedsizelist" => new(TypeKind.FixedSizeList) { ListSize = Number("listSize") },
            "map" => new(TypeKind.Map) { KeysSorted = Flag("keysSorted") },
            _ => new(Enum.Parse<TypeKind>(name, ignoreCase: true)),
        };
    }

    private static string? Fields(JsonElement expected, IReadOnlyList<Field> actual, string where, int unnamed)
    {
        if (expected.GetArrayLength() != actual.Count)
        {
            return $"{where}: {actual.Count} fields, expected {expected.GetArrayLength()}";
        }

        return expected.EnumerateArray().Zip(actual, (e, a) => Field(e, a, where, unnamed)).FirstOrDefault(d => d is not null);
    }

    /// <param name="unnamed">Levels, from this one, whose names have no meaning: a map's entries, keys and values are found by position.</param>
    private static string? Field(JsonElement expected, Field actual, string where, int unnamed)
    {
        var name = expected.GetProperty("name").GetString()!;
        where += "/" + name;
        if (unnamed == 0 && name != actual.Name)
        {
            return $"{where}: the name differs";
        }

        if (expected.GetProperty("nullable").GetBoolean() != actual.Nullable)
        {
            return $"{where}: nullable is {actual.Nullable}";
        }

        var type = Type(expected.GetProperty("type"));
        if (type != actual.Type)
        {
            return $"{where}: the type is {actual.Type}, expected {type}";
        }

        var encoded = expected.TryGetProperty("dictionary", out var dictionary) && dictionary.ValueKind == JsonValueKind.Object;
        if (encoded != actual.Dictionary is not null)
        {
            return $"{where}: dictionary encoding differs";
        }

        if (encoded && (Type(dictionary.GetProperty("indexType")) != actual.Dictionary!.IndexType
            || dictionary.GetProperty("isOrdered").GetBoolean() != actual.Dictionary.IsOrdered))
        {
            return $"{where}: index type or order of the dictionary differs";
        }

        var children = expected.TryGetProperty("children", out var list) ? Fields(list, actual.Children, where, type.Kind == TypeKind.Map ? 2 : Math.Max(0, unnamed - 1))
            : actual.Children.Count > 0 ? $"{where}: unexpected children" : null;
        return children ?? Metadata(expected, actual.Metadata, where);
    }

    private static string? Metadata(JsonElement expected, IReadOnlyList<KeyValuePair<string, string>> actual, string where)
    {
        if (!expected.TryGetProperty("metadata", out var metadata))
        {
            return null;
        }

        var wanted = metadata.EnumerateObject().Select(p => new KeyValuePair<string, string>(p.Name, p.Value.GetString()!));
        return wanted.OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(actual.OrderBy(p => p.Key, StringComparer.Ordinal)) ? null : $"{where}: metadata differ";
    }
}
