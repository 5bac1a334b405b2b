using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Tests.Sources.Parquet;

/// <summary>Fast kernels against their plain forms.</summary>
public sealed class ParquetKernelTests
{
    private readonly Random _random = new(20_261_123);

    [Fact]
    public void Unpack_EveryWidthAndLength_AgreesWithBitByBit()
    {
        for (var width = 0; width <= 64; width++)
        {
            foreach (var count in new[] { 1, 7, 8, 9, 31, 32, 64, 100, 257 })
            {
                var source = new byte[((count * width) + 7) / 8];
                _random.NextBytes(source);
                var expected = Enumerable.Range(0, count).Select(i => Bits(source, (long)i * width, width)).ToArray();
                var wide = new ulong[count];

                BitUnpack.Unpack(source, width, wide);

                Assert.Equal(expected, wide);
                if (width <= 32)
                {
                    var narrow = new uint[count];
                    BitUnpack.Unpack(source, width, narrow);
                    Assert.Equal(expected, narrow.Select(n => (ulong)n));
                }
            }
        }
    }

    [Fact]
    public void Copy_BitsBetweenAnyPositions_AgreesWithBitByBit()
    {
        for (var round = 0; round < 2000; round++)
        {
            var source = new byte[20];
            var target = new byte[20];
            _random.NextBytes(source);
            var (from, to, count) = (_random.Next(60), _random.Next(60), _random.Next(100));

            var ones = Bitmap.Copy(source, from >> 3, from & 7, target, to, count);

            var copied = Enumerable.Range(0, count).Select(i => Bitmap.Get(target, to + i)).ToArray();
            Assert.Equal(Enumerable.Range(0, count).Select(i => Bitmap.Get(source, from + i)), copied);
            Assert.Equal(copied.Count(b => b), ones);
        }
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void Crc32_KnownTexts_GivesKnownValues(string text, uint expected) =>
        Assert.Equal(expected, Crc32.Compute(System.Text.Encoding.ASCII.GetBytes(text)));

    private static ulong Bits(byte[] source, long start, int width)
    {
        var value = 0UL;
        for (var i = 0; i < width; i++)
        {
            var bit = start + i;
            value |= (ulong)((source[bit >> 3] >> (int)(bit & 7)) & 1) << i;
        }

        return value;
    }
}
