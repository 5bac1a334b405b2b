using System.Text.Json;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;

namespace DpSpark.Vectors.Formats;

/// <summary>Runs vectors of Arrow streams and files.</summary>
public static class ArrowVectors
{
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
    public static Verdict Run(VectorEntry entry) => Judge.Run(
        entry.Expect,
        () => entry.Text("kind") == "file" ? ReadFile(entry) : ReadStream(entry),
        Judge.Arrow);

    private static string? ReadStream(VectorEntry entry)
    {
        using var stream = File.OpenRead(entry.FullPath);
        using var reader = new ArrowStreamReader(stream, leaveOpen: true);
        var difference = Compare(entry, reader.Schema, Batches(reader));
        return difference is null && entry.Number("consumed") is { } consumed && stream.Position != consumed
            ? $"took {stream.Position} bytes, expected {consumed}"
            : difference;
    }

    /// <summary>Reads from disk and from memory: both must give the same.</summary>
    private static string? ReadFile(VectorEntry entry)
    {
        string? difference;
        using (var reader = new ArrowFileReader(File.OpenRead(entry.FullPath)))
        {
            difference = Compare(entry, reader.Schema, Enumerable.Range(0, reader.BatchCount).Select(reader.ReadBatch));
        }

        using var inMemory = new ArrowFileReader(File.ReadAllBytes(entry.FullPath));
        return difference ?? Compare(entry, inMemory.Schema, Enumerable.Range(0, inMemory.BatchCount).Select(inMemory.ReadBatch));
    }

    private static IEnumerable<RecordBatch> Batches(ArrowStreamReader reader)
    {
        while (reader.ReadNext() is { } batch)
        {
            yield return batch;
        }
    }

    /// <summary>Reads everything, also where the index says nothing of the content.</summary>
    private static string? Compare(VectorEntry entry, Schema schema, IEnumerable<RecordBatch> batches)
    {
        var difference = entry.Json.TryGetProperty("schema", out var expected) ? SchemaComparison.Difference(expected, schema) : null;
        var columns = ColumnComparison.For(entry);
        var lengths = new List<long>();
        foreach (var batch in batches)
        {
            using (batch)
            {
                lengths.Add(batch.Length);
                for (var i = 0; i < batch.Columns.Count; i++)
                {
                    if (i < columns.Length)
                    {
                        columns[i].Append(batch.Columns[i]);
                    }
                    else
                    {
                        using var digest = new ColumnDigest();
                        digest.Append(batch.Columns[i]);
                    }
                }
            }
        }

        foreach (var column in columns)
        {
            using (column)
            {
                difference ??= column.Finish();
            }
        }

        if (entry.Number("rows") is { } rows && rows != lengths.Sum())
        {
            difference ??= $"{lengths.Sum()} rows, expected {rows}";
        }

        return entry.Json.TryGetProperty("batchLengths", out var list) && !list.EnumerateArray().Select(e => e.GetInt64()).SequenceEqual(lengths)
            ? difference ?? "batch lengths differ"
            : difference;
    }
}
