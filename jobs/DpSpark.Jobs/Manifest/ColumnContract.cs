using System.Globalization;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>The columns of a manifest while it is read. A column whose own entry is faulty is known by name, so that its uses are no further faults.</summary>
internal sealed class ColumnContract
{
    private static readonly string[] s_types = ["string", "bool", "int", "long", "float", "double", "decimal(p,s)", "date", "timestamp", "binary"];

    private readonly Dictionary<string, ColumnSpec?> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ManifestValue> _places = new(StringComparer.Ordinal);
    private readonly List<ColumnSpec> _columns = [];
    private readonly bool _given;

    private ColumnContract(bool given) => _given = given;

    /// <summary>The columns without fault, in manifest order.</summary>
    public IReadOnlyList<ColumnSpec> Columns => _columns;

    public static ColumnContract Read(ManifestValue? value)
    {
        if (value?.Entries("columns, each `name: type`") is not { } entries)
        {
            return new ColumnContract(given: false);
        }

        var contract = new ColumnContract(given: true);
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, entry) in entries)
        {
            var column = Names.Check(name, entry) ? ReadColumn(name, entry) : null;
            contract._byName[name] = column;
            contract._places[name] = entry;
            if (column is null)
            {
                continue;
            }

            contract._columns.Add(column);
            if (!sources.TryAdd(column.SourceName, name))
            {
                entry.Error(DiagnosticCatalog.DuplicateName, $"columns `{Printable.Text(sources[column.SourceName])}` and `{Printable.Text(name)}` both read `{Printable.Text(column.SourceName)}` of the source.",
                    "a column is read once; a job may use it several times under one name.", "remove one of them", "correct `from`");
            }
        }

        if (entries.Count == 0)
        {
            value.Error(DiagnosticCatalog.MissingKey, "`source.columns` names no column.", "the columns are a contract: drift of the source fails before any row is used.", "name the columns the job uses, e.g. `visitor_id: string`");
        }

        return contract;
    }

    /// <summary>The column of a name, or null: reported when it is not in the contract.</summary>
    public ColumnSpec? Find(string name, ManifestValue use)
    {
        if (!_given || _byName.TryGetValue(name, out var column) && column is null)
        {
            return null;
        }

        if (_byName.TryGetValue(name, out column))
        {
            return column;
        }

        var meant = Suggestions.For(name, [.. _byName.Keys]);
        use.Error(DiagnosticCatalog.UnknownColumn, $"column `{Printable.Text(name)}` is not in `source.columns`.{(meant is null ? "" : $" Did you mean `{Printable.Text(meant)}`?")}",
            "a job uses the columns of its contract only.", meant is null ? $"add `{Printable.Text(name)}: <type>` under `source.columns`" : $"write `{Printable.Text(meant)}`");
        return null;
    }

    /// <summary>The entry of a column, for faults about it.</summary>
    public ManifestValue PlaceOf(string name) => _places[name];

    /// <summary>Replaces a column, for policies that follow from other keys.</summary>
    public void Set(ColumnSpec column)
    {
        _byName[column.Name] = column;
        _columns[_columns.FindIndex(c => c.Name == column.Name)] = column;
    }

    private static ColumnSpec? ReadColumn(string name, ManifestValue entry)
    {
        if (!entry.IsMap)
        {
            return entry.Text("a type, or a map with `type`", "long") is { } shortType && ReadType(shortType, entry) is { } type
                ? new ColumnSpec { Name = name, SourceName = name, Type = type.Type, Precision = type.Precision, Scale = type.Scale }
                : null;
        }

        var section = entry.Section(ManifestKeys.Column)!;
        var typed = section.Require("type", "the type is part of the contract.", $"add e.g. `type: long` (types: {string.Join(", ", s_types)})");
        if (typed?.Text("a type", "long") is not { } text || ReadType(text, typed) is not { } read)
        {
            return null;
        }

        var column = new ColumnSpec { Name = name, SourceName = name, Type = read.Type, Precision = read.Precision, Scale = read.Scale };
        if (section.Get("from") is { } from && from.Text("a name in the source", "user") is { } source)
        {
            column = column with { SourceName = source };
        }

        if (section.Get("format") is { } format && format.Text("a date format", "yyyy-MM-dd") is { } pattern)
        {
            column = column with { Format = pattern };
            CheckFormat(column, format);
        }

        if (section.Get("nulls") is { } nulls && ReadPolicy(column, nulls, ["drop", "error", "keep"], "null") is { } nullPolicy)
        {
            column = column with { Nulls = nullPolicy.Policy, NullReplacement = nullPolicy.Replacement };
        }

        if (section.Get("nan") is { } nan && IsNumber(column, nan) && ReadPolicy(column, nan, ["drop", "error"], "NaN") is { } nanPolicy)
        {
            column = column with { NaN = nanPolicy.Policy, NaNReplacement = nanPolicy.Replacement };
        }

        if (section.Get("inf") is { } inf && IsNumber(column, inf) && inf.Word(["clamp", "drop", "error"]) is { } word)
        {
            column = column with { Infinity = PolicyOf(word) };
        }

        return column;
    }

    private static (ColumnType Type, int Precision, int Scale)? ReadType(string text, ManifestValue at)
    {
        if (text.StartsWith("decimal", StringComparison.Ordinal))
        {
            var parts = text["decimal".Length..].Trim();
            if (parts.StartsWith('(') && parts.EndsWith(')'))
            {
                var numbers = parts[1..^1].Split(',', StringSplitOptions.TrimEntries);
                if (numbers.Length == 2 && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var precision)
                    && int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var scale) && precision is >= 1 and <= 38 && scale <= precision)
                {
                    return (ColumnType.Decimal, precision, scale);
                }
            }

            at.Error(DiagnosticCatalog.ColumnTypeUnknown, $"`{Printable.Text(text)}` is not a decimal type.", "a decimal has 1 to 38 digits, of which 0 up to all are after the point.", "write e.g. `decimal(9,2)`");
            return null;
        }

        if (text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(char.IsAsciiLetterLower) && Enum.TryParse<ColumnType>(text, ignoreCase: true, out var type))
        {
            return (type, 0, 0);
        }

        var meant = text.ToLowerInvariant() switch
        {
            "integer" or "int32" or "i32" => "int",
            "int64" or "bigint" or "i64" => "long",
            "text" or "utf8" or "varchar" or "str" => "string",
            "boolean" => "bool",
            "float64" or "real" or "number" => "double",
            "float32" => "float",
            "datetime" => "timestamp",
            "bytes" => "binary",
            _ => Suggestions.For(text, s_types),
        };
        at.Error(DiagnosticCatalog.ColumnTypeUnknown, $"`{Printable.Text(text)}` is not a type.{(meant is null ? "" : $" Did you mean `{meant}`?")}", null, $"use one of {string.Join(", ", s_types)}");
        return null;
    }

    private static bool IsNumber(ColumnSpec column, ManifestValue at)
    {
        if (Types.IsNumeric(column.Type))
        {
            return true;
        }

        at.Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column.Name)}` is a {Types.Word(column.Type)}; NaN and infinities are for numbers.", null, "remove the key");
        return false;
    }

    private static (ValuePolicy Policy, string? Replacement)? ReadPolicy(ColumnSpec column, ManifestValue value, string[] words, string what)
    {
        if (!value.IsMap)
        {
            return value.Word(words) is { } word ? (PolicyOf(word), null) : null;
        }

        var section = value.Section(ManifestKeys.Replace)!;
        if (section.Require("replace", $"it is the value that stands for {what}.", "write `{ replace: 0 }`") is not { } replace || replace.Text("a value", "0") is not { } text)
        {
            return null;
        }

        var isNumber = column.Type is ColumnType.Float or ColumnType.Double or ColumnType.Decimal;
        if (isNumber ? ExactDecimal.TryParse(text, out _) : column.Type == ColumnType.Binary || KeyText.TryParse(column.Type, text, out _))
        {
            return (ValuePolicy.Replace, text);
        }

        replace.Error(DiagnosticCatalog.WrongType, $"`{Printable.Text(text)}` is not a {Types.Word(column.Type)}.", $"it stands for {what} in a column of that type.", $"write a {Types.Word(column.Type)}");
        return null;
    }

    private static void CheckFormat(ColumnSpec column, ManifestValue format)
    {
        if (column.Type is not (ColumnType.Date or ColumnType.Timestamp))
        {
            format.Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column.Name)}` is a {Types.Word(column.Type)}; `format` is for dates and timestamps.", null, "remove `format`", "change the type");
            return;
        }

        try
        {
            _ = new DateTime(2026, 11, 20, 5, 6, 7).ToString(column.Format, CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            format.Error(DiagnosticCatalog.WrongType, $"`{Printable.Text(column.Format!)}` is not a date format.", "formats are those of .NET: yyyy, MM, dd, HH, mm, ss, fff, tt.", "write e.g. `yyyy-MM-dd HH:mm:ss`");
        }
    }

    private static ValuePolicy PolicyOf(string word) => word switch
    {
        "drop" => ValuePolicy.Drop,
        "error" => ValuePolicy.Error,
        "keep" => ValuePolicy.Keep,
        _ => ValuePolicy.Clamp,
    };
}
