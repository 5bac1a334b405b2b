using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Sources.Parquet;
using DpSpark.Tests.Sinks.Parquet;

namespace DpSpark.Tests.Sources.Parquet;

public sealed class ParquetFileTests
{
    [Fact]
    public void Open_ColumnsByName_GivesThemInTheOrderAskedFor()
    {
        using var file = ParquetFile.Open(new MemoryStream(Numbers(10, 10)));

        using var reader = file.RowGroups[0].Open(file.Project(["text", "n"]));
        using var batch = reader.Read();

        Assert.Equal(["text", "n"], reader.Schema.Fields.Select(f => f.Name));
        Assert.Equal("v3", System.Text.Encoding.UTF8.GetString(batch!.Columns[0].BytesAt(3)));
        Assert.Equal(3, batch.Columns[1].ValuesAs<long>()[3]);
        Assert.Null(reader.Read());
    }

    [Fact]
    public void Project_UnknownName_Throws()
    {
        using var file = ParquetFile.Open(new MemoryStream(Numbers(1, 1)));

        Assert.Throws<ArgumentException>(() => file.Project(["no such column"]));
    }

    [Fact]
    public void Read_LongRowGroup_BatchesHaveAtMostTheRowsAsked()
    {
        using var file = ParquetFile.Open(new MemoryStream(Numbers(10_000, 1 << 20)), new ParquetReadOptions { BatchRows = 999 });

        var lengths = file.ReadBatches().Select(b => b.Length).ToList();

        Assert.Equal(11, lengths.Count);
        Assert.Equal(10_000, lengths.Sum());
        Assert.All(lengths, l => Assert.InRange(l, 1, 999));
    }

    [Fact]
    public void Read_RowGroupsOnSeveralThreads_GivesWhatOneThreadGives()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Numbers(50_000, 1000));
            using var file = ParquetFile.Open(path, new ParquetReadOptions { BatchRows = 300 });
            var expected = file.RowGroups.Select(Sum).ToArray();
            var actual = new long[file.RowGroups.Count];

            Parallel.For(0, actual.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, g => actual[g] = Sum(file.RowGroups[g]));

            Assert.Equal(expected, actual);
            Assert.Equal(50_000L * 49_999 / 2, actual.Sum());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_BatchKeptAfterItsReader_StaysIntact()
    {
        using var file = ParquetFile.Open(new MemoryStream(Numbers(5000, 1 << 20)), new ParquetReadOptions { BatchRows = 1000 });
        List<RecordBatch> batches = [];
        using (var reader = file.RowGroups[0].Open([0]))
        {
            while (reader.Read() is { } batch)
            {
                batches.Add(batch);
            }
        }

        // Whatever else rents the same memory in between must not be seen through the batches.
        Assert.Equal(5000, file.ReadBatches().Sum(b => b.Length));

        var values = batches.SelectMany(b => b.Columns[0].ValuesAs<long>().ToArray()).ToArray();
        batches.ForEach(b => b.Dispose());
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => (long)i), values);
    }

    [Fact]
    public void Read_KeptDictionary_IsOneArrayForAllBatchesOfARowGroup()
    {
        var schema = new Schema([new("s", ArrowType.Utf8)]);
        var bytes = ParquetSamples.Write(schema, [ArrowArrays.Utf8(Enumerable.Range(0, 1000).Select(i => i % 5 == 0 ? null : "key " + (i % 7)))], [1000], new ParquetWriteOptions());
        using var file = ParquetFile.Open(new MemoryStream(bytes), new ParquetReadOptions { BatchRows = 100, KeepDictionaries = true });

        var arrays = file.ReadBatches().Select(b => b.Columns[0]).ToList();

        Assert.Equal(10, arrays.Count);
        Assert.All(arrays, a => Assert.Same(arrays[0].Dictionary, a.Dictionary));
        Assert.Equal(7, arrays[0].Dictionary!.Length);
        Assert.Equal(20, arrays[3].NullCount);
    }

    [Fact]
    public void Open_NotParquet_SaysSo()
    {
        var e = Assert.Throws<ParquetFormatException>(() => ParquetFile.Open(new MemoryStream("a,b\n1,2\n3,4\n5,6\n"u8.ToArray())));

        Assert.Contains("PAR1", e.Message, StringComparison.Ordinal);
    }

    private static byte[] Numbers(int rows, int groupRows) => ParquetSamples.Write(
        new Schema([new("n", ArrowType.Int64), new("text", ArrowType.Utf8)]),
        [ArrowArrays.Int64([.. Enumerable.Range(0, rows).Select(i => (long)i)]), ArrowArrays.Utf8(Enumerable.Range(0, rows).Select(i => "v" + i))],
        [rows],
        new ParquetWriteOptions { RowGroupRows = groupRows });

    private static long Sum(ParquetRowGroup group)
    {
        var sum = 0L;
        using var reader = group.Open([0]);
        while (reader.Read() is { } batch)
        {
            using (batch)
            {
                foreach (var value in batch.Columns[0].ValuesAs<long>())
                {
                    sum += value;
                }
            }
        }

        return sum;
    }
}
