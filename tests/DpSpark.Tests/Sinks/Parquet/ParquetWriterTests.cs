using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Sources.Parquet;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Sinks.Parquet;

public sealed class ParquetWriterTests
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(150).WithReplay(20_261_122, 7);

    private static readonly Gen<(int Seed, int Rows, int Cut, int GroupRows, int PageRows, bool Snappy, bool Dictionaries)> s_cases =
        from seed in Gen.Choose(0, int.MaxValue)
        from rows in Gen.Elements(0, 1, 7, 8, 9, 63, 300, 3000)
        from cut in Gen.Choose(0, 1000)
        from groupRows in Gen.Elements(1, 10, 100, 1 << 20)
        from pageRows in Gen.Elements(1, 9, 64, 20_000)
        from snappy in Gen.Elements(true, false)
        from dictionaries in Gen.Elements(true, false)
        select (seed, rows, cut, groupRows: rows > 300 ? Math.Max(groupRows, 100) : groupRows, pageRows: rows > 300 ? Math.Max(pageRows, 64) : pageRows, snappy, dictionaries);

    [Fact]
    public void Write_AnyTable_ReadsBackTheSameHoweverItWasCut() => Prop.ForAll(s_cases.ToArbitrary(), c =>
    {
        var (schema, columns) = ParquetSamples.Table(new Random(c.Seed), c.Rows);
        var cut = c.Rows * c.Cut / 1000;
        var options = new ParquetWriteOptions
        {
            RowGroupRows = c.GroupRows,
            PageRows = c.PageRows,
            Compression = c.Snappy ? ParquetCompression.Snappy : ParquetCompression.None,
            UseDictionaries = c.Dictionaries,
        };

        var whole = ParquetSamples.Write(schema, columns, [c.Rows], options);
        var parts = ParquetSamples.Write(schema, columns, [cut, c.Rows - cut], options);

        Assert.Equal(whole, parts);
        foreach (var read in new[] { new ParquetReadOptions(), new ParquetReadOptions { BatchRows = 1 + (c.Seed % 100), KeepDictionaries = true } })
        {
            using var file = ParquetFile.Open(new MemoryStream(whole), read);
            Assert.Equal(c.Rows, file.RowCount);
            Assert.Equal(schema.Fields.Select(f => (f.Name, f.Type, f.Nullable)), file.Schema.Fields.Select(f => (f.Name, f.Type, f.Nullable)));
            Assert.Equal(schema.Metadata, file.Schema.Metadata);
            var batches = file.ReadBatches().ToList();
            for (var i = 0; i < columns.Length; i++)
            {
                Assert.Equal(ParquetSamples.Digest([columns[i]]), ParquetSamples.Digest(batches.Select(b => b.Columns[i])));
            }
        }
    }).Check(s_config);

    [Fact]
    public void Write_Statistics_BoundTheValues()
    {
        var schema = new Schema([new("n", ArrowType.Int64), new("s", ArrowType.Utf8), new("d", ArrowType.Double), new("z", ArrowType.Double)]);
        ArrowArray[] columns =
        [
            ArrowArrays.Int64([5, -7, 9], [true, true, false]),
            ArrowArrays.Utf8(["b", "\u00E9", "a"]),
            ArrowArrays.Double([1, double.NaN, 2]),
            ArrowArrays.Double([0, 3, 1]),
        ];

        using var file = ParquetFile.Open(new MemoryStream(ParquetSamples.Write(schema, columns, [3], new ParquetWriteOptions())));

        var numbers = file.RowGroups[0].StatisticsOf(0)!;
        Assert.Equal((-7L, 5L, 1L), (BitConverter.ToInt64(numbers.Min!), BitConverter.ToInt64(numbers.Max!), numbers.NullCount!.Value));
        Assert.Equal("a"u8.ToArray(), file.RowGroups[0].StatisticsOf(1)!.Min);
        Assert.Equal("\u00E9"u8.ToArray(), file.RowGroups[0].StatisticsOf(1)!.Max);
        Assert.Null(file.RowGroups[0].StatisticsOf(2)!.Min);
        Assert.True(double.IsNegative(BitConverter.ToDouble(file.RowGroups[0].StatisticsOf(3)!.Min)));
    }

    [Fact]
    public void Write_RepeatedText_IsSmallerThroughADictionary()
    {
        var schema = new Schema([new("s", ArrowType.Utf8)]);
        ArrowArray[] columns = [ArrowArrays.Utf8(Enumerable.Range(0, 5000).Select(i => "a rather long key, number " + (i * 7919 % 100)))];
        var plain = new ParquetWriteOptions { Compression = ParquetCompression.None, UseDictionaries = false };

        var with = ParquetSamples.Write(schema, columns, [5000], plain with { UseDictionaries = true });
        var without = ParquetSamples.Write(schema, columns, [5000], plain);

        Assert.True(with.Length < without.Length / 10, $"{with.Length} bytes with a dictionary, {without.Length} without");
    }

    [Fact]
    public void Write_NullWhereNoneIsAllowed_Throws()
    {
        var schema = new Schema([new("n", ArrowType.Int64, Nullable: false)]);

        Assert.Throws<ArgumentException>(() => ParquetSamples.Write(schema, [ArrowArrays.Int64([1, 2], [true, false])], [2], new ParquetWriteOptions()));
    }

    [Fact]
    public void Create_NestedColumn_Throws()
    {
        var schema = new Schema([new("l", new ArrowType(TypeKind.List)) { Children = [new("x", ArrowType.Int64)] }]);

        Assert.Throws<ArrowUnsupportedException>(() => new ParquetWriter(Stream.Null, schema).Dispose());
    }

    [Fact]
    public void Dispose_WithoutFinish_LeavesNoValidFile()
    {
        var stream = new MemoryStream();
        using (var writer = new ParquetWriter(stream, new Schema([new("n", ArrowType.Int64)])))
        {
            writer.Write(new RecordBatch(new Schema([new("n", ArrowType.Int64)]), [ArrowArrays.Int64([1])], 1));
        }

        Assert.Throws<ParquetFormatException>(() => ParquetFile.Open(new MemoryStream(stream.ToArray())));
    }
}
