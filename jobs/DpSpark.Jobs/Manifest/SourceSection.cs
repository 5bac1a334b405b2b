using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>source</c>, and <c>csv</c>, <c>parquet</c> or <c>arrow</c> wherever they name files; on Spark also <c>json</c>, <c>table</c> and <c>sql</c>.</summary>
internal static class SourceSection
{
    private static readonly string[] s_files = ["csv", "parquet", "arrow"];
    private static readonly string[] s_sources = [.. s_files, "json", "table", "sql"];

    public static SourceSettings? Read(SectionReader source)
    {
        if (Read(source, s_sources) is not { } files)
        {
            return null;
        }

        return new SourceSettings { Kind = files.Kind, Paths = files.Paths, Csv = files.Csv };
    }

    /// <summary>The one of <c>csv</c>, <c>parquet</c>, <c>arrow</c> that a section has, with its paths; null after a fault.</summary>
    public static (FileKind Kind, IReadOnlyList<string> Paths, CsvOptions Csv)? ReadFiles(SectionReader section) => Read(section, s_files);

    private static (FileKind Kind, IReadOnlyList<string> Paths, CsvOptions Csv)? Read(SectionReader section, string[] kinds)
    {
        var present = section.Present(kinds);
        if (present.Count == 0)
        {
            if (!section.HasLater && !section.HasUnknown)
            {
                section.Error(DiagnosticCatalog.MissingKey, $"`{section.Path}` names no file.", kinds == s_files ? "rows come from csv, parquet or arrow files." : "rows come from csv, parquet or arrow files, on Spark also from json files, a table or a query.", "add `csv: data.csv`, `parquet: data/` or `arrow: data.arrow`");
            }

            return null;
        }

        if (present.Count > 1)
        {
            section.Get(present[1])!.Error(DiagnosticCatalog.Exclusive, $"`{section.Path}` has `{present[0]}` and `{present[1]}`; it takes one of them.", "a source has one format.", $"remove `{present[1]}`");
            return null;
        }

        var value = section.Get(present[0])!;
        var kind = present[0] switch { "csv" => FileKind.Csv, "parquet" => FileKind.Parquet, "json" => FileKind.Json, "table" => FileKind.Table, "sql" => FileKind.Sql, _ => FileKind.Arrow };
        if (kind is FileKind.Table or FileKind.Sql)
        {
            return ReadOne(kind, value) is { } one ? (kind, [one], new CsvOptions()) : null;
        }

        var csv = new CsvOptions();
        if (kind == FileKind.Csv && value.IsMap)
        {
            var layout = value.Section(ManifestKeys.Csv)!;
            csv = ReadLayout(layout);
            value = layout.Require("path", "it says where the file is.", "add `path: data.csv`");
        }

        if (value?.Items("a path or a list of paths", single: true) is not { } items)
        {
            return null;
        }

        var paths = new List<string>();
        foreach (var item in items)
        {
            if (item.Text("a path", "data/visits.csv") is not { } path)
            {
                return null;
            }

            if (path.Trim().Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            {
                item.Error(DiagnosticCatalog.SourcePath, "the path is empty.", null, "name a file, a folder or a glob");
                return null;
            }

            if (paths.Contains(path))
            {
                item.Error(DiagnosticCatalog.DuplicateName, $"`{Printable.Text(path)}` is listed twice.", "its rows would be read twice and every unit would contribute twice.", "remove one of them");
                return null;
            }

            paths.Add(path);
        }

        if (paths.Count == 0)
        {
            value.Error(DiagnosticCatalog.SourcePath, "the list of paths is empty.", null, "name a file, a folder or a glob");
            return null;
        }

        return (kind, paths, csv);
    }

    /// <summary>The name of a table, or a query.</summary>
    private static string? ReadOne(FileKind kind, ManifestValue value)
    {
        if (value.Text(kind == FileKind.Table ? "a table" : "a query", kind == FileKind.Table ? "lake.taxi.trips" : "SELECT …") is not { } text)
        {
            return null;
        }

        if (kind == FileKind.Table && TableName.Parse(text) is null)
        {
            value.Error(DiagnosticCatalog.SourcePath, $"`{Printable.Text(text)}` is not the name of a table.", "a name has parts of letters, digits and `_`, or of anything in backticks, with points between them.",
                "write e.g. `table: lake.taxi.trips`, or `table: lake.taxi.trips@8841` for one of its snapshots");
            return null;
        }

        if (text.Trim().Length == 0)
        {
            value.Error(DiagnosticCatalog.SourcePath, "the query is empty.", null, "write a SELECT");
            return null;
        }

        return text;
    }

    private static CsvOptions ReadLayout(SectionReader section)
    {
        var csv = new CsvOptions();
        if (section.Get("header")?.Flag() is { } header)
        {
            csv = csv with { Header = header };
        }

        if (section.Get("delimiter") is { } delimiter && delimiter.Text("one character", ";") is { } text)
        {
            var character = text == "\\t" ? "\t" : text;
            if (character.Length == 1 && char.IsAscii(character[0]) && character[0] is not ('"' or '\r' or '\n' or '\0'))
            {
                csv = csv with { Delimiter = character[0] };
            }
            else
            {
                delimiter.Error(DiagnosticCatalog.SourcePath, $"`{Printable.Text(text)}` cannot separate fields.", "it is one ASCII character other than a quote or a line break.", "write e.g. `\";\"` or `\"\\t\"`");
            }
        }

        if (section.Get("null") is { } nullText)
        {
            // `null: NULL` names the text NULL: YAML's own null has no other meaning here.
            csv = csv with { Null = nullText.Node is YamlScalar { IsNull: true } word ? word.Text : nullText.Text("the text of a null field", "NA") ?? "" };
        }

        return csv;
    }
}
