using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest.Keysets;
using DpSpark.Jobs.Manifest.Yaml;
using DpSpark.Jobs.Quality;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Manifest;

/// <summary>A job that was read and found well-formed: where rows come from, what is released, where it goes and who pays.</summary>
public sealed record JobManifest
{
    /// <summary>Name of the manifest's file as the user gave it; null for a job made by code or text.</summary>
    public string? File { get; init; }

    /// <summary>Folder that relative paths of the job start from; absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>Name of the job.</summary>
    public string Name => Request.Name;

    /// <summary>Description for people; no part of the release.</summary>
    public string? Description { get; init; }

    /// <summary>Where rows come from.</summary>
    public required SourceSettings Source { get; init; }

    /// <summary>What is released and what it costs, validated for form.</summary>
    public required ReleaseRequest Request { get; init; }

    /// <summary>The keyset as written, or null; <see cref="ReleaseRequest.Keyset"/> holds its keys.</summary>
    public KeysetForm? Keyset { get; init; }

    /// <summary>Where the release goes.</summary>
    public required OutputSettings Output { get; init; }

    /// <summary>Who pays; null when the manifest names no ledger.</summary>
    public LedgerSettings? Ledger { get; init; }

    /// <summary>What happens when the input of an earlier release has changed.</summary>
    public LateDataPolicy OnLateData { get; init; }

    /// <summary>Variables that the job uses, with their values; built-in dates under their full names such as <c>run_date:monday</c>. Sorted by name.</summary>
    public IReadOnlyDictionary<string, string> Vars { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Date of the run, or null when none was given.</summary>
    public DateOnly? RunDate { get; init; }

    internal IReadOnlyDictionary<string, SourcePosition> Positions { get; init; } = new Dictionary<string, SourcePosition>();

    internal YamlMap Tree { get; init; } = new();

    /// <summary>The place of a key in the manifest, or of the nearest key around it; (0, 0) for a job made by code.</summary>
    /// <param name="path">Path such as <c>aggregates[1].max_value</c>.</param>
    public SourcePosition Locate(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (var rest = path; rest.Length > 0; rest = rest[..Math.Max(0, rest.LastIndexOfAny(['.', '[']))])
        {
            if (Positions.TryGetValue(rest, out var position))
            {
                return position;
            }
        }

        return Positions.GetValueOrDefault("");
    }

    /// <summary>A path of the manifest made absolute: relative to the manifest's folder. Addresses with a scheme (<c>s3a://…</c>) stay as they are.</summary>
    /// <param name="path">The path as written.</param>
    public string ResolvePath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Contains("://", StringComparison.Ordinal) ? path : System.IO.Path.GetFullPath(path, Folder);
    }

    /// <summary>
    /// The job as text in which comments, the order of keys, the spelling of numbers, descriptions, and the places of output and ledger leave no trace: equal texts ask for the same release.
    /// Lists keep their order. Variables are written out as their values.
    /// </summary>
    public string ToCanonicalText() => CanonicalJob.Write(this);

    /// <summary>The job as a manifest that reads back as this job.</summary>
    public string ToYaml() => YamlTreeWriter.Write(Tree);
}

/// <summary>A place in a text; line and column count from 1, 0 for none.</summary>
/// <param name="Line">Line.</param>
/// <param name="Column">Column.</param>
public readonly record struct SourcePosition(int Line, int Column);

/// <summary>Formats of files, and what else a source can be. Releases and keysets are in the first three.</summary>
public enum FileKind
{
    /// <summary>Comma-separated text.</summary>
    Csv,

    /// <summary>Parquet.</summary>
    Parquet,

    /// <summary>Arrow IPC, stream or file.</summary>
    Arrow,

    /// <summary>JSON, one object a line; a source on Spark.</summary>
    Json,

    /// <summary>A table of Spark's catalog; a source on Spark.</summary>
    Table,

    /// <summary>A query; a source on Spark.</summary>
    Sql,
}

/// <summary>Where rows come from.</summary>
public sealed record SourceSettings
{
    /// <summary>Format.</summary>
    public required FileKind Kind { get; init; }

    /// <summary>Files, folders and globs as written, variables replaced; relative to <see cref="JobManifest.Folder"/>. The name of a table, or the text of a query.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>Layout of CSV files.</summary>
    public CsvOptions Csv { get; init; } = new();
}

/// <summary>What to do when the output directory holds something.</summary>
public enum OutputMode
{
    /// <summary>Refuse.</summary>
    Error,

    /// <summary>Set it aside, move the new release in, then remove the old one.</summary>
    Replace,
}

/// <summary>Where the release goes. Intervals and post-processing are part of <see cref="ReleaseRequest"/>.</summary>
public sealed record OutputSettings
{
    /// <summary>Directory as written; relative to <see cref="JobManifest.Folder"/>. Has a scheme where only the cluster sees it. Not used where there is a table.</summary>
    public required string Path { get; init; }

    /// <summary>Table of Spark's catalog that the release appears in; null for a directory.</summary>
    public string? Table { get; init; }

    /// <summary>Format of the part files.</summary>
    public FileKind Format { get; init; } = FileKind.Parquet;

    /// <summary>What to do when the directory holds something.</summary>
    public OutputMode Mode { get; init; }

    /// <summary>When a released number is of low quality; null for no such column.</summary>
    public QualityRule? Quality { get; init; }
}

/// <summary>Who pays for the release.</summary>
public sealed record LedgerSettings
{
    /// <summary>Ledger file as written, relative to <see cref="JobManifest.Folder"/>; null when the command line names it.</summary>
    public string? File { get; init; }

    /// <summary>Data set that is charged.</summary>
    public required string Dataset { get; init; }

    /// <summary>What the release is for, or null. Another purpose is another release.</summary>
    public string? Purpose { get; init; }

    /// <summary>After which time an open reservation expires; null for the ledger's own.</summary>
    public TimeSpan? Expires { get; init; }
}

/// <summary>What happens when the same job was released and its input has changed since.</summary>
public enum LateDataPolicy
{
    /// <summary>Refuse.</summary>
    Refuse,

    /// <summary>Release again, charged again.</summary>
    ReleaseAgain,
}
