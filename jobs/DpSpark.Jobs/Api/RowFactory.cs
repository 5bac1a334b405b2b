using System.Globalization;
using System.Reflection;

namespace DpSpark;

/// <summary>Fills objects from rows of texts, by the names of columns.</summary>
internal static class RowFactory
{
    public static Func<IReadOnlyList<string?>, object> For(Type type, IReadOnlyList<string> columns)
    {
        var byName = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < columns.Count; i++)
        {
            byName[Plain(columns[i])] = i;
        }

        // The constructor with the most parameters that are all columns: records have one, classes the empty one.
        var constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).FirstOrDefault(c => c.GetParameters().All(p => byName.ContainsKey(Plain(p.Name!))));
        if (constructor is null && !type.IsValueType)
        {
            throw new InvalidOperationException($"{type.Name} cannot be made from the columns {string.Join(", ", columns)}: it has no constructor whose parameters are columns, nor one without parameters.");
        }

        var parameters = constructor?.GetParameters() ?? [];
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true } && !parameters.Any(a => Plain(a.Name!) == Plain(p.Name)))
            .Select(p => (Property: p, Column: byName.TryGetValue(Plain(p.Name), out var at) ? at : throw new InvalidOperationException($"{type.Name}.{p.Name} is not one of the columns {string.Join(", ", columns)}.")))
            .ToArray();
        return row =>
        {
            var item = constructor?.Invoke([.. parameters.Select(p => Value(row[byName[Plain(p.Name!)]], p.ParameterType, p.Name!))]) ?? Activator.CreateInstance(type)!;
            foreach (var (property, column) in properties)
            {
                property.SetValue(item, Value(row[column], property.PropertyType, property.Name));
            }

            return item;
        };
    }

    private static object? Value(string? text, Type type, string name)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (text is null)
        {
            return plain != type || !type.IsValueType ? null : throw new InvalidOperationException($"{name} is null in a row; make it nullable.");
        }

        var culture = CultureInfo.InvariantCulture;
        try
        {
            return plain == typeof(string) ? text
                : plain == typeof(DateOnly) ? DateOnly.Parse(text, culture)
                : plain == typeof(DateTimeOffset) ? DateTimeOffset.Parse(text, culture, DateTimeStyles.AssumeUniversal)
                : plain == typeof(DateTime) ? DateTime.Parse(text, culture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal)
                : plain.IsPrimitive && plain != typeof(bool) && plain != typeof(float) && plain != typeof(double) ? Convert.ChangeType(decimal.Parse(text, NumberStyles.Float, culture), plain, culture)
                : Convert.ChangeType(text, plain, culture);
        }
        catch (Exception fault) when (fault is FormatException or InvalidCastException or OverflowException)
        {
            throw new InvalidOperationException($"{name} is a {plain.Name}; its column holds values of another type.", fault);
        }
    }

    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
