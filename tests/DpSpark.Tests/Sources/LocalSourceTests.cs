using System.IO.Compression;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Sources;

public sealed class LocalSourceTests : IDisposable
{
    private static readonly ColumnSpec[] s_contract = [Column("id", ColumnType.Long), Column("place", ColumnType.String)];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Csv_GivesTextOfTheWantedColumns()
    {
        _folder.Write("in.csv", "extra,place,id\nx,Rome,1\ny,Oslo,2\n");

        var rows = Rows(Open(FileKind.Csv, "in.csv"));

        Assert.Equal(["1|Rome", "2|Oslo"], rows);
    }

    [Fact]
    public void Open_LargeCsvOnSeveralThreads_GivesEveryRowOnce()
    {
        var text = new StringBuilder("id,place\n");
        for (var i = 0; i < 1_200_000; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i},somewhere far away\n");
        }

        _folder.Write("in.csv", text.ToString());
        var source = Open(FileKind.Csv, "in.csv", threads: 4);

        var lists = new List<string>[source.Splits.Count];
        Parallel.For(0, lists.Length, i => lists[i] = Rows(source.Splits[i]));

        Assert.True(source.Splits.Count > 1);
        Assert.Equal(1_200_000, lists.SelectMany(l => l).Distinct().Count());
        Assert.Equal(1_200_000, lists.Sum(l => l.Count));
    }

    [Fact]
    public void Open_GzipAndPlainTogether_GivesBoth()
    {
        _folder.Write("b.csv", "id,place\n2,Oslo\n");
        using (var gzip = new GZipStream(File.Create(_folder["a.csv.gz"]), CompressionLevel.Fastest))
        {
            gzip.Write("id,place\n1,Rome\n"u8);
        }

        Assert.Equal(["1|Rome", "2|Oslo"], Rows(Open(FileKind.Csv, ".")));
    }

    [Fact]
    public void Open_CsvWithoutHeader_TakesTheColumnsInOrder()
    {
        _folder.Write("in.csv", "1,Rome\n");
        var source = LocalSource.Open(new SourceLocation(FileKind.Csv, ["in.csv"], _folder.Path, new CsvOptions { Header = false }), s_contract, 1);

        Assert.Equal(["1|Rome"], Rows(source));
    }

    [Fact]
    public void Open_ParquetArrowFileAndStream_GiveTheSameRows()
    {
        var batch = Batch();
        using (var parquet = new ParquetWriter(File.Create(_folder["in.parquet"]), batch.Schema))
        {
            parquet.Write(batch);
            parquet.Finish();
        }

        using (var file = new ArrowFileWriter(File.Create(_folder["file.arrow"]), batch.Schema))
        {
            file.Write(batch);
            file.Write(batch);
            file.Finish();
        }

        using (var stream = new ArrowStreamWriter(File.Create(_folder["stream.arrows"]), batch.Schema))
        {
            stream.Write(batch);
            stream.Finish();
        }

        var fromParquet = Rows(Open(FileKind.Parquet, "in.parquet"));

        Assert.Equal(["1|Rome", "2|Oslo"], fromParquet);
        Assert.Equal([.. fromParquet, .. fromParquet], Rows(Open(FileKind.Arrow, "file.arrow")));
        Assert.Equal(fromParquet, Rows(Open(FileKind.Arrow, "stream.arrows")));
    }

    [Fact]
    public void Open_MissingColumns_TellsAllOfThemAndWhatWasMeant()
    {
        _folder.Write("in.csv", "ID,plce\n1,Rome\n");

        var fault = Assert.Throws<SourceContractException>(() => Open(FileKind.Csv, "in.csv"));

        Assert.Equal(ExitCodes.Contract, fault.ExitCode);
        Assert.Equal(["DPS5103", "DPS5103"], fault.Faults.Select(f => f.Code));
        Assert.Contains("Did you mean 'ID'?", fault.Faults[0].Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'plce'?", fault.Faults[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WrongType_TellsWhatWasFoundAndHowToMendIt()
    {
        var schema = new Schema([new Field("id", ArrowType.Double), new Field("place", ArrowType.Utf8)]);
        using (var writer = new ArrowFileWriter(File.Create(_folder["in.arrow"]), schema))
        {
            writer.Write([ArrowArrays.Double([1.5]), ArrowArrays.Utf8(["Rome"])], 1);
            writer.Finish();
        }

        var fault = Assert.Throws<SourceContractException>(() => Open(FileKind.Arrow, "in.arrow"));

        Assert.Equal("DPS5104", fault.Code);
        Assert.Contains("float64", fault.Message, StringComparison.Ordinal);
        Assert.Contains("id: double", fault.Fixes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FilesOfDifferentTypes_IsAContractFault()
    {
        WriteArrow("a.arrow", ArrowType.Int64, ArrowArrays.Int64([1]));
        WriteArrow("b.arrow", ArrowType.Int32, ArrowArrays.Int32([1]));

        var fault = Assert.Throws<SourceFormatException>(() => Open(FileKind.Arrow, "*.arrow"));

        Assert.Equal("DPS5106", fault.Code);
    }

    [Theory]
    [InlineData(FileKind.Parquet)]
    [InlineData(FileKind.Arrow)]
    public void Open_Garbage_IsAContractFaultThatNamesTheFile(FileKind kind)
    {
        var garbage = new byte[5000];
        new Random(3).NextBytes(garbage);
        _folder.Write("in.bin", garbage);

        var fault = Assert.Throws<SourceFormatException>(() => Open(kind, "in.bin"));

        Assert.Equal(("DPS5107", ExitCodes.Contract), (fault.Code, fault.ExitCode));
        Assert.Contains("in.bin", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ColumnType.Int, "int8 int16 int32 uint8 uint16 null")]
    [InlineData(ColumnType.Long, "int8 int16 int32 int64 uint8 uint16 uint32 uint64 null")]
    [InlineData(ColumnType.Float, "float16 float32 null")]
    [InlineData(ColumnType.Double, "int8 int16 int32 uint8 uint16 uint32 float16 float32 float64 null")]
    [InlineData(ColumnType.Decimal, "int8 int16 int32 int64 uint8 uint16 uint32 uint64 decimal(9,2) null")]
    [InlineData(ColumnType.String, "text null")]
    [InlineData(ColumnType.Bool, "bool null")]
    [InlineData(ColumnType.Date, "date null")]
    [InlineData(ColumnType.Timestamp, "timestamp[s] timestamp[ns] timestamp[us, with a time zone] null")]
    [InlineData(ColumnType.Binary, "binary binary[4] null")]
    public void Accepts_ContractType_TakesExactlyTheTypesOfTheTable(ColumnType type, string expected)
    {
        ArrowType[] all =
        [
            .. new[] { 8, 16, 32, 64 }.Select(w => ArrowType.Int(w, true)), .. new[] { 8, 16, 32, 64 }.Select(w => ArrowType.Int(w, false)),
            new(TypeKind.FloatingPoint) { BitWidth = 16 }, ArrowType.Float, ArrowType.Double, ArrowType.Decimal128(9, 2), ArrowType.Decimal128(9, 3), ArrowType.Bool, ArrowType.Utf8,
            ArrowType.Date, new(TypeKind.Timestamp) { Unit = TimeUnit.Second }, new(TypeKind.Timestamp) { Unit = TimeUnit.Nanosecond }, ArrowType.TimestampUtc, ArrowType.Binary,
            new(TypeKind.FixedSizeBinary) { ByteWidth = 4 }, new(TypeKind.Duration), new(TypeKind.Struct), new(TypeKind.List), ArrowType.Null,
        ];

        var accepted = all.Where(t => PhysicalTypes.Accepts(Column("c", type) with { Precision = 12, Scale = 2 }, t)).Select(PhysicalTypes.Describe);

        Assert.Equal(expected.Split(' ').Aggregate(new List<string>(), Join), accepted);
    }

    private static List<string> Join(List<string> words, string word)
    {
        if (words.Count > 0 && words[^1].Contains('[', StringComparison.Ordinal) && !words[^1].Contains(']', StringComparison.Ordinal))
        {
            words[^1] += " " + word;
        }
        else
        {
            words.Add(word);
        }

        return words;
    }

    private void WriteArrow(string name, ArrowType type, ArrowArray ids)
    {
        using var writer = new ArrowFileWriter(File.Create(_folder[name]), new Schema([new Field("id", type), new Field("place", ArrowType.Utf8)]));
        writer.Write([ids, ArrowArrays.Utf8(["Rome"])], 1);
        writer.Finish();
    }

    private static RecordBatch Batch() => new(new Schema([new Field("place", ArrowType.Utf8), new Field("other", ArrowType.Double), new Field("id", ArrowType.Int64)]),
        [ArrowArrays.Utf8(["Rome", "Oslo"]), ArrowArrays.Double([1, 2]), ArrowArrays.Int64([1, 2])], 2);

    private static ColumnSpec Column(string name, ColumnType type) => new() { Name = name, SourceName = name, Type = type };

    [Theory]
    [InlineData(FileKind.Json)]
    [InlineData(FileKind.Table)]
    [InlineData(FileKind.Sql)]
    public void Open_WhatOnlySparkReads_IsRefused(FileKind kind) => Assert.Equal("DPS6021", Assert.Throws<DpSparkException>(() => Open(kind, "in")).Code);

    private LocalSource Open(FileKind kind, string path, int threads = 2) => LocalSource.Open(new SourceLocation(kind, [path], _folder.Path), s_contract, threads);

    private static List<string> Rows(LocalSource source) => [.. source.Splits.SelectMany(Rows)];

    private static List<string> Rows(IRowSplit split)
    {
        var rows = new List<string>();
        foreach (var batch in split.ReadBatches(default))
        {
            for (var row = 0; row < batch.Length; row++)
            {
                rows.Add(string.Join('|', batch.Columns.Select(c => c.Type.Kind == TypeKind.Int
                    ? c.ValuesAs<long>()[row].ToString(System.Globalization.CultureInfo.InvariantCulture)
                    : Encoding.UTF8.GetString(c.BytesAt(row)))));
            }

            batch.Dispose();
        }

        return rows;
    }
}
