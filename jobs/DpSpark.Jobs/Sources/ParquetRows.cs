using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sources;

/// <summary>A Parquet file as rows: one piece per row group.</summary>
internal static class ParquetRows
{
    public static FileRows Open(InputFile file, IReadOnlyList<ColumnSpec> columns, IReadOnlyList<string> names)
    {
        using var opened = ParquetFile.Open(file.Path);
        ContractCheck.Check(file.Name, opened.Schema, columns, isText: false);
        var schema = new Schema([.. names.Select(n => opened.Schema.Fields[opened.Schema.IndexOf(n)])]);
        if (opened.RowGroups.Count == 0)
        {
            return new FileRows(schema, 0, []);
        }

        var shared = new SharedFile<ParquetFile>(file, () => ParquetFile.Open(file.Path), opened.RowGroups.Count);
        return new FileRows(schema, opened.RowCount, [.. opened.RowGroups.Select(g => new Split(shared, g.Index, names))]);
    }

    private sealed class Split(SharedFile<ParquetFile> shared, int group, IReadOnlyList<string> names) : IRowSplit
    {
        public IEnumerable<RecordBatch> ReadBatches(CancellationToken cancellationToken)
        {
            ParquetRowGroupReader? reader = null;
            try
            {
                reader = shared.Use(f => f.RowGroups[group].Open(f.Project(names)));
                while (shared.Use(_ => reader.Read()) is { } batch)
                {
                    yield return batch;
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                reader?.Dispose();
                shared.Leave();
            }
        }
    }
}
