using DpSpark.Arrow;

namespace DpSpark.Tests.Core.Stages.Hosting;

/// <summary>Rows between steps, as a host's shuffle moves them: one by one, in any order, to the slice that their key chooses.</summary>
internal static class Slices
{
    /// <summary>Spreads rows over slices by the value of a column, in a random order and in batches of random sizes; null spreads rows anywhere.</summary>
    public static List<RecordBatch>[] Shuffle(Schema schema, IEnumerable<RecordBatch> batches, int slices, int? column, Random random)
    {
        var rows = batches.SelectMany(Rows).ToArray();
        random.Shuffle(rows);
        var target = new List<object[]>[slices];
        for (var i = 0; i < slices; i++)
        {
            target[i] = [];
        }

        var offset = random.Next();
        foreach (var row in rows)
        {
            var hash = column is { } c ? HashCode.Combine(row[c] is byte[] bytes ? Convert.ToHexString(bytes) : row[c], offset) : random.Next();
            target[(uint)hash % (uint)slices].Add(row);
        }

        return [.. target.Select(part => Cut(schema, part, random))];
    }

    /// <summary>Values of a batch, row by row.</summary>
    public static IEnumerable<object[]> Rows(RecordBatch batch)
    {
        for (var row = 0; row < batch.Length; row++)
        {
            yield return [.. batch.Columns.Select(c => ValueOf(c, row))];
        }
    }

    /// <summary>A batch of rows.</summary>
    public static RecordBatch Batch(Schema schema, IReadOnlyList<object[]> rows)
    {
        var columns = new ArrowArray[schema.Fields.Count];
        for (var c = 0; c < columns.Length; c++)
        {
            var values = rows.Select(r => r[c]);
            columns[c] = schema.Fields[c].Type.Kind switch
            {
                TypeKind.Int => ArrowArrays.Int64(values.Cast<long>().ToArray()),
                TypeKind.FloatingPoint => ArrowArrays.Double(values.Cast<double>().ToArray()),
                TypeKind.Utf8 => ArrowArrays.Utf8(values.Cast<string>()),
                _ => ArrowArrays.Binary(values.Cast<byte[]>()),
            };
        }

        return new RecordBatch(schema, columns, rows.Count);
    }

    private static List<RecordBatch> Cut(Schema schema, List<object[]> rows, Random random)
    {
        var batches = new List<RecordBatch>();
        for (var at = 0; at < rows.Count;)
        {
            var count = Math.Min(rows.Count - at, random.Next(1, 700));
            batches.Add(Batch(schema, rows.GetRange(at, count)));
            at += count;
        }

        return batches;
    }

    private static object ValueOf(ArrowArray array, int row) => array.Type.Kind switch
    {
        TypeKind.Int => array.ValuesAs<long>()[row],
        TypeKind.FloatingPoint => array.ValuesAs<double>()[row],
        TypeKind.Utf8 => System.Text.Encoding.UTF8.GetString(array.BytesAt(row)),
        _ => array.BytesAt(row).ToArray(),
    };
}
