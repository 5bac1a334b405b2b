using System.Runtime.InteropServices;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Csv;
using DpSpark.Tests.Sources.Csv;

namespace DpSpark.Tests.Sinks.Csv;

public sealed class CsvWriterTests
{
    [Fact]
    public void Write_Text_QuotesOnlyWhereNeeded()
    {
        var text = Write(("a,b", Text("plain", "a,b", "say \"hi\"", "line\nfeed", "", null, " blank ")));

        Assert.Equal("\"a,b\"\nplain\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"line\nfeed\"\n\"\"\n\n blank \n", text);
    }

    [Fact]
    public void Write_Numbers_AreShortestAndInvariant()
    {
        Assert.Equal("d\n0.1\n1E+300\n-0\nNaN\n12345678.9\n", Write(("d", Fixed(ArrowType.Double, [0.1, 1e300, -0.0, double.NaN, 12345678.9]))));
        Assert.Equal("f\n0.1\n16777216\n", Write(("f", Fixed(ArrowType.Float, [0.1f, 16777216f]))));
        Assert.Equal("i\n-9223372036854775808\n7\n", Write(("i", Fixed(ArrowType.Int64, [long.MinValue, 7L]))));
        Assert.Equal("u\n18446744073709551615\n", Write(("u", Fixed(ArrowType.Int(64, false), [ulong.MaxValue]))));
        Assert.Equal("m\n12.30\n-0.05\n0.00\n5.00\n", Write(("m", Fixed(ArrowType.Decimal128(9, 2), [(Int128)1230, -5, 0, 500]))));
        Assert.Equal("w\n-170141183460469231731687303715884105728\n", Write(("w", Fixed(ArrowType.Decimal128(38, 0), [Int128.MinValue]))));
    }

    [Fact]
    public void Write_DatesAndInstants_AreIso()
    {
        Assert.Equal("d\n1970-01-01\n1969-12-31\n0001-01-01\n9999-12-31\n", Write(("d", Fixed(ArrowType.Date, [0, -1, -719_162, 2_932_896]))));
        Assert.Equal("t\n1970-01-01T00:00:00Z\n1969-12-31T23:59:59.999999Z\n2026-11-20T14:02:07.5Z\n",
            Write(("t", Fixed(ArrowType.TimestampUtc, [0L, -1L, 1_795_183_327_500_000L]))));
    }

    [Fact]
    public void Write_BoolAndDictionary_ShowTheValues()
    {
        var flags = new ArrowArray { Type = ArrowType.Bool, Length = 2, Values = new byte[] { 0b10 } };
        var words = new ArrowArray
        {
            Type = ArrowType.Utf8,
            Length = 2,
            Values = new byte[] { 1, 0 },
            IndexType = ArrowType.Int(8, true),
            Dictionary = Text("x", "y"),
        };

        Assert.Equal("f,w\nfalse,y\ntrue,x\n", Write(("f", flags), ("w", words)));
    }

    [Fact]
    public void Write_Binary_IsRefused() => Assert.Throws<ArrowUnsupportedException>(() => new CsvWriter(new MemoryStream(), new Schema([new Field("b", ArrowType.Binary)])));

    [Fact]
    public void Write_ThenRead_GivesTheSameText()
    {
        string?[] values = ["a", "", null, "\"", "\r", "\n", ",", "x\r\ny", "\u00E9"];

        var rows = CsvText.Read(Write(("a", Text(values)), ("b", Text(values))));

        Assert.Equal(values, rows.Select(r => r[1] is null ? null : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(r[1]!))));
    }

    private static string Write(params (string Name, ArrowArray Array)[] columns)
    {
        var schema = new Schema([.. columns.Select(c => new Field(c.Name, c.Array.Type))]);
        using var bytes = new MemoryStream();
        using (var writer = new CsvWriter(bytes, schema, leaveOpen: true))
        {
            writer.Write(new RecordBatch(schema, [.. columns.Select(c => c.Array)], columns[0].Array.Length));
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static ArrowArray Fixed<T>(ArrowType type, T[] values) where T : unmanaged =>
        new() { Type = type, Length = values.Length, Values = MemoryMarshal.AsBytes(values.AsSpan()).ToArray() };

    private static ArrowArray Text(params string?[] values)
    {
        var offsets = new int[values.Length + 1];
        var validity = new byte[(values.Length + 7) / 8];
        var bytes = new List<byte>();
        for (var i = 0; i < values.Length; i++)
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(values[i] ?? ""));
            offsets[i + 1] = bytes.Count;
            validity[i >> 3] |= (byte)(values[i] is null ? 0 : 1 << (i & 7));
        }

        return new ArrowArray { Type = ArrowType.Utf8, Length = values.Length, Offsets = MemoryMarshal.AsBytes(offsets.AsSpan()).ToArray(), Values = bytes.ToArray(), Validity = validity };
    }
}
