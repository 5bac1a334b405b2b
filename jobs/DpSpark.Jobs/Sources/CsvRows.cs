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
        var shared = new SharedReader(file, options, names, options.Header ? null : [.. columns.Select(c => c.SourceName)], pieces);
        return new FileRows(new Schema([.. names.Select(n => new Field(n, ArrowType.Utf8))]), bytes / BytesPerRowGuess, [.. Enumerable.Range(0, pieces).Select(_ => new Split(shared))]);
    }

    private static bool IsGzip(InputFile file) => file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static FileStream OpenStream(InputFile file) => new(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);

    /// <summary>One open file for several readers; opened by the first and closed by the last.</summary>
    private sealed class SharedReader(InputFile file, CsvOptions options, IReadOnlyList<string> names, IReadOnlyList<string>? fileColumns, int pieces)
    {
        private readonly Lock _gate = new();
        private CsvReader? _reader;
        private int _left = pieces;

        public RecordBatch? Read(CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                _reader ??= FileFaults.Guard(file, () => CsvReader.Open(OpenStream(file), file.Name, IsGzip(file), names, options, fileColumns));
            }

            try
            {
                return _reader.Read(cancellationToken);
            }
            catch (Exception e) when (FileFaults.Translate(file, e) is { } fault)
            {
                throw fault;
            }
        }

        public void Leave()
        {
            lock (_gate)
            {
                if (--_left == 0)
                {
                    _reader?.Dispose();
                }
            }
        }
    }

    private sealed class Split(SharedReader shared) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            try
            {
                while (shared.Read(cancellationToken) is { } batch)
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
