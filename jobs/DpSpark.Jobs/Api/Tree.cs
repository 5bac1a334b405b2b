using System.Globalization;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Nodes of a manifest made by code. Code and manifest are one thing in two spellings: what is built here is read by the manifest's own reader.</summary>
internal static class Tree
{
    /// <summary>A text; a <c>${</c> in it is not a variable unless asked for.</summary>
    public static YamlScalar Text(string value) => new(value.Replace("${", "$${", StringComparison.Ordinal), quoted: true);

    /// <summary>A text in which <c>${name}</c> is a variable.</summary>
    public static YamlScalar Template(string value) => new(value, quoted: true);

    public static YamlScalar Word(string value) => new(value, quoted: false);

    public static YamlScalar Number(DpNumber value) => new(value.ToString(), quoted: value.ToString().Length == 0);

    public static YamlScalar Number(int value) => new(value.ToString(CultureInfo.InvariantCulture), quoted: false);

    public static YamlList List(IEnumerable<YamlNode> items)
    {
        var list = new YamlList();
        list.Items.AddRange(items);
        return list;
    }

    /// <summary>A value of a partition key.</summary>
    public static YamlScalar Key(object? value) => value switch
    {
        null => Word("null"),
        string text => Text(text),
        bool flag => Word(flag ? "true" : "false"),
        DateOnly date => Word(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        DateTimeOffset time => Text(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)),
        DateTime time => Text(time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)),
        double number => Word(number.ToString("R", CultureInfo.InvariantCulture)),
        IFormattable number => Word(number.ToString(null, CultureInfo.InvariantCulture)),
        _ => throw new ArgumentException("A key's value is a string, a number, a bool, a date or a time.", nameof(value)),
    };

    /// <summary>A share of the budget, or null where nothing is said.</summary>
    public static YamlMap? Share(DpNumber? weight, DpNumber? epsilon, DpNumber? delta)
    {
        var map = new YamlMap();
        SetNumber(map, "weight", weight);
        SetNumber(map, "epsilon", epsilon);
        SetNumber(map, "delta", delta);
        return map.Entries.Count == 0 ? null : map;
    }

    public static void SetNumber(YamlMap map, string key, DpNumber? value)
    {
        if (value is { } number)
        {
            map.Set(key, Number(number));
        }
    }
}
