using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Spark;

/// <summary>
/// Files that this machine sees too, under the same paths as the executors. They are found, held against the contract and fingerprinted here, exactly as the local engine does, so a release
/// made on one engine replays on the other; their rows are read by Spark alone.
/// </summary>
internal sealed class SparkFiles : SparkSource
{
    private const string Broken = "dp_broken";

    // No text of a file is this: Spark gives it to fields without any character and turns it into null.
    private const string NoText = "\u0001dp\u0001";
    private readonly LocalSource _files;
    private readonly FileKind _format;
    private readonly CsvOptions _csv;
    private readonly IReadOnlyList<ColumnSpec> _columns;

    private SparkFiles(LocalSource files, FileKind format, CsvOptions csv, IReadOnlyList<ColumnSpec> columns)
    {
        _files = files;
        _format = format;
        _csv = csv;
        _columns = columns;
    }

    public override string Description => _files.Description;

    public override Schema Schema => _files.Schema;

    public override long? Bytes => _files.Files.Sum(f => f.Length);

    public override bool IsText => _format == FileKind.Csv;

    /// <summary>Finds the files.</summary>
    public static SparkFiles Open(RunRequest request)
    {
        var location = request.Source;
        var columns = request.Plan.Spec.Columns;
        var files = LocalSource.Open(location, columns, request.Threads);
        foreach (var file in files.Files)
        {
            // Spark leaves such files out without a word, whoever names them.
            if (Path.GetFileName(file.Path) is ['_' or '.', ..])
            {
                throw new DpSparkException("DPS6011", ExitCodes.Usage, $"source '{file.Name}' cannot be read by Spark.", "Spark skips files whose names begin with '_' or '.'.",
                    ["rename the file", "run with --engine local"]);
            }
        }

        return new SparkFiles(files, location.Format, location.Csv ?? new CsvOptions(), columns);
    }

    public override byte[] Fingerprint(int threads, CancellationToken cancellationToken) => _files.Fingerprint(threads, cancellationToken);

    public override void EnsureUnchanged() => _files.EnsureUnchanged();

    public override SparkRelation Rows() => _format == FileKind.Csv ? Text() : Parquet();

    /// <summary>A path as Spark's file systems read it: of this machine, and no pattern.</summary>
    internal static string Escape(string path)
    {
        var text = new System.Text.StringBuilder("file://");
        foreach (var c in path.Replace('\\', OperatingSystem.IsWindows() ? '/' : '\\'))
        {
            if (c is '*' or '?' or '[' or ']' or '{' or '}' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        return text.ToString();
    }

    private SparkRelation Parquet() => SparkRelation
        .Read("parquet", _files.Files.Select(f => Escape(f.Path)), new Dictionary<string, string> { ["recursiveFileLookup"] = "true", ["mergeSchema"] = "false" })
        .Select([.. Schema.Fields.Select(Typed)]);

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

    private SparkRelation Text()
    {
        SparkRelation? all = null;
        foreach (var (columns, paths) in Layouts())
        {
            var part = Text(columns, paths);
            all = all is null ? part : all.Union(part);
        }

        return all!;
    }

    /// <summary>The files by the order of their columns, which may differ from file to file.</summary>
    private IEnumerable<(IReadOnlyList<string> Columns, List<string> Paths)> Layouts()
    {
        if (!_csv.Header)
        {
            return [([.. _columns.Select(c => c.SourceName)], [.. _files.Files.Select(f => f.Path)])];
        }

        var layouts = new List<(IReadOnlyList<string> Columns, List<string> Paths)>();
        foreach (var file in _files.Files)
        {
            using var reader = FileFaults.Guard(file, () => CsvReader.Open(file.Path, [], _csv));
            var at = layouts.FindIndex(l => l.Columns.SequenceEqual(reader.FileColumns));
            if (at < 0)
            {
                layouts.Add((reader.FileColumns, [file.Path]));
            }
            else
            {
                layouts[at].Paths.Add(file.Path);
            }
        }

        return layouts;
    }

    private SparkRelation Text(IReadOnlyList<string> columns, IEnumerable<string> paths)
    {
        var wanted = Schema.Fields.Select(f => f.Name).ToArray();
        var schema = columns.Select((c, i) => new SparkField(wanted.Contains(c) ? c : "dp_other" + i, new SparkType(SparkTypeKind.String))).Append(new SparkField(Broken, new SparkType(SparkTypeKind.String))).ToArray();
        var read = SparkRelation.Read("csv", paths.Select(Escape), new Dictionary<string, string>
        {
            ["header"] = _csv.Header ? "true" : "false",
            ["enforceSchema"] = "true",
            ["sep"] = _csv.Delimiter.ToString(),
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
        }, schema);
        return read.Select([.. wanted.Select((name, i) => (i == 0 ? Guarded(Value(name)) : Value(name)).As(name))]);
    }

    /// <summary>A field's text: no characters without quotes are the empty text, unless that is how the file writes null.</summary>
    private SparkColumn Value(string name) => _csv.Null.Length == 0
        ? SparkColumn.Named(name)
        : SparkColumn.Call("nullif", SparkColumn.Call("coalesce", SparkColumn.Named(name), SparkColumn.Literal("")), SparkColumn.Literal(_csv.Null));

    /// <summary>A column that fails the run where a line has the wrong number of fields. The text tells nothing of the line.</summary>
    private static SparkColumn Guarded(SparkColumn value) => SparkColumn.Call("if", SparkColumn.Call("isnotnull", SparkColumn.Named(Broken)),
        SparkColumn.Call("raise_error", SparkColumn.Literal(SparkFaults.Raise("DPS5201", ExitCodes.Contract, "a line of the source has another number of fields than the columns say.",
            "A line that is cut or joined means that values stand in the wrong columns.", "write the file again, with quotes around fields that hold the delimiter"))), value);
}
