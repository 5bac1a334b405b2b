using System.IO.Compression;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Tests.Sources.Csv;

public sealed class CsvReaderTests
{
    private static readonly CsvOptions s_noHeader = new() { Header = false };

    [Theory]
    [InlineData("a,b\n1,x\n2,y\n", "1|x;2|y")]
    [InlineData("a,b\r\n1,x\r\n2,y", "1|x;2|y")]
    [InlineData("\uFEFFa,b\n1,x", "1|x")]
    [InlineData("\"a\",\"b\"\n\"1\",\"x\"", "1|x")]
    [InlineData("a,b\n\"x \"\"y\"\" z\",2\n", "x \"y\" z|2")]
    [InlineData("a,b\n\"line\nbreak\r\n\",2\n", "line\nbreak\r\n|2")]
    [InlineData("a,b\n\"x,y\",2\n", "x,y|2")]
    [InlineData("a,b\n,\"\"\n", "<null>|")]
    [InlineData("a,b\n5\" pipe,it\"s\n", "5\" pipe|it\"s")]
    [InlineData("a,b\n\n1,2\n\r\n\n3,4\n\n", "1|2;3|4")]
    [InlineData("a\n\n1\n\"\"\n", "<null>;1;")]
    [InlineData("a,b\n1,", "1|<null>")]
    [InlineData("a,b\n1,\"\"", "1|")]
    [InlineData("a,b\n1,\"x\"\r", "1|x")]
    [InlineData("a,b\n", "")]
    [InlineData("a,b", "")]
    [InlineData("\n\r\na,b\n1,2", "1|2")]
    [InlineData("a,b\n 1 , \"2\" \n", " 1 | \"2\" ")]
    public void Read_Layouts_GivesTheFields(string text, string expected)
    {
        var rows = CsvText.Read(text);

        Assert.Equal(expected, string.Join(';', rows.Select(r => string.Join('|', r.Select(v => v ?? "<null>")))));
    }

    [Fact]
    public void Read_Columns_ComeInTheOrderAskedFor()
    {
        using var reader = CsvReader.Open(new MemoryStream("a,b,c\n1,2,3\n"u8.ToArray()), "t.csv", columns: ["c", "a"]);

        Assert.Equal(["c", "a"], reader.Schema.Fields.Select(f => f.Name));
        Assert.Equal(["a", "b", "c"], reader.FileColumns);
        Assert.All(reader.Schema.Fields, f => Assert.Equal(ArrowType.Utf8, f.Type));
        Assert.Equal([["3", "1"]], CsvText.Rows(reader));
    }

    [Fact]
    public void Read_NoHeader_TakesTheNamesGiven()
    {
        Assert.Equal([["2"], ["4"]], CsvText.Read("1;2\n3;4", s_noHeader with { Delimiter = ';' }, ["y"], ["x", "y"]));
        Assert.Empty(CsvText.Read("", s_noHeader, null, ["x"]));
    }

    [Fact]
    public void Read_NullText_IsNullInQuotesToo()
    {
        Assert.Equal([[null, null], ["", "x"], ["", "NA\""]], CsvText.Read("a,b\nNA,\"NA\"\n,x\n\"\",\"NA\"\"\"\n", new CsvOptions { Null = "NA" }));
        Assert.Equal([[null, null], ["NA", ""]], CsvText.Read("a,b\n\"N\"\"A\",N\"A\nNA,\"\"\n", new CsvOptions { Null = "N\"A" }));
    }

    [Fact]
    public void Read_NoColumns_CountsRows()
    {
        using var reader = CsvReader.Open(new MemoryStream("a,b\n1,2\n3,4\n"u8.ToArray()), "t.csv", columns: []);
        using var batch = reader.Read();

        Assert.Equal(2, batch!.Length);
        Assert.Empty(batch.Columns);
        Assert.Null(reader.Read());
    }

    [Fact]
    public void Read_BytesThatAreNotUtf8_PassAsTheyAre() =>
        Assert.Equal([["\u00FF\u00FEx", "\u0000"]], CsvText.Read([.. "a,b\n"u8, 0xFF, 0xFE, (byte)'x', (byte)',', 0, (byte)'\n']));

    [Theory]
    [InlineData("a,b\n1,2\n3\n", "DPS5201", 3)]
    [InlineData("a,b\n1,2\n\n3,4,5\n", "DPS5201", 4)]
    [InlineData("a,b\n\"x\n\n\",2\n1\n", "DPS5201", 5)]
    [InlineData("a,b\n1,2\n3,\"4\n5,6\n", "DPS5202", 3)]
    [InlineData("a,b\n1,\"2\"x\n", "DPS5203", 2)]
    [InlineData("a,b\n1,\"2\" \n", "DPS5203", 2)]
    [InlineData("a,b\n1,\"2\"\r,\n", "DPS5203", 2)]
    [InlineData("a,\"b\"x\n1,2\n", "DPS5203", 1)]
    [InlineData("a,\"b\n1,2\n", "DPS5202", 1)]
    [InlineData("a,c\n1,2\n", "DPS5206", 1)]
    [InlineData("a,b,a\n1,2,3\n", "DPS5207", 1)]
    [InlineData("", "DPS5208", 1)]
    [InlineData("\n\n\r\n", "DPS5208", 1)]
    public void Read_FaultyFile_NamesFileAndLineAndNoContent(string text, string code, long line)
    {
        var e = Assert.Throws<SourceFormatException>(() => CsvText.Read(text, columns: ["a", "b"]));

        Assert.Equal((code, line, "test.csv", ExitCodes.Contract), (e.Code, e.Line, e.File, e.ExitCode));
        Assert.StartsWith("test.csv, line ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NamesOfTheFile_StayOutOfMessages()
    {
        var e = Assert.Throws<SourceFormatException>(() => CsvText.Read("secret-id-1,17.5\nsecret-id-2,3\n", columns: ["visitor_id"]));

        Assert.DoesNotContain("secret", e.Message + e.Why + string.Concat(e.Fixes), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Assert.Throws<SourceFormatException>(() => CsvText.Read("secret,secret\n")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0, 0x2C, 0 })]
    [InlineData(new byte[] { 0xFE, 0xFF, 0, 0x61 })]
    public void Open_Utf16_IsRefused(byte[] bytes) => Assert.Equal("DPS5210", Assert.Throws<SourceFormatException>(() => CsvText.Read(bytes)).Code);

    [Fact]
    public void Read_FieldOfOneMegabyte_Works()
    {
        var field = new string('x', 1 << 20);

        var rows = CsvText.Read($"a,b\n{field},\"{field}\"\n1,2\n");

        Assert.Equal([[field, field], ["1", "2"]], rows);
    }

    [Fact]
    public void Read_FieldOverTheLimit_IsRefusedWithoutHoldingTheFile()
    {
        var options = new CsvOptions { MaxFieldBytes = 1000, BlockBytes = 100 };
        using var endless = new Endless((byte)'x', "a,b\n1,\"");
        using var noLines = new Endless((byte)',', "a,b\n1,");

        Assert.Equal("DPS5204", Assert.Throws<SourceFormatException>(() => CsvText.Rows(CsvReader.Open(endless, "t", options: options))).Code);
        Assert.Equal("DPS5205", Assert.Throws<SourceFormatException>(() => CsvText.Rows(CsvReader.Open(noLines, "t", options: options))).Code);
        Assert.InRange(endless.Given, 1000, 16_000);
        Assert.InRange(noLines.Given, 4000, 40_000);
        Assert.Equal("DPS5204", Assert.Throws<SourceFormatException>(() => CsvText.Read("a,b\n1," + new string('x', 1001) + "\n", options)).Code);
    }

    [Fact]
    public void Open_HeaderOfSeparators_IsRefused() =>
        Assert.Equal("DPS5209", Assert.Throws<SourceFormatException>(() => CsvText.Read(new string(',', 1_000_000))).Code);

    [Fact]
    public void Read_SmallBatches_GiveAllRowsInOrder()
    {
        var text = "a,b\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i},\"q\n{i}\"\n"));

        var rows = CsvText.Read(text, new CsvOptions { BatchRows = 7, BlockBytes = 200 });

        Assert.Equal(Enumerable.Range(0, 5000).Select(i => new[] { $"{i}", $"q\n{i}" }), rows);
    }

    [Fact]
    public void Read_BatchRows_AreAtMost65536()
    {
        using var reader = CsvReader.Open(new MemoryStream(Encoding.ASCII.GetBytes("a\n" + string.Concat(Enumerable.Repeat("1\n", 200_000)))), "t.csv");
        var lengths = new List<int>();
        while (reader.Read() is { } batch)
        {
            lengths.Add(batch.Length);
            batch.Dispose();
        }

        Assert.Equal(200_000, lengths.Sum());
        Assert.Equal(65_536, lengths.Max());
    }

    [Fact]
    public async Task Read_FourThreads_GiveEveryRowOnce()
    {
        var text = "a,b\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i},\"{i},\n\"\"{i}\"\"\"\n"));
        using var reader = CsvReader.Open(new MemoryStream(Encoding.ASCII.GetBytes(text)), "t.csv", options: new CsvOptions { BatchRows = 50, BlockBytes = 3000 });

        var parts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => CsvText.Rows(reader))));

        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => new[] { $"{i}", $"{i},\n\"{i}\"" }), parts.SelectMany(p => p).OrderBy(r => int.Parse(r[0]!, null)));
    }

    [Fact]
    public void Open_Gzip_ByItsName()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv.gz");
        try
        {
            File.WriteAllBytes(path, Gzip("a,b\n1,2\n"));
            using var reader = CsvReader.Open(path);

            Assert.Equal([["1", "2"]], CsvText.Rows(reader));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_GzipCutAnywhere_IsRefused()
    {
        var whole = Gzip("a,b\n" + string.Concat(Enumerable.Range(0, 3000).Select(i => $"{i},{i * 7919 % 1000}\n")));

        for (var length = 1; length < whole.Length; length += length < 40 || length > whole.Length - 20 ? 1 : 97)
        {
            var cut = whole[..length];
            var e = Assert.Throws<SourceFormatException>(() => CsvText.Rows(CsvReader.Open(new MemoryStream(cut), "t.csv.gz", gzip: true)));
            Assert.Equal("DPS5211", e.Code);
        }
    }

    [Fact]
    public void Read_GzipWithAFlippedBit_IsRefused()
    {
        var bytes = Gzip("a,b\n" + string.Concat(Enumerable.Range(0, 3000).Select(i => $"{i},{i * 7919 % 1000}\n")));
        bytes[bytes.Length / 2] ^= 4;

        Assert.Throws<SourceFormatException>(() => CsvText.Rows(CsvReader.Open(new MemoryStream(bytes), "t.csv.gz", gzip: true)));
        Assert.Equal("DPS5211", Assert.Throws<SourceFormatException>(() => CsvText.Rows(CsvReader.Open(new MemoryStream("a,b\n1,2\n"u8.ToArray()), "t.csv.gz", gzip: true))).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_GzipOfSeveralMembers_ReadsAll(bool byteWise)
    {
        byte[] two = [.. Gzip("a,b\n1,2\n"), .. Gzip(""), .. Gzip("3,4\n")];
        using var reader = CsvReader.Open(byteWise ? new OneByteAtATime(two) : new MemoryStream(two), "t.csv.gz", gzip: true);

        Assert.Equal([["1", "2"], ["3", "4"]], CsvText.Rows(reader));
    }

    [Fact]
    public void Open_NoSuchFile_IsAnIoFault() => Assert.ThrowsAny<IOException>(() => CsvReader.Open(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));

    private static byte[] Gzip(string text)
    {
        var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            zip.Write(Encoding.UTF8.GetBytes(text));
        }

        return bytes.ToArray();
    }

    /// <summary>Gives one byte per read, so that every boundary falls between two reads.</summary>
    private sealed class OneByteAtATime(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1)]);
    }

    /// <summary>A stream without end.</summary>
    private sealed class Endless(byte filler, string start) : Stream
    {
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            for (var i = 0; i < count; i++, Given++)
            {
                buffer[offset + i] = Given < start.Length ? (byte)start[(int)Given] : filler;
            }

            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
