using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;

namespace DpSpark.Benchmarks;

/// <summary>
/// Workload W1: users and partitions, both skewed, rows/20 users and 10 000 partitions, row for row what DuckDB makes of the same definition:
/// user = round((h(7i+1) mod 1000003 / 1000003)^1.5 · users), partition = round((h(13i+5) mod 1000033 / 1000033)^2.5 · 10000), value = h(17i+3) mod 1300007 / 100000 - 1.
/// </summary>
internal static class W1
{
    private const int BatchRows = 122_880;

    /// <summary>Writes the workload as a Parquet file.</summary>
    public static void Write(long rows, string path)
    {
        var schema = new Schema([new Field("user_id", ArrowType.Int64), new Field("partition_key", ArrowType.Int64), new Field("value", ArrowType.Double)]);
        var users = Math.Max(rows / 20, 1);
        using var file = File.Create(path);
        using var writer = new ParquetWriter(file, schema);
        for (long start = 0; start < rows; start += BatchRows)
        {
            var n = (int)Math.Min(BatchRows, rows - start);
            var user = new long[n];
            var partition = new long[n];
            var value = new double[n];
            Parallel.For(0, n, i =>
            {
                var row = start + i;
                user[i] = (long)Math.Round(Math.Pow(Hash((row * 7) + 1) % 1000003 / 1000003.0, 1.5) * users);
                partition[i] = (long)Math.Round(Math.Pow(Hash((row * 13) + 5) % 1000033 / 1000033.0, 2.5) * 10000);
                value[i] = (Hash((row * 17) + 3) % 1300007 / 100000.0) - 1.0;
            });
            writer.Write(new RecordBatch(schema, [ArrowArrays.Int64(user), ArrowArrays.Int64(partition), ArrowArrays.Double(value)], n));
        }

        writer.Finish();
    }

    /// <summary>DuckDB's hash of a 64-bit integer: the finaliser of MurmurHash with one multiplier.</summary>
    private static ulong Hash(long value)
    {
        const ulong Multiplier = 0xd6e8feb86659fd93;
        var x = (ulong)value;
        x ^= x >> 32;
        x *= Multiplier;
        x ^= x >> 32;
        x *= Multiplier;
        return x ^ (x >> 32);
    }
}
