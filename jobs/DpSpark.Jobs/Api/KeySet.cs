using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Public partitions, released whether or not rows have them.</summary>
public sealed class KeySet
{
    private KeySet(string form, YamlNode node) => Node = new YamlMap().Set(form, node);

    internal YamlMap Node { get; }

    /// <summary>Values of one column.</summary>
    /// <param name="column">The partition column.</param>
    /// <param name="values">Strings, numbers, bools, dates or times; null for the null key.</param>
    public static KeySet Values(string column, params IReadOnlyList<object?> values) => new("values", new YamlMap().Set(column, Tree.List(values.Select(Tree.Key))));

    /// <summary>Keys one by one.</summary>
    /// <param name="rows">A value for each column in every row.</param>
    public static KeySet Rows(params IReadOnlyList<IReadOnlyDictionary<string, object?>> rows) => new("rows", Tree.List(rows.Select(row =>
    {
        var map = new YamlMap();
        foreach (var (column, value) in row)
        {
            map.Set(column, Tree.Key(value));
        }

        return map;
    })));

    /// <summary>Whole numbers, or lower edges of bins, from first to last.</summary>
    /// <param name="column">The partition column.</param>
    /// <param name="first">First key.</param>
    /// <param name="last">Last key; included.</param>
    public static KeySet Range(string column, DpNumber first, DpNumber last) => new("range", new YamlMap().Set(column, Tree.List([Tree.Number(first), Tree.Number(last)])));

    /// <summary>Dates from first to last.</summary>
    /// <param name="column">The partition column.</param>
    /// <param name="first">First key.</param>
    /// <param name="last">Last key; included.</param>
    /// <param name="step">Distance of two keys; the column's own where nothing is said.</param>
    public static KeySet Dates(string column, DateOnly first, DateOnly last, CalendarUnit? step = null) => Dates(column, Tree.Key(first), Tree.Key(last), step);

    /// <summary>Times from first to last.</summary>
    /// <param name="column">The partition column.</param>
    /// <param name="first">First key.</param>
    /// <param name="last">Last key; included.</param>
    /// <param name="step">Distance of two keys; the column's own where nothing is said.</param>
    public static KeySet Dates(string column, DateTimeOffset first, DateTimeOffset last, CalendarUnit? step = null) => Dates(column, Tree.Key(first), Tree.Key(last), step);

    /// <summary>The key columns of a public CSV file with a header.</summary>
    /// <param name="path">The path; <c>${name}</c> is a variable.</param>
    public static KeySet Csv(string path) => new("file", new YamlMap().Set("csv", Tree.Template(path)));

    /// <summary>The key columns of a public Parquet file.</summary>
    /// <param name="path">The path; <c>${name}</c> is a variable.</param>
    public static KeySet Parquet(string path) => new("file", new YamlMap().Set("parquet", Tree.Template(path)));

    /// <summary>The key columns of a public Arrow file.</summary>
    /// <param name="path">The path; <c>${name}</c> is a variable.</param>
    public static KeySet Arrow(string path) => new("file", new YamlMap().Set("arrow", Tree.Template(path)));

    /// <summary>Every combination of the keys of several keysets with different columns.</summary>
    /// <param name="parts">The keysets.</param>
    public static KeySet Cross(params IReadOnlyList<KeySet> parts) => new("cross", Tree.List(parts.Select(p => p.Node)));

    private static KeySet Dates(string column, YamlNode first, YamlNode last, CalendarUnit? step)
    {
        var map = new YamlMap().Set(column, Tree.List([first, last]));
        return new("dates", step is { } unit ? map.Set("step", Tree.Word(unit.ToString().ToLowerInvariant())) : map);
    }
}
