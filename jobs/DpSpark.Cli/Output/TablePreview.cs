using System.Globalization;
using System.Text;
using DpSpark.Arrow;

namespace DpSpark.Cli.Output;

/// <summary>The first rows of a released table as text.</summary>
internal static class TablePreview
{
    private const int MaxRows = 10;
    private const int MaxCell = 40;
    private const string ThinSpace = "\u2009";

    private static readonly NumberFormatInfo s_numbers = new() { NumberGroupSeparator = ThinSpace, NumberGroupSizes = [3] };

    /// <summary>Writes the rows.</summary>
    /// <param name="table">A released table.</param>
    /// <param name="writer">Receives the text.</param>
    public static void Write(RecordBatch table, TextWriter writer)
    {
        var shown = Math.Min(table.Length, MaxRows);
        var cells = table.Columns.Select(c => Enumerable.Range(0, shown).Select(r => Cell(c, r)).ToArray()).ToArray();
        var names = table.Schema.Fields.Select(f => Shorten(f.Name)).ToArray();
        var widths = names.Select((n, i) => Math.Max(n.Length, cells[i].Select(c => c.Length).DefaultIfEmpty().Max())).ToArray();
        var line = new StringBuilder();
        for (var row = -1; row < shown; row++)
        {
            line.Clear();
            for (var i = 0; i < names.Length; i++)
            {
                var cell = row < 0 ? names[i] : cells[i][row];
                line.Append("  ").Append(IsText(table.Columns[i]) ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]));
            }

            writer.WriteLine(line.ToString().TrimEnd());
        }

        if (table.Length > shown)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ... {Grouped(table.Length - shown)} more {(table.Length - shown == 1 ? "row" : "rows")}"));
        }
    }

    /// <summary>A whole number with thin spaces between its groups.</summary>
    public static string Grouped(long value) => value.ToString("N0", s_numbers);

    private static bool IsText(ArrowArray array) => array.Type.Kind is not (TypeKind.Int or TypeKind.FloatingPoint);

    private static string Cell(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return "null";
        }

        return array.Type.Kind switch
        {
            TypeKind.Int when array.Type.BitWidth == 64 => Grouped(array.ValuesAs<long>()[row]),
            TypeKind.Int when array.Type.BitWidth == 32 => Grouped(array.ValuesAs<int>()[row]),
            TypeKind.FloatingPoint when array.Type.BitWidth == 64 => Number(array.ValuesAs<double>()[row]),
            TypeKind.FloatingPoint when array.Type.BitWidth == 32 => Number(array.ValuesAs<float>()[row]),
            TypeKind.Bool => array.BoolAt(row) ? "true" : "false",
            TypeKind.Date => DateTime.UnixEpoch.AddDays(array.ValuesAs<int>()[row]).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            TypeKind.Timestamp => DateTime.UnixEpoch.AddTicks(array.ValuesAs<long>()[row] * 10).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            TypeKind.Utf8 => Shorten(Encoding.UTF8.GetString(array.BytesAt(row))),
            _ => "…",
        };
    }

    private static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return value.ToString(CultureInfo.InvariantCulture);
        }

        var decimals = Math.Abs(value) switch { 0 => 0, >= 10_000 => 0, >= 100 => 1, >= 1 => 2, >= 0.01 => 4, _ => -1 };
        return decimals < 0 ? value.ToString("G3", CultureInfo.InvariantCulture) : value.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), s_numbers);
    }

    private static string Shorten(string text)
    {
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (shown.Length >= MaxCell)
            {
                return shown.Append('…').ToString();
            }

            shown.Append(Rune.IsControl(rune) ? "\ufffd" : rune.ToString());
        }

        return shown.ToString();
    }
}
