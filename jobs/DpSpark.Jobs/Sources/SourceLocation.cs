using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Sources;

/// <summary>The formats that files of a source may have.</summary>
public enum SourceFormat
{
    /// <summary>Text with delimiters; gzip by its name.</summary>
    Csv,

    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Arrow IPC, stream or file.</summary>
    Arrow,
}

/// <summary>Where the rows of a job are.</summary>
/// <param name="Format">Format of every file.</param>
/// <param name="Paths">Files, folders and globs.</param>
/// <param name="BaseFolder">What relative paths are relative to: the manifest's folder.</param>
/// <param name="Csv">Layout of csv files; null for the default.</param>
public sealed record SourceLocation(SourceFormat Format, IReadOnlyList<string> Paths, string BaseFolder, CsvOptions? Csv = null);
