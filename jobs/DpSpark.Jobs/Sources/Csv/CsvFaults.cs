using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>The faults a CSV file may have. None of the messages holds a piece of the file: where a header is missing, its "names" are somebody's row.</summary>
internal static class CsvFaults
{
    [DoesNotReturn]
    public static void WrongFieldCount(string file, long line, int found, int expected) => throw new SourceFormatException("DPS5201", file, line,
        found > expected ? string.Create(CultureInfo.InvariantCulture, $"more than the expected {expected} fields.") : string.Create(CultureInfo.InvariantCulture, $"{found} of {expected} fields."),
        "Every line must have one field per column.", ["Check the delimiter of the source and the quoting of that line."]);

    [DoesNotReturn]
    public static void OpenQuote(string file, long line) => throw new SourceFormatException("DPS5202", file, line,
        "a quoted field that starts here is never closed.", "The file was cut off, or a quote inside the field is not doubled.", ["Write the file again with quotes doubled inside quoted fields."]);

    [DoesNotReturn]
    public static void TextAfterQuote(string file, long line) => throw new SourceFormatException("DPS5203", file, line,
        "text follows the closing quote of a field.", "A quote inside a quoted field must be doubled.", ["Write the file again with quotes doubled inside quoted fields."]);

    [DoesNotReturn]
    public static void FieldTooLong(string file, long line, int limit) => throw new SourceFormatException("DPS5204", file, line,
        string.Create(CultureInfo.InvariantCulture, $"a field is longer than {limit} bytes."), "Often a quote that is never closed, or a file that is not CSV.", ["Check the quoting of that line."]);

    [DoesNotReturn]
    public static void RecordTooLong(string file, long line, int limit) => throw new SourceFormatException("DPS5205", file, line,
        string.Create(CultureInfo.InvariantCulture, $"a record is longer than {limit} bytes."), "Often a file without line feeds, or one that is not CSV.", ["Check that lines end with a line feed."]);

    [DoesNotReturn]
    public static void MissingColumn(string file, string column) => throw new SourceFormatException("DPS5206", file, 1,
        $"no column '{column}' in the header.", "The columns of the manifest are a contract; names are compared exactly.",
        ["Correct the name, or say `from: name in the file`.", "If the file has no header line: `header: false`."]);

    [DoesNotReturn]
    public static void RepeatedColumn(string file, string? column) => throw new SourceFormatException("DPS5207", file, 1,
        column is null ? "the header names a column more than once." : $"the header names column '{column}' more than once.", "It is unclear which of them is meant.", ["Rename one of them in the file."]);

    [DoesNotReturn]
    public static void NoHeader(string file) => throw new SourceFormatException("DPS5208", file, 1,
        "the file is empty; a header line was expected.", null, ["Check that the file was written completely, or say `header: false`."]);

    [DoesNotReturn]
    public static void TooManyColumns(string file, int limit) => throw new SourceFormatException("DPS5209", file, 1,
        string.Create(CultureInfo.InvariantCulture, $"more than {limit} columns in the header."), "The file is probably not CSV.", ["Check the path of the source."]);

    [DoesNotReturn]
    public static void NotUtf8(string file) => throw new SourceFormatException("DPS5210", file, null,
        "the file is UTF-16 or UTF-32.", "CSV files are read as UTF-8.", ["Save the file as UTF-8."]);

    [DoesNotReturn]
    public static void DamagedGzip(string file, Exception? inner) => throw new SourceFormatException("DPS5211", file, null,
        "the gzip data is damaged or cut off.", null, ["Copy or write the file again."], inner);
}
