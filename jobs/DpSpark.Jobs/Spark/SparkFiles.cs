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
    private const long SmallestCut = 16 << 20;
    private readonly IReadOnlyList<InputFile> _files;
    private readonly FileKind _format;
    private readonly CsvOptions _csv;
    private readonly IReadOnlyList<ColumnSpec> _columns;

    private SparkFiles(IReadOnlyList<InputFile> files, Schema schema, SourceLocation location, IReadOnlyList<ColumnSpec> columns)
    {
        _files = files;
        Schema = schema;
        _format = location.Format;
        _csv = location.Csv ?? new CsvOptions();
        _columns = columns;
    }

    public override string Description => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_files.Count} {(_files.Count == 1 ? "file" : "files")}");

    public override Schema Schema { get; }

    public override long? Bytes => _files.Sum(f => f.Length);

    public override bool IsText => _format != FileKind.Parquet;

    /// <summary>Finds the files.</summary>
    public static SparkFiles Open(RunRequest request)
    {
        var location = request.Source;
        var columns = request.Plan.Spec.Columns;
        SparkFiles source;
        if (location.Format == FileKind.Json)
        {
            // A line of JSON says by itself which fields it has: there is no schema to hold against the contract.
            source = new SparkFiles(InputFiles.Find(location.Paths, location.BaseFolder), SparkFormats.TextSchema(columns), location, columns);
        }
        else
        {
            var files = LocalSource.Open(location, columns, request.Threads);
            source = new SparkFiles(files.Files, files.Schema, location, columns);
        }

        foreach (var file in source._files)
        {
            // Spark leaves such files out without a word, whoever names them.
            if (Path.GetFileName(file.Path) is ['_' or '.', ..])
            {
                throw new DpSparkException("DPS6011", ExitCodes.Usage, $"source '{file.Name}' cannot be read by Spark.", "Spark skips files whose names begin with '_' or '.'.",
                    ["rename the file", "run with --engine local"]);
            }
        }

        return source;
    }

    public override byte[] Fingerprint(int threads, CancellationToken cancellationToken) => InputFingerprint.Compute(_files, threads, cancellationToken);

    public override void EnsureUnchanged() => InputFingerprint.EnsureUnchanged(_files);

    public override SparkRelation Rows() => _format switch
    {
        FileKind.Csv => Text(),
        FileKind.Json => SparkFormats.Json(_files.Select(f => Escape(f.Path)), Schema),
        _ => SparkFormats.Parquet(_files.Select(f => Escape(f.Path)), Schema),
    };

    /// <summary>A path as Spark's file systems read it: of this machine, and no pattern.</summary>
    internal static string Escape(string path) => "file://" + SparkFormats.Literal(path.Replace('\\', OperatingSystem.IsWindows() ? '/' : '\\'));

    private SparkRelation Text()
    {
        SparkRelation? all = null;
        foreach (var (columns, isLines, paths) in Layouts())
        {
            var part = SparkFormats.Csv(columns, paths.Select(Escape), _csv, Schema, isLines: isLines);
            all = all is null ? part : all.Union(part);
        }

        return all!;
    }

    /// <summary>The files by the order of their columns, which may differ from file to file, and by whether a large one can be read in pieces.</summary>
    private List<(IReadOnlyList<string> Columns, bool IsLines, List<string> Paths)> Layouts()
    {
        var layouts = new List<(IReadOnlyList<string> Columns, bool IsLines, List<string> Paths)>();
        foreach (var file in _files)
        {
            var (columns, isLines) = (ColumnsOf(file), IsLines(file));
            var at = layouts.FindIndex(l => l.IsLines == isLines && l.Columns.SequenceEqual(columns));
            if (at < 0)
            {
                layouts.Add((columns, isLines, [file.Path]));
            }
            else
            {
                layouts[at].Paths.Add(file.Path);
            }
        }

        return layouts;
    }

    private IReadOnlyList<string> ColumnsOf(InputFile file)
    {
        if (!_csv.Header)
        {
            return [.. _columns.Select(c => c.SourceName)];
        }

        using var reader = FileFaults.Guard(file, () => CsvReader.Open(file.Path, [], _csv));
        return reader.FileColumns;
    }

    /// <summary>Whether Spark may cut a file at its line breaks. A small file is one task anyway.</summary>
    private bool IsLines(InputFile file)
    {
        if (file.Length < SmallestCut || file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return FileFaults.Guard(file, () =>
        {
            using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            return CsvLines.EndRecords(stream, _csv.Delimiter);
        });
    }
}
