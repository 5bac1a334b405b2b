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
        foreach (var (columns, paths) in Layouts())
        {
            var part = SparkFormats.Csv(columns, paths.Select(Escape), _csv, Schema);
            all = all is null ? part : all.Union(part);
        }

        return all!;
    }

    /// <summary>The files by the order of their columns, which may differ from file to file.</summary>
    private IEnumerable<(IReadOnlyList<string> Columns, List<string> Paths)> Layouts()
    {
        if (!_csv.Header)
        {
            return [([.. _columns.Select(c => c.SourceName)], [.. _files.Select(f => f.Path)])];
        }

        var layouts = new List<(IReadOnlyList<string> Columns, List<string> Paths)>();
        foreach (var file in _files)
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
}
