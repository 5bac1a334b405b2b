using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>Units that times are cut to.</summary>
public enum CalendarUnit
{
    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day.</summary>
    Day,

    /// <summary>A month.</summary>
    Month,
}

/// <summary>A column of the partition key; a string is a column as it is.</summary>
public sealed class PartitionColumn
{
    private PartitionColumn(YamlNode node) => Node = node;

    internal YamlNode Node { get; }

    /// <summary>A column as it is.</summary>
    /// <param name="column">The column.</param>
    public static implicit operator PartitionColumn(string column) => new(Tree.Text(column));

    /// <summary>A time cut to its hour, day or month (UTC).</summary>
    /// <param name="column">The column.</param>
    /// <param name="to">The unit.</param>
    /// <param name="output">Name in the output; the column's where nothing is said.</param>
    public static PartitionColumn Truncate(string column, CalendarUnit to, string? output = null) =>
        Named(new YamlMap().Set("trunc", Tree.Text(column)).Set("to", Tree.Word(to.ToString().ToLowerInvariant())), output);

    /// <summary>A number put into bins; the key is the lower edge.</summary>
    /// <param name="column">The column.</param>
    /// <param name="edges">Rising edges, at least two: bins [a,b), the last one closed.</param>
    /// <param name="output">Name in the output; the column's where nothing is said.</param>
    public static PartitionColumn Bin(string column, IReadOnlyList<DpNumber> edges, string? output = null) =>
        Named(new YamlMap().Set("bin", Tree.Text(column)).Set("edges", Tree.List(edges.Select(Tree.Number))), output);

    /// <summary>A number put into bins of one width; the key is the lower edge.</summary>
    /// <param name="column">The column.</param>
    /// <param name="width">Width of a bin.</param>
    /// <param name="min">First edge.</param>
    /// <param name="max">Last edge.</param>
    /// <param name="output">Name in the output; the column's where nothing is said.</param>
    public static PartitionColumn Bin(string column, DpNumber width, DpNumber min, DpNumber max, string? output = null) =>
        Named(new YamlMap().Set("bin", Tree.Text(column)).Set("width", Tree.Number(width)).Set("min_value", Tree.Number(min)).Set("max_value", Tree.Number(max)), output);

    private static PartitionColumn Named(YamlMap map, string? output) => new(output is null ? map : map.Set("as", Tree.Text(output)));
}
