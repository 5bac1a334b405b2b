using System.Text;
using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Sinks.Parquet;

/// <summary>Random tables of every type that the writer knows, and ways to write and compare them.</summary>
internal static class ParquetSamples
{
    public static (Schema Schema, ArrowArray[] Columns) Table(Random random, int rows)
    {
        var nulls = random.Next(4) switch { 0 => 0.0, 1 => 1.0, 2 => 0.02, _ => 0.5 };
        List<(Field Field, ArrowArray Array)> columns = [];

        bool[] Valid() => [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() >= nulls)];
        void Add(string name, ArrowArray array) => columns.Add((new Field(name, array.Type, array.NullCount > 0 || random.Next(2) == 0), array));
        T[] Make<T>(Func<T> next) => [.. Enumerable.Range(0, rows).Select(_ => next())];
        ArrowArray Fixed<T>(ArrowType type, Func<T> next) where T : unmanaged => ArrowArrays.FixedWidth<T>(type, Make(next), Valid());

        Add("long", Fixed(ArrowType.Int64, () => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)));
        Add("int", Fixed(ArrowType.Int32, () => random.Next(-3, 3)));
        Add("short", Fixed(ArrowType.Int(16, true), () => (short)random.Next(short.MinValue, short.MaxValue + 1)));
        Add("byte", Fixed(ArrowType.Int(8, false), () => (byte)random.Next(256)));
        Add("ulong", Fixed(ArrowType.Int(64, false), () => (ulong)random.NextInt64(long.MinValue, long.MaxValue)));
        Add("uint", Fixed(ArrowType.Int(32, false), () => (uint)random.NextInt64(uint.MaxValue)));
        Add("float", Fixed(ArrowType.Float, () => (float)random.NextDouble() - 0.5f));
        Add("double", Fixed(ArrowType.Double, () => random.Next(20) == 0 ? double.NaN : random.NextDouble() * 1e9));
        Add("half", Fixed(new ArrowType(TypeKind.FloatingPoint) { BitWidth = 16 }, () => (Half)random.NextDouble()));
        Add("date", Fixed(ArrowType.Date, () => random.Next(-100000, 100000)));
        Add("instant", Fixed(ArrowType.TimestampUtc, () => random.NextInt64(-1L << 50, 1L << 50)));
        Add("wall clock", Fixed(new ArrowType(TypeKind.Timestamp) { BitWidth = 64, Unit = TimeUnit.Nanosecond }, () => random.NextInt64()));
        Add("time", Fixed(new ArrowType(TypeKind.Time) { BitWidth = 32, Unit = TimeUnit.Millisecond }, () => random.Next(86_400_000)));
        foreach (var (precision, scale) in new[] { (5, 2), (18, 0), (24, 24), (38, 10) })
        {
            var limit = BigPower(precision);
            Add("decimal" + precision, Fixed(ArrowType.Decimal128(precision, scale), () => RandomInt128(random) % limit));
        }

        Add("bool", ArrowArrays.Bool(Make(() => random.Next(3) == 0), Valid()));
        Add("text", ArrowArrays.Utf8(Valid().Select(v => v ? Text(random) : null)));
        Add("few texts", ArrowArrays.Utf8(Valid().Select(v => v ? "key " + random.Next(9) : null)));
        Add("bytes", ArrowArrays.Binary(Valid().Select(v => v ? Encoding.UTF8.GetBytes(Text(random)) : null)));
        return (new Schema([.. columns.Select(c => c.Field)]) { Metadata = [new("origin", "test")] }, [.. columns.Select(c => c.Array)]);
    }

    /// <summary>Writes the rows of one array per column as batches of the given sizes.</summary>
    public static byte[] Write(Schema schema, ArrowArray[] columns, int[] sizes, ParquetWriteOptions options)
    {
        var stream = new MemoryStream();
        using var writer = new ParquetWriter(stream, schema, options);
        var start = 0;
        foreach (var size in sizes)
        {
            writer.Write(new RecordBatch(schema, [.. columns.Select(c => Slice(c, start, size))], size));
            start += size;
        }

        writer.Finish();
        return stream.ToArray();
    }

    public static string Digest(IEnumerable<ArrowArray> arrays)
    {
        using var digest = new ColumnDigest();
        foreach (var array in arrays)
        {
            digest.Append(array);
        }

        return digest.Finish();
    }

    /// <summary>A part of an array, through dictionary indices: what the writer must take as well as plain values.</summary>
    private static ArrowArray Slice(ArrowArray array, int start, int count) => start == 0 && count == array.Length
        ? array
        : new ArrowArray
        {
            Type = array.Type,
            Length = count,
            Dictionary = array,
            IndexType = ArrowType.Int32,
            Values = ArrowArrays.Int32([.. Enumerable.Range(start, count)]).Values,
        };

    private static string Text(Random random) => random.Next(5) switch
    {
        0 => "",
        1 => "\u00E9\U0001F600",
        2 => new string('x', random.Next(100)),
        _ => random.Next().ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static Int128 BigPower(int digits) => digits == 0 ? 1 : 10 * BigPower(digits - 1);

    private static Int128 RandomInt128(Random random) => ((Int128)random.NextInt64(long.MinValue, long.MaxValue) << 64) | (Int128)random.NextInt64();
}
