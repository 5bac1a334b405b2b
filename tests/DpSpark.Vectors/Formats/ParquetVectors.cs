using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Vectors.Formats;

/// <summary>Runs vectors of Parquet files.</summary>
public static class ParquetVectors
{
    /// <summary>The indexes give INT96 as nanoseconds.</summary>
    private static readonly ParquetReadOptions s_options = new() { Int96Unit = TimeUnit.Nanosecond };

    /// <summary>Runs every case of a folder.</summary>
    /// <param name="folder">Holds an <c>index.json</c>.</param>
    /// <param name="report">Receives the verdicts.</param>
    public static void Run(string folder, VectorReport report)
    {
        foreach (var entry in VectorIndex.Read(folder))
        {
            report.Add(entry.File, Run(entry));
        }
    }

    /// <summary>Runs one case.</summary>
    /// <param name="entry">The case.</param>
    /// <param name="change">Changes the options; must not change what is read.</param>
    public static Verdict Run(VectorEntry entry, Func<ParquetReadOptions, ParquetReadOptions>? change = null) =>
        Judge.Run(entry.Expect, () => Difference(entry, change?.Invoke(s_options) ?? s_options), Judge.Arrow);

    private static string? Difference(VectorEntry entry, ParquetReadOptions options)
    {
        using var file = ParquetFile.Open(entry.FullPath, options);
        if (entry.Number("rows") is { } rows && rows != file.RowCount)
        {
            return $"{file.RowCount} rows, expected {rows}";
        }

        if (entry.Json.TryGetProperty("rowGroupLengths", out var lengths)
            && !lengths.EnumerateArray().Select(l => l.GetInt64()).SequenceEqual(file.RowGroups.Select(g => g.RowCount)))
        {
            return "row groups differ";
        }

        // Where the index allows nested columns to be refused, the flat ones still have to be right.
        var columns = Enumerable.Range(0, file.Schema.Fields.Count).ToArray();
        var flat = columns.Where(c => file.Schema.Fields[c].Children.Count == 0).ToArray();
        var mayLeaveNested = entry.Json.TryGetProperty("flatOnlyAcceptable", out var flag) && flag.GetBoolean();
        return (entry.Json.TryGetProperty("schema", out var schema) ? SchemaComparison.Difference(schema, file.Schema) : null)
            ?? Columns(entry, file, flat)
            ?? (mayLeaveNested || flat.Length == columns.Length ? null : Columns(entry, file, [.. columns.Except(flat)]));
    }

    private static string? Columns(VectorEntry entry, ParquetFile file, int[] columns)
    {
        var all = ColumnComparison.For(entry);
        var wanted = all.Length == 0 ? [] : columns.Select(c => all[c]).ToArray();
        try
        {
            foreach (var batch in file.ReadBatches(columns))
            {
                using (batch)
                {
                    for (var c = 0; c < wanted.Length; c++)
                    {
                        wanted[c].Append(batch.Columns[c]);
                    }
                }
            }

            return wanted.Select(c => c.Finish()).FirstOrDefault(d => d is not null);
        }
        finally
        {
            foreach (var comparison in all)
            {
                comparison.Dispose();
            }
        }
    }
}
