using System.Text;
using DpSpark.Jobs.Sources.Csv;

namespace DpSpark.Tests.Sources.Csv;

public sealed class CsvLinesTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("a,b\n1,2\n", true)]
    [InlineData("a,b\r\n1,2\r\n", true)]
    [InlineData("\uFEFF\"a\",b\n1,2", true)]
    [InlineData("\uFEFF\"a\n\",b\n1,2", false)]
    [InlineData("a,b\n\"x,\"\"y\"\"\",2\n", true)]
    [InlineData("a,b\n\"x\ny\",2\n", false)]
    [InlineData("a,b\n1,\"x\r\ny\"\n", false)]
    [InlineData("a,b\n1,\"x\"\"\ny\"\n", false)]
    [InlineData("a,b\n5\" disk,\"x\"\n", true)]
    [InlineData("a,b\n5\" disk,3\" disk\n", true)]
    [InlineData("a,b\n5\" disk,\"x\ny\"\n", false)]
    [InlineData("a,b\n\"\",\"\"\n", true)]
    [InlineData("a,b\n1,\"never closed", false)]
    [InlineData("a,b\r1,2\r", false)]
    [InlineData("a,b\n1\r2,3\n", false)]
    public void EndRecords_File_IsFalseWhereALineIsNoRecord(string text, bool expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        // However the bytes come, the answer is the same.
        foreach (var step in new[] { 1, 3, 1 << 20 })
        {
            using var stream = new Pieces(bytes, Math.Max(step, text.StartsWith('\uFEFF') ? 3 : 1));
            Assert.Equal(expected, CsvLines.EndRecords(stream, ','));
        }
    }

    private sealed class Pieces(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(step, buffer.Length)]);
    }
}
