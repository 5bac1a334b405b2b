using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace DpSpark;

/// <summary>Fills objects from rows of texts, by the names of columns.</summary>
internal static partial class RowFactory
{
    public static Func<IReadOnlyList<string?>, object> For(Type type, IReadOnlyList<string> columns)
    {
        // The constructor with the most parameters that are all columns: records have one, classes the empty one.
        var constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).FirstOrDefault(c => c.GetParameters().All(p => Find(columns, p.Name!, p.ParameterType) is not null));
        if (constructor is null && !type.IsValueType)
        {
            throw new InvalidOperationException($"{type.Name} cannot be made from the columns {string.Join(", ", columns)}: it has no constructor whose parameters are columns, nor one without parameters.");
        }

        var parameters = constructor?.GetParameters() ?? [];
        var arguments = parameters.Select(p => (p.Name, Type: p.ParameterType, Columns: Find(columns, p.Name!, p.ParameterType)!)).ToArray();
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true } && !parameters.Any(a => Plain(a.Name!) == Plain(p.Name)))
            .Select(p => (Property: p, Columns: Find(columns, p.Name, p.PropertyType) ?? throw new InvalidOperationException($"{type.Name}.{p.Name} is not one of the columns {string.Join(", ", columns)}.")))
            .ToArray();
        return row =>
        {
            var item = constructor?.Invoke([.. arguments.Select(a => Values(row, a.Columns, a.Type, a.Name!))]) ?? Activator.CreateInstance(type)!;
            foreach (var (property, at) in properties)
            {
                property.SetValue(item, Values(row, at, property.PropertyType, property.Name));
            }

            return item;
        };
    }

    /// <summary>The column of a name, or for an array all columns of an aggregate that has several; null where there is none.</summary>
    private static int[]? Find(IReadOnlyList<string> columns, string name, Type type)
    {
        var plain = Plain(name);
        if (!IsSeveral(type))
        {
            var last = Enumerable.Range(0, columns.Count).LastOrDefault(i => Plain(columns[i]) == plain, -1);
            return last < 0 ? null : [last];
        }

        int[] found = [.. Enumerable.Range(0, columns.Count).Where(i => Ending().Match(columns[i]) is { Success: true } end && Plain(columns[i][..end.Index]) == plain)];
        return found.Length == 0 ? null : found;
    }

    private static bool IsSeveral(Type type) => type.IsArray && type != typeof(byte[]);

    private static object? Values(IReadOnlyList<string?> row, int[] columns, Type type, string name)
    {
        if (!IsSeveral(type))
        {
            return Value(row[columns[0]], type, name);
        }

        var item = type.GetElementType()!;
        var values = Array.CreateInstance(item, columns.Length);
        for (var i = 0; i < columns.Length; i++)
        {
            values.SetValue(Value(row[columns[i]], item, name), i);
        }

        return values;
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

    /// <summary>What a bin or a rank adds to an aggregate's name.</summary>
    [GeneratedRegex("_([0-9]+|p[0-9]+(_[0-9]+)?)$")]
    private static partial Regex Ending();
}
