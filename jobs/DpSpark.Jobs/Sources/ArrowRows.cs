using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;

namespace DpSpark.Jobs.Sources;

/// <summary>An Arrow IPC file (pieces of several batches, read in parallel) or stream (one piece) as rows. Which of the two it is, the first bytes tell.</summary>
internal static class ArrowRows
{
    private const int PiecesPerFile = 16;

    private static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    public static FileRows Open(InputFile file, IReadOnlyList<ColumnSpec> columns, IReadOnlyList<string> names)
    {
        using var stream = OpenStream(file);
        if (!IsFile(stream))
        {
            using var reader = new ArrowStreamReader(stream);
            var projection = Check(file, reader.Schema, columns, names);
            return new FileRows(projection.Schema, null, [new StreamSplit(file, projection)]);
        }

        using var opened = new ArrowFileReader(stream);
        var projected = Check(file, opened.Schema, columns, names);
        var pieces = Math.Min(opened.BatchCount, PiecesPerFile);
        if (pieces == 0)
        {
            return new FileRows(projected.Schema, 0, []);
        }

        var shared = new SharedFile<ArrowFileReader>(file, () => new ArrowFileReader(OpenStream(file)), pieces);
        var batches = opened.BatchCount;
        return new FileRows(projected.Schema, null,
            [.. Enumerable.Range(0, pieces).Select(i => new FileSplit(shared, projected, (int)((long)batches * i / pieces), (int)((long)batches * (i + 1) / pieces)))]);
    }

    private static bool IsFile(FileStream stream)
    {
        Span<byte> start = stackalloc byte[6];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return start[..read].SequenceEqual(Magic);
    }

    private static Projection Check(InputFile file, Schema schema, IReadOnlyList<ColumnSpec> columns, IReadOnlyList<string> names)
    {
        ContractCheck.Check(file.Name, schema, columns, isText: false);
        var indices = names.Select(schema.IndexOf).ToArray();
        return new Projection(new Schema([.. indices.Select(i => schema.Fields[i])]), indices);
    }

    private static FileStream OpenStream(InputFile file) => new(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);

    /// <summary>Keeps the wanted columns of a batch.</summary>
    private sealed record Projection(Schema Schema, int[] Indices)
    {
        public RecordBatch Of(RecordBatch batch) => new(Schema, [.. Indices.Select(i => batch.Columns[i])], batch.Length, batch.Dispose);
    }

    private sealed class FileSplit(SharedFile<ArrowFileReader> shared, Projection projection, int first, int end) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            try
            {
                for (var i = first; i < end; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield return projection.Of(shared.Use(f => f.ReadBatch(i)));
                }
            }
            finally
            {
                shared.Leave();
            }
        }
    }

    private sealed class StreamSplit(InputFile file, Projection projection) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            using var reader = FileFaults.Guard(file, () => new ArrowStreamReader(OpenStream(file)));
            while (FileFaults.Guard(file, reader.ReadNext) is { } batch)
            {
                yield return projection.Of(batch);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
