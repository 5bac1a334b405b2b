using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Spark;

/// <summary>How Spark reads the files of each format, so that our code sees in them what the local engine sees.</summary>
internal static class SparkFormats
{
    private const string Broken = "dp_broken";

    // No text of a file is this: Spark gives it to fields without any character and turns it into null.
    private const string NoText = "\u0001dp\u0001";

    /// <summary>The columns of a source whose every value is text.</summary>
    public static Schema TextSchema(IReadOnlyList<ColumnSpec> columns) => new([.. columns.Select(c => c.SourceName).Distinct(StringComparer.Ordinal).Select(n => new Field(n, ArrowType.Utf8))]);

    /// <summary>A path in which no character is a pattern.</summary>
    public static string Literal(string path)
    {
        var text = new System.Text.StringBuilder();
        foreach (var c in path)
        {
            if (c is '*' or '?' or '[' or ']' or '{' or '}' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        return text.ToString();
    }

    /// <summary>Parquet files of one schema.</summary>
    public static SparkRelation Parquet(IEnumerable<string> paths, Schema wanted) => ParquetFiles(paths).Select([.. wanted.Fields.Select(Typed)]);

    /// <summary>Parquet files with all their columns.</summary>
    public static SparkRelation ParquetFiles(IEnumerable<string> paths) =>
        SparkRelation.Read("parquet", paths, new Dictionary<string, string> { ["recursiveFileLookup"] = "true", ["mergeSchema"] = "false" });

    /// <summary>JSON, one object a line. Every value comes as the text that stands in the file, so that the contract's type is read from it by the same code, and with the same policies, as from csv.</summary>
    public static SparkRelation Json(IEnumerable<string> paths, Schema wanted)
    {
        var schema = wanted.Fields.Select(f => f.Name).Append(Broken).Select(n => new SparkField(n, new SparkType(SparkTypeKind.String))).ToArray();
        var read = SparkRelation.Read("json", paths, new Dictionary<string, string>
        {
            // Without `encoding`: then Spark parses bytes, and hands out numbers as they are written.
            ["lineSep"] = "\n",
            ["mode"] = "PERMISSIVE",
            ["columnNameOfCorruptRecord"] = Broken,
            ["allowNonNumericNumbers"] = "true",
            ["recursiveFileLookup"] = "true",
        }, schema);
        var fault = SparkFaults.Raise("DPS5212", ExitCodes.Contract, "a line of the source is no JSON object.", "Rows are objects, one a line.", "write the file again, one complete object a line");
        return read.Select([.. wanted.Fields.Select((f, i) => (i == 0 ? Guarded(SparkColumn.Named(f.Name), fault) : SparkColumn.Named(f.Name)).As(f.Name))]);
    }

    /// <summary>The names in the first line of csv files.</summary>
    public static SparkRelation CsvHeader(IEnumerable<string> paths, CsvOptions csv)
    {
        var options = CsvSettings(csv);
        options.Remove("columnNameOfCorruptRecord");
        options["inferSchema"] = "false";
        return SparkRelation.Read("csv", paths, options);
    }

    /// <summary>Csv files of one order of columns, every field as text.</summary>
    /// <param name="columns">All columns, in the order of the file.</param>
    /// <param name="paths">The files.</param>
    /// <param name="csv">Their layout.</param>
    /// <param name="wanted">The columns that are read.</param>
    /// <param name="checkHeaders">Whether Spark holds the header of every file against the columns; otherwise that was done before.</param>
    /// <param name="isLines">Whether no field holds a line break, so that a file can be read in several pieces.</param>
    public static SparkRelation Csv(IReadOnlyList<string> columns, IEnumerable<string> paths, CsvOptions csv, Schema wanted, bool checkHeaders = false, bool isLines = false)
    {
        var names = wanted.Fields.Select(f => f.Name).ToArray();
        var schema = columns.Select((c, i) => new SparkField(checkHeaders || names.Contains(c) ? c : "dp_other" + i, new SparkType(SparkTypeKind.String))).Append(new SparkField(Broken, new SparkType(SparkTypeKind.String))).ToArray();
        var options = CsvSettings(csv);
        options["enforceSchema"] = checkHeaders ? "false" : "true";
        if (isLines)
        {
            options["multiLine"] = "false";
        }

        var fault = SparkFaults.Raise("DPS5201", ExitCodes.Contract, "a line of the source has another number of fields than the columns say.",
            "A line that is cut or joined means that values stand in the wrong columns.", "write the file again, with quotes around fields that hold the delimiter");
        return SparkRelation.Read("csv", paths, options, schema).Select([.. names.Select((name, i) => (i == 0 ? Guarded(Value(name, csv.Null), fault) : Value(name, csv.Null)).As(name))]);
    }

    private static Dictionary<string, string> CsvSettings(CsvOptions csv) => new()
    {
        ["header"] = csv.Header ? "true" : "false",
        ["sep"] = csv.Delimiter.ToString(),
        ["quote"] = "\"",
        ["escape"] = "\"",
        ["encoding"] = "UTF-8",
        ["multiLine"] = "true",
        ["mode"] = "PERMISSIVE",
        ["columnNameOfCorruptRecord"] = Broken,
        ["columnPruning"] = "false",
        ["nullValue"] = NoText,
        ["emptyValue"] = "",
        ["ignoreLeadingWhiteSpace"] = "false",
        ["ignoreTrailingWhiteSpace"] = "false",
        ["recursiveFileLookup"] = "true",
    };

    /// <summary>A column as the contract's reader takes it; where Spark has no type of the file's, its nearest.</summary>
    private static SparkColumn Typed(Field field)
    {
        var name = SparkTypes.Quote(field.Name);
        return field.Type switch
        {
            { Kind: TypeKind.Int, IsSigned: false, BitWidth: 64 } => SparkColumn.Sql($"try_cast({name} AS bigint)").As(field.Name),
            { Kind: TypeKind.Timestamp, Unit: TimeUnit.Nanosecond } => SparkColumn.Sql($"timestamp_micros(({name} - pmod({name}, 1000L)) div 1000L)").As(field.Name),
            _ => SparkColumn.Named(field.Name),
        };
    }

    /// <summary>A field's text: no characters without quotes are the empty text, unless that is how the file writes null.</summary>
    private static SparkColumn Value(string name, string nullText) => nullText.Length == 0
        ? SparkColumn.Named(name)
        : SparkColumn.Call("nullif", SparkColumn.Call("coalesce", SparkColumn.Named(name), SparkColumn.Literal("")), SparkColumn.Literal(nullText));

    /// <summary>A column that fails the run where a record is broken. The text tells nothing of the record.</summary>
    private static SparkColumn Guarded(SparkColumn value, string fault) => SparkColumn.Call("if", SparkColumn.Call("isnotnull", SparkColumn.Named(Broken)),
        SparkColumn.Call("raise_error", SparkColumn.Literal(fault)), value);
}
