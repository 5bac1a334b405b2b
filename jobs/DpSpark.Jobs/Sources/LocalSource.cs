using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Sources;

/// <summary>Files of this machine as rows for the engine. Opening it reads schemas and headers only; rows are decoded when the engine asks for them.</summary>
public sealed class LocalSource : IRunSource
{
    private LocalSource(IReadOnlyList<InputFile> files, Schema schema, long? estimatedRows, IReadOnlyList<IRowSplit> splits)
    {
        Files = files;
        Schema = schema;
        EstimatedRows = estimatedRows;
        Splits = splits;
    }

    /// <summary>The files, in name order.</summary>
    public IReadOnlyList<InputFile> Files { get; }

    /// <inheritdoc/>
    public Schema Schema { get; }

    /// <inheritdoc/>
    public long? EstimatedRows { get; }

    /// <inheritdoc/>
    public IReadOnlyList<IRowSplit> Splits { get; }

    /// <inheritdoc/>
    public string Description => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Files.Count} {(Files.Count == 1 ? "file" : "files")}");

    /// <inheritdoc/>
    public byte[] Fingerprint(int threads, CancellationToken cancellationToken) => InputFingerprint.Compute(Files, threads, cancellationToken);

    /// <inheritdoc/>
    public void EnsureUnchanged() => InputFingerprint.EnsureUnchanged(Files);

    /// <summary>Finds the files, and holds the schema of each against the contract.</summary>
    /// <param name="location">Where the rows are.</param>
    /// <param name="columns">The column contract; only these columns are read.</param>
    /// <param name="threads">Threads that will read; decides into how many pieces text files are cut.</param>
    /// <exception cref="DpSparkException">No file, an unreadable or damaged one, or a schema that breaks the contract.</exception>
    public static LocalSource Open(SourceLocation location, IReadOnlyList<ColumnSpec> columns, int threads)
    {
        if (location.Format is FileKind.Json or FileKind.Table or FileKind.Sql)
        {
            throw new DpSparkException("DPS6021", ExitCodes.Usage, $"a source of kind {location.Format.ToString().ToLowerInvariant()} is read only on Spark.", "The local engine reads csv, parquet and arrow files.",
                ["run the job on Spark, with --remote or ./spark-submit.sh", "write the rows as parquet or csv"]);
        }

        var files = InputFiles.Find(location.Paths, location.BaseFolder);
        var names = columns.Select(c => c.SourceName).Distinct(StringComparer.Ordinal).ToArray();
        var opened = new FileRows[files.Count];
        for (var i = 0; i < files.Count; i++)
        {
            var file = files[i];
            opened[i] = FileFaults.Guard(file, () => location.Format switch
            {
                FileKind.Csv => CsvRows.Open(file, location.Csv ?? new Csv.CsvOptions(), columns, names, threads),
                FileKind.Parquet => ParquetRows.Open(file, columns, names),
                _ => ArrowRows.Open(file, columns, names),
            });
            EnsureSameTypes(files[0], opened[0].Schema, file, opened[i].Schema);
        }

        long? rows = opened.All(o => o.EstimatedRows is not null) ? opened.Sum(o => o.EstimatedRows!.Value) : null;
        return new LocalSource(files, opened[0].Schema, rows, [.. opened.SelectMany(o => o.Splits)]);
    }

    private static void EnsureSameTypes(InputFile first, Schema expected, InputFile file, Schema found)
    {
        for (var i = 0; i < expected.Fields.Count; i++)
        {
            if (!expected.Fields[i].Type.Equals(found.Fields[i].Type))
            {
                throw new SourceFormatException("DPS5106", file.Name, null,
                    $"column '{found.Fields[i].Name}' is {PhysicalTypes.Describe(found.Fields[i].Type)} here and {PhysicalTypes.Describe(expected.Fields[i].Type)} in {first.Name}.",
                    "The files of one source have one schema.", ["write the files again with one type", "release them as two jobs if they mean different things"]);
            }
        }
    }
}

/// <summary>One file as rows.</summary>
/// <param name="Schema">The wanted columns, in the order of their batches.</param>
/// <param name="EstimatedRows">Rows, or a guess, or null.</param>
/// <param name="Splits">Pieces that can be read in parallel.</param>
internal sealed record FileRows(Schema Schema, long? EstimatedRows, IReadOnlyList<IRowSplit> Splits);
