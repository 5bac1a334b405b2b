using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Jobs.Sources;

/// <summary>A csv file as rows of text.</summary>
internal static class CsvRows
{
    private const long BytesPerSplit = 8 << 20;
    private const int BytesPerRowGuess = 40;
    private const int GzipGuess = 4;

    public static FileRows Open(InputFile file, CsvOptions options, IReadOnlyList<ColumnSpec> columns, IReadOnlyList<string> names, int threads)
    {
        if (options.Header)
        {
            using var header = CsvReader.Open(OpenStream(file), file.Name, IsGzip(file), [], options);
            ContractCheck.Check(file.Name, new Schema([.. header.FileColumns.Select(c => new Field(c, ArrowType.Utf8))]), columns, isText: true);
        }

        // Parsing is what takes time: several threads take blocks from one reader, and several rows of the contract may come from one column.
        var bytes = file.Length * (IsGzip(file) ? GzipGuess : 1);
        var pieces = (int)Math.Clamp(bytes / BytesPerSplit, 1, Math.Max(1, threads));
        IReadOnlyList<string>? fileColumns = options.Header ? null : [.. columns.Select(c => c.SourceName)];
        var shared = new SharedFile<CsvReader>(file, () => CsvReader.Open(OpenStream(file), file.Name, IsGzip(file), names, options, fileColumns), pieces);
        return new FileRows(new Schema([.. names.Select(n => new Field(n, ArrowType.Utf8))]), bytes / BytesPerRowGuess, [.. Enumerable.Range(0, pieces).Select(_ => new Split(shared))]);
    }

    private static bool IsGzip(InputFile file) => file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static FileStream OpenStream(InputFile file) => new(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);

    private sealed class Split(SharedFile<CsvReader> shared) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            try
            {
                while (shared.Use(r => r.Read(cancellationToken)) is { } batch)
                {
                    yield return batch;
                }
            }
            finally
            {
                shared.Leave();
            }
        }
    }
}
