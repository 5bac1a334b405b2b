using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>partition_by</c>.</summary>
internal static class PartitionSection
{
    /// <summary>Bins of one column, at most: each edge is part of the plan.</summary>
    private const int MaxBins = 100_000;

    /// <returns>The columns; null when any is faulty.</returns>
    public static IReadOnlyList<PartitionColumnSpec>? Read(ManifestValue value, ColumnContract contract)
    {
        if (value.Items("a list of columns") is not { } items)
        {
            return null;
        }

        var columns = new List<PartitionColumnSpec>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var sound = true;
        foreach (var item in items)
        {
            if (ReadOne(item, contract) is not { } column)
            {
                sound = false;
                continue;
            }

            if (!names.Add(column.Name))
            {
                item.Error(DiagnosticCatalog.DuplicateName, $"partition column `{Printable.Text(column.Name)}` is given twice.", "each is a column of the output; names that differ only in case are one for many readers.", "remove one of them", "add `as: <another name>`");
                sound = false;
            }

            columns.Add(column);
        }

        return sound ? columns : null;
    }

    private static PartitionColumnSpec? ReadOne(ManifestValue item, ColumnContract contract)
    {
        if (item.IsScalar)
        {
            return item.Text("a column", "weekday") is { } name && contract.Find(name, item) is { } column ? Identity(column, item) : null;
        }

        var isBin = item.Node is Yaml.YamlMap map && map.Find("bin") is not null;
        return item.Section(isBin ? ManifestKeys.Bin : ManifestKeys.Truncation) is not { } section ? null
            : isBin ? ReadBin(section, contract)
            : ReadTruncation(section, contract);
    }

    private static PartitionColumnSpec? Identity(ColumnSpec column, ManifestValue item)
    {
        ColumnType? type = column.Type switch
        {
            ColumnType.Int or ColumnType.Long => ColumnType.Long,
            ColumnType.String or ColumnType.Bool or ColumnType.Date or ColumnType.Timestamp => column.Type,
            _ => null,
        };
        if (type is { } keyType)
        {
            return new PartitionColumnSpec { Name = column.Name, Column = column.Name, KeyType = keyType, NullIsKey = column.Nulls == ValuePolicy.Keep };
        }

        var name = Printable.Text(column.Name);
        if (Types.IsNumeric(column.Type))
        {
            item.Error(DiagnosticCatalog.TypeMisuse, $"`{name}` is a {Types.Word(column.Type)}; partition columns are string, int, long, bool, date or timestamp.", "nearly every value would be a partition of its own.",
                $"put the numbers into bins: `{{ bin: {name}, width: 10, min_value: 0, max_value: 100 }}`");
        }
        else
        {
            item.Error(DiagnosticCatalog.TypeMisuse, $"`{name}` is binary; partition columns are string, int, long, bool, date or timestamp.", null, "declare the column as string");
        }

        return null;
    }

    private static PartitionColumnSpec? ReadTruncation(SectionReader section, ColumnContract contract)
    {
        if (section.HasUnknown && !section.Has("trunc"))
        {
            return null;
        }

        var value = section.Require("trunc", "an item is a column, `{ trunc: … }` or `{ bin: … }`.", "write `{ trunc: visited_at, to: hour }`");
        var to = section.Require("to", "it says how far times are cut.", "add `to: hour`, `to: day` or `to: month`")?.Word(["hour", "day", "month"]);
        var column = value?.Text("a column", "visited_at") is { } name ? contract.Find(name, value) : null;
        var output = OutputName(section, column);
        if (column is null || to is null || output is null)
        {
            return null;
        }

        if (column.Type is not (ColumnType.Date or ColumnType.Timestamp) || (to == "hour" && column.Type == ColumnType.Date))
        {
            value!.Error(DiagnosticCatalog.TypeMisuse, $"`{Printable.Text(column.Name)}` is a {Types.Word(column.Type)}; it cannot be cut to the {to}.", to == "hour" ? "hours are cut from timestamps." : "days and months are cut from dates and timestamps.",
                "declare the column as timestamp", column.Type == ColumnType.Date ? "write `to: day`" : "name the column itself in `partition_by`");
            return null;
        }

        return new PartitionColumnSpec
        {
            Name = output,
            Column = column.Name,
            Transform = to switch { "hour" => PartitionTransform.TruncateToHour, "day" => PartitionTransform.TruncateToDay, _ => PartitionTransform.TruncateToMonth },
            KeyType = to == "hour" ? ColumnType.Timestamp : ColumnType.Date,
            NullIsKey = column.Nulls == ValuePolicy.Keep,
        };
    }

    private static PartitionColumnSpec? ReadBin(SectionReader section, ColumnContract contract)
    {
        var value = section.Get("bin")!;
        var column = value.Text("a column", "age") is { } name ? contract.Find(name, value) : null;
        var output = OutputName(section, column);
        var edges = ReadEdges(section);
        if (column is null || output is null || edges is null)
        {
            return null;
        }

        if (!Types.IsNumeric(column.Type))
        {
            value.Error(DiagnosticCatalog.TypeMisuse, $"`{Printable.Text(column.Name)}` is a {Types.Word(column.Type)}; bins are for numbers.", null, "name the column itself in `partition_by`", "declare it as a number");
            return null;
        }

        var whole = column.Type is ColumnType.Int or ColumnType.Long && edges.All(e => e.Scale == 0 && e.Unscaled >= long.MinValue && e.Unscaled <= long.MaxValue);
        return new PartitionColumnSpec
        {
            Name = output,
            Column = column.Name,
            Transform = PartitionTransform.Bin,
            Edges = [.. edges.Select(e => e.ToString())],
            KeyType = whole ? ColumnType.Long : ColumnType.Double,
            NullIsKey = column.Nulls == ValuePolicy.Keep,
        };
    }

    /// <summary>Edges of bins: given, or made of a width between two bounds.</summary>
    internal static List<ExactDecimal>? ReadEdges(SectionReader section, string what = "bin")
    {
        var width = section.Get("width");
        if (section.Get("edges") is not { } list)
        {
            return width is null ? Missing() : EdgesOfWidth(section, width);
        }

        foreach (var other in section.Present("width", "min_value", "max_value"))
        {
            section.Get(other)!.Error(DiagnosticCatalog.Exclusive, $"`{other}` does not go with `edges`.", "the edges say it all.", $"remove `{other}`", "remove `edges`");
        }

        if (list.Items("a list of numbers") is not { } items)
        {
            return null;
        }

        var edges = new List<ExactDecimal>(items.Count);
        foreach (var item in items)
        {
            if (item.Number("10") is not { } edge || !Bounds.InRange(edge, item))
            {
                return null;
            }

            if (edges.Count > 0 && edge.ToDouble() <= edges[^1].ToDouble())
            {
                item.Error(DiagnosticCatalog.Bins, $"edge {edge} does not lie above {edges[^1]}.", "edges rise, so that every value has one bin.", "sort the edges and remove repeated ones");
                return null;
            }

            edges.Add(edge);
        }

        if (edges.Count is >= 2 and <= MaxBins + 1)
        {
            return edges;
        }

        list.Error(DiagnosticCatalog.Bins, edges.Count < 2 ? "bins need at least two edges." : $"there are more than {MaxBins} bins.", "bin i goes from edge i up to edge i+1.", "write e.g. `edges: [0, 18, 65, 120]`");
        return null;

        List<ExactDecimal>? Missing()
        {
            section.Error(DiagnosticCatalog.Bins, $"`{what}` needs `edges`, or `width` with `min_value` and `max_value`.", "bins are part of what is public about the release.", "write e.g. `edges: [0, 18, 65, 120]`", "`width: 10, min_value: 0, max_value: 100`");
            return null;
        }
    }

    private static List<ExactDecimal>? EdgesOfWidth(SectionReader section, ManifestValue widthValue)
    {
        var width = widthValue.Number("10");
        var minimum = section.Require("min_value", "bins of one width start there.", "add `min_value: 0`")?.Number("0");
        var maximum = section.Require("max_value", "bins of one width end there.", "add `max_value: 100`")?.Number("100");
        if (width is not { } w || minimum is not { } first || maximum is not { } last || !Bounds.InRange(w, widthValue) || !Bounds.InRange(first, section.Get("min_value")!) || !Bounds.InRange(last, section.Get("max_value")!))
        {
            return null;
        }

        if (w.Sign <= 0)
        {
            widthValue.Error(DiagnosticCatalog.Bins, $"the width of the bins is {w}; it lies above 0.", null, "write e.g. `width: 10`");
            return null;
        }

        if (last <= first)
        {
            section.Get("max_value")!.Error(DiagnosticCatalog.BoundsReversed, $"max_value {last} does not lie above min_value {first}.", "bins go from min_value to max_value.", "swap them");
            return null;
        }

        var scale = Math.Max(w.Scale, Math.Max(first.Scale, last.Scale));
        var ten = BigInteger.Pow(10, scale);
        var step = (w.ToRational().Numerator * ten) / w.ToRational().Denominator;
        var span = ((last - first).ToRational().Numerator * ten) / (last - first).ToRational().Denominator;
        var count = (span + step - 1) / step;
        if (count > MaxBins)
        {
            widthValue.Error(DiagnosticCatalog.Bins, $"there are more than {MaxBins} bins.", "each is a partition; that many would be nearly empty.", "make the bins wider");
            return null;
        }

        var edges = new List<ExactDecimal>((int)count + 1);
        for (var edge = first; edge < last; edge += w)
        {
            edges.Add(edge);
        }

        edges.Add(last);
        for (var i = 1; i < edges.Count; i++)
        {
            if (edges[i].ToDouble() <= edges[i - 1].ToDouble())
            {
                widthValue.Error(DiagnosticCatalog.Bins, "the bins are narrower than numbers of this size can tell apart.", null, "make the bins wider");
                return null;
            }
        }

        return edges;
    }

    private static string? OutputName(SectionReader section, ColumnSpec? column)
    {
        if (section.Get("as") is not { } value)
        {
            return column?.Name;
        }

        return value.Text("a name", "hour") is { } name && Names.Check(name, value) ? name : null;
    }
}
