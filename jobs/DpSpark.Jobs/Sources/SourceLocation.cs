using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Sources;

/// <summary>Where the rows of a job are.</summary>
/// <param name="Format">Format of every file.</param>
/// <param name="Paths">Files, folders and globs.</param>
/// <param name="BaseFolder">What relative paths are relative to: the manifest's folder.</param>
/// <param name="Csv">Layout of csv files; null for the default.</param>
public sealed record SourceLocation(FileKind Format, IReadOnlyList<string> Paths, string BaseFolder, CsvOptions? Csv = null);
