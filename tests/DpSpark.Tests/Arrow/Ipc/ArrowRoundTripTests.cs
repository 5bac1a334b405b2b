using System.Text.Json.Nodes;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Vectors.Formats;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Arrow.Ipc;

public class ArrowRoundTripTests
{
    private static readonly Schema s_oneColumn = new([new Field("a", ArrowType.Int64)]);

    [Fact]
    public void Stream_AnySchemaAndBatches_ReadBackAsWritten() => CheckSeeds(seed =>
    {
        var (schema, batches) = RandomBatches(seed);
        using var stream = new MemoryStream();
        using (var writer = new ArrowStreamWriter(stream, schema, leaveOpen: true))
        {
            batches.ForEach(writer.Write);
            writer.Finish();
        }

        var end = stream.Position;
        stream.Write("next"u8);
        stream.Position = 0;
        using var reader = new ArrowStreamReader(stream);
        Same(schema, reader.Schema);
        foreach (var batch in batches)
        {
            using var read = reader.ReadNext();
            Same(batch, read);
        }

        Assert.Null(reader.ReadNext());
        Assert.Null(reader.ReadNext());
        return end == stream.Position;
    });

    [Fact]
    public void File_AnySchemaAndBatches_ReadBackAsWrittenInAnyOrder() => CheckSeeds(seed =>
    {
        var (schema, batches) = RandomBatches(seed);
        using var stream = new MemoryStream();
        using (var writer = new ArrowFileWriter(stream, schema, leaveOpen: true))
        {
            batches.ForEach(writer.Write);
            writer.Finish();
        }

        using var onStream = new ArrowFileReader(stream);
        using var inMemory = new ArrowFileReader(stream.ToArray());
        Same(schema, onStream.Schema);
        for (var i = batches.Count - 1; i >= 0; i--)
        {
            using var a = onStream.ReadBatch(i);
            using var b = inMemory.ReadBatch(i);
            Same(batches[i], a);
            Same(batches[i], b);
        }

        return onStream.BatchCount == batches.Count;
    });

    [Fact]
    public void Write_WhatNullsHide_IsNotInTheOutput()
    {
        byte[] secret = "hidden by a null"u8.ToArray();
        byte[] validity = [0];
        ArrowArray[] columns =
        [
            new() { Type = ArrowType.Int64, Length = 2, NullCount = 2, Validity = validity, Values = secret },
            new() { Type = ArrowType.Utf8, Length = 2, NullCount = 2, Validity = validity, Offsets = new byte[] { 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0 }, Values = secret },
            new() { Type = new(TypeKind.FixedSizeBinary) { ByteWidth = 8 }, Length = 2, NullCount = 2, Validity = validity, Values = secret },
        ];
        var schema = new Schema([.. columns.Select((c, i) => new Field("c" + i, c.Type))]);
        using var stream = new MemoryStream();
        using var writer = new ArrowStreamWriter(stream, schema);
        writer.Write(columns, 2);

        Assert.Equal(-1, stream.ToArray().AsSpan().IndexOf("hidden"u8));
        Assert.Equal(-1, stream.ToArray().AsSpan().IndexOf("null"u8));
    }

    [Fact]
    public void Write_ColumnsThatDoNotFit_AreRefused()
    {
        using var writer = new ArrowStreamWriter(new MemoryStream(), s_oneColumn with { Fields = [new("a", ArrowType.Int64, false)] });

        Assert.Throws<ArgumentException>(() => writer.Write([], 0));
        Assert.Throws<ArgumentException>(() => writer.Write([ArrowArrays.Int64([1])], 2));
        Assert.Throws<ArgumentException>(() => writer.Write([ArrowArrays.Int32([1])], 1));
        Assert.Throws<ArgumentException>(() => writer.Write([ArrowArrays.Int64([1], [false])], 1));
    }

    [Fact]
    public void Dispose_WithoutFinish_LeavesNoEndMarker()
    {
        using var stream = new MemoryStream();
        using (var writer = new ArrowStreamWriter(stream, s_oneColumn, leaveOpen: true))
        {
            writer.Write([ArrowArrays.Int64([1])], 1);
        }

        using var file = new MemoryStream();
        using (var writer = new ArrowFileWriter(file, s_oneColumn, leaveOpen: true))
        {
            writer.Write([ArrowArrays.Int64([1])], 1);
        }

        Assert.NotEqual([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], stream.ToArray()[^8..]);
        Assert.Throws<ArrowFormatException>(() => new ArrowFileReader(file.ToArray()));
    }

    private static void CheckSeeds(Func<int, bool> property) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), property).QuickCheckThrowOnFailure();

    private static (Schema Schema, List<RecordBatch> Batches) RandomBatches(int seed)
    {
        var random = new Random(seed);
        var arrays = new RandomArrays(random);
        var schema = arrays.Schema(6);
        var batches = Enumerable.Range(0, random.Next(4)).Select(_ =>
        {
            var length = random.Next(4) == 0 ? 0 : random.Next(70);
            return new RecordBatch(schema, [.. schema.Fields.Select(f => arrays.Array(f, length))], length);
        });
        return (schema, batches.ToList());
    }

    private static void Same(Schema expected, Schema actual)
    {
        Assert.Equal(expected.Metadata, actual.Metadata);
        Same(expected.Fields, actual.Fields);
    }

    private static void Same(IReadOnlyList<Field> expected, IReadOnlyList<Field> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (e, a) in expected.Zip(actual))
        {
            Assert.Equal((e.Name, e.Type, e.Nullable), (a.Name, a.Type, a.Nullable));
            Assert.Equal(e.Metadata, a.Metadata);
            Same(e.Children, a.Children);
        }
    }

    private static void Same(RecordBatch expected, RecordBatch? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Length, actual.Length);
        foreach (var (e, a) in expected.Columns.Zip(actual.Columns))
        {
            Assert.Equal(e.NullCount, a.NullCount);
            for (var row = 0; row < e.Length; row++)
            {
                Assert.True(JsonNode.DeepEquals(ArrowJson.Value(e, row), ArrowJson.Value(a, row)), $"{e.Type.Kind} row {row}");
            }
        }
    }
}
