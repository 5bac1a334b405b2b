using System.Text;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Sources.Csv;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Sources.Csv;

public sealed class CsvReaderProperties
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20_261_121, 7);

    /// <summary>Text made of the characters that matter, long enough to cross windows and blocks.</summary>
    private static readonly Gen<byte[]> s_hostile =
        from size in Gen.Choose(0, 400)
        from pieces in Gen.ArrayOf(Gen.Elements("\"", "\"", ",", ",", "\n", "\n", "\r\n", "\r", "\"\"", "x", "1,2", "1,2\n", "\"a\",\"b\"\n", "abcdefghijklmnopqrstuvwxyz", "\u00E9"), size)
        select Encoding.Latin1.GetBytes(string.Concat(pieces));

    /// <summary>A well-formed file of two columns.</summary>
    private static readonly Gen<byte[]> s_wellFormed =
        from rows in Gen.Choose(0, 60)
        from fields in Gen.ArrayOf(Gen.Elements("", "\"\"", "a", "12.5", "\"q\"", "\"a,b\"", "\"x\"\"y\"", "\"\n\"", "\"\"\"\"", "it\"s", "\"" + new string('z', 70) + "\"", new string('w', 130)), 2 * rows)
        from feeds in Gen.ArrayOf(Gen.Elements("\n", "\r\n", "\n\n"), rows)
        select Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, rows).Select(i => fields[2 * i] + "," + fields[(2 * i) + 1] + feeds[i])));

    [Fact]
    public void Read_AnyText_AgreesWithTheReference() => Prop.ForAll(s_hostile.ToArbitrary(), Agrees).Check(s_config);

    [Fact]
    public void Read_WellFormedFiles_AgreesWithTheReference() => Prop.ForAll(s_wellFormed.ToArbitrary(), bytes =>
    {
        Assert.NotNull(CsvText.Reference(bytes, 2, ','));
        Agrees(bytes);
    }).Check(s_config);

    [Fact]
    public void Read_MutatedFiles_EndInRowsOrAFault()
    {
        var random = new Random(20_261_121);
        for (var round = 0; round < 4000; round++)
        {
            var bytes = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("1,\"two \"\"2\"\"\",3.5\r\n\"a\nb\",,x\n", 12)));
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..random.Next(bytes.Length)];
            var expected = CsvText.Reference(bytes, 3, ',');
            if (bytes is not ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]))
            {
                AssertSame(expected, bytes, 3, 64);
            }
        }
    }

    [Fact]
    public void Read_BinaryGarbage_EndsInRowsOrAFault()
    {
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var bytes = new byte[random.Next(5000)];
            random.NextBytes(bytes);
            try
            {
                CsvText.Read(bytes, new CsvOptions { MaxFieldBytes = 500 });
            }
            catch (SourceFormatException e)
            {
                Assert.StartsWith("DPS52", e.Code, StringComparison.Ordinal);
            }
        }
    }

    private static void Agrees(byte[] bytes)
    {
        foreach (var columns in (int[])[1, 2])
        {
            AssertSame(CsvText.Reference(bytes, columns, ','), bytes, columns, 1);
            AssertSame(CsvText.Reference(bytes, columns, ','), bytes, columns, 1 << 16);
        }
    }

    private static void AssertSame(List<string?[]>? expected, byte[] bytes, int columns, int blockBytes)
    {
        var options = new CsvOptions { Header = false, BlockBytes = blockBytes, BatchRows = 3 };
        var names = Enumerable.Range(0, columns).Select(i => $"c{i}").ToList();
        if (expected is null)
        {
            Assert.Throws<SourceFormatException>(() => CsvText.Read(bytes, options, null, names));
        }
        else
        {
            Assert.Equal(expected, CsvText.Read(bytes, options, null, names));
        }
    }
}
