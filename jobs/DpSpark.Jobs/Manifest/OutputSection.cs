using DpSpark.Core.Parameters;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Quality;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads <c>output</c>, <c>ledger</c> and <c>on_late_data</c>.</summary>
internal static class OutputSection
{
    private const string DefaultPath = "out/";

    public static (OutputSettings Settings, ExactDecimal? Level, bool NonNegative)? Read(SectionReader? section)
    {
        if (section is null)
        {
            return (new OutputSettings { Path = DefaultPath }, null, false);
        }

        var sound = true;
        var settings = new OutputSettings { Path = DefaultPath };
        if (section.Get("path") is { } pathValue)
        {
            var path = pathValue.Text("a directory", DefaultPath);
            if (path is not null && (path.Trim().Length == 0 || path.Contains('\0', StringComparison.Ordinal)))
            {
                pathValue.Error(DiagnosticCatalog.SourcePath, "`output.path` is empty.", null, "name a directory, e.g. `out/`");
                path = null;
            }

            sound &= path is not null;
            settings = settings with { Path = path ?? DefaultPath };
        }

        if (section.Get("table") is { } tableValue)
        {
            var table = tableValue.Text("a table", "lake.pub.visits");
            if (table is not null && TableName.Parse(table) is not { Snapshot: null })
            {
                tableValue.Error(DiagnosticCatalog.SourcePath, $"`{Printable.Text(table)}` is not the name of a table.", "a name has parts of letters, digits and `_`, or of anything in backticks, with points between them.", "write e.g. `table: lake.pub.visits`");
                table = null;
            }
            else if (section.Present("path", "format") is [var other, ..])
            {
                section.Get(other)!.Error(DiagnosticCatalog.Exclusive, $"`output.{other}` does not go with `output.table`.", "a release appears in one place, and a table has its own format.", $"remove `{other}`");
                table = null;
            }

            sound &= table is not null;
            settings = settings with { Table = table };
        }

        if (section.Get("format") is { } format)
        {
            var word = format.Word(["parquet", "csv", "arrow"]);
            sound &= word is not null;
            settings = settings with { Format = word switch { "csv" => FileKind.Csv, "arrow" => FileKind.Arrow, _ => FileKind.Parquet } };
        }

        if (section.Get("mode") is { } mode)
        {
            var word = mode.Word(["error", "replace"], ["replace_partition"]);
            sound &= word is not null;
            settings = settings with { Mode = word == "replace" ? OutputMode.Replace : OutputMode.Error };
        }

        ExactDecimal? level = null;
        if (section.Get("ci") is { } ci)
        {
            level = ci.Number("0.95");
            if (level is { } l && (l.Sign <= 0 || l >= ExactDecimal.One))
            {
                ci.Error(DiagnosticCatalog.OutOfDomain, $"`output.ci` is {Printable.Text(l.ToString())}; a level lies between 0 and 1.", "it is the share of intervals that hold the bounded value.", "write e.g. `ci: 0.95`");
                level = null;
            }

            sound &= level is not null;
        }

        var nonNegative = false;
        if (section.Get("post") is { } post)
        {
            var items = post.Items("a list, e.g. `[non_negative]`");
            sound &= items is not null;
            foreach (var item in items ?? [])
            {
                var word = item.Word(["non_negative"]);
                sound &= word is not null;
                nonNegative |= word is not null;
            }
        }

        if (section.Get("quality")?.Section(ManifestKeys.Quality) is { } quality)
        {
            var rule = ReadQuality(quality, section.Has("ci"));
            sound &= rule is not null;
            settings = settings with { Quality = rule };
        }

        return sound ? (settings, level, nonNegative) : null;
    }

    private static QualityRule? ReadQuality(SectionReader section, bool hasIntervals)
    {
        if (!hasIntervals)
        {
            section.Error(DiagnosticCatalog.Exclusive, "`output.quality` needs `output.ci`.", "the condition looks at the error of each number, which `ci` adds.", "add e.g. `ci: 0.95`");
        }

        var per = section.Get("per") is { } perValue ? perValue.Word(["row", "aggregate"]) : "row";
        var value = section.Require("low_when", "it says when a number is of low quality.", "write `low_when: \"stddev > 0.5 * abs(value)\"`");
        if (value?.Text("a condition", "stddev > 0.5 * abs(value)") is not { } text || per is null)
        {
            return null;
        }

        try
        {
            return hasIntervals ? QualityRule.Parse(text, per == "aggregate") : null;
        }
        catch (QualitySyntaxException e)
        {
            value.ErrorInText(DiagnosticCatalog.Condition, e.Position, $"the condition cannot be read at character {e.Position + 1}: {e.Message}.",
                "it compares value, stddev, ci_low and ci_high by < <= > >= == !=, with + - * / abs min max, and or not.", "write e.g. `stddev > 0.5 * abs(value)`");
            return null;
        }
    }

    public static LedgerSettings? ReadLedger(SectionReader section)
    {
        var dataset = section.Require("dataset", "budgets are kept per data set.", "add `dataset: <name of the private data>`")?.Text("a name", "restaurant");
        var file = section.Get("file")?.Text("a file", "ledger.db");
        var purpose = section.Get("purpose")?.Text("a text", "open-data");
        TimeSpan? expires = null;
        if (section.Get("expires") is { } value && value.Text("a duration", "6h") is { } text)
        {
            expires = Duration(text);
            if (expires is null)
            {
                value.Error(DiagnosticCatalog.WrongType, $"`{Printable.Text(text)}` is not a duration.", "an open reservation expires after it.", "write a whole number above 0 and a unit: `90s`, `30m`, `6h`, `2d`");
            }
        }

        if (dataset is not null && (dataset.Trim().Length == 0 || dataset.Any(char.IsControl)))
        {
            section.Get("dataset")!.Error(DiagnosticCatalog.BadName, "`ledger.dataset` is empty or has control characters.", "budgets are kept per data set, under its name.", "write a name");
            return null;
        }

        return dataset is null ? null : new LedgerSettings { File = file, Dataset = dataset, Purpose = purpose, Expires = expires };
    }

    private static TimeSpan? Duration(string text)
    {
        if (text.Length < 2 || !int.TryParse(text[..^1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) || number is < 1 or > 1_000_000)
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}
