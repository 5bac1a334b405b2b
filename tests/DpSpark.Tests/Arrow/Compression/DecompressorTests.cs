using System.Buffers.Binary;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Arrow.Compression;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Arrow.Compression;

public class DecompressorTests
{
    [Fact]
    public void Snappy_RandomTags_DecodeAsTheNaiveDecoderSays() => CheckSeeds(seed =>
    {
        var (block, plain) = RandomSnappy(new Random(seed));
        var target = new byte[plain.Length + 3];
        Array.Fill(target, (byte)0xEE);

        return Snappy.DecompressedLength(block) == plain.Length && Snappy.Decompress(block, target) == plain.Length
            && target.AsSpan(0, plain.Length).SequenceEqual(plain) && target.AsSpan(plain.Length).SequenceEqual((byte[])[0xEE, 0xEE, 0xEE])
            && Snappy.Decompress(block, target.AsSpan(0, plain.Length)) == plain.Length && target.AsSpan(0, plain.Length).SequenceEqual(plain);
    });

    [Fact]
    public void Lz4_RandomSequences_DecodeAsTheNaiveDecoderSays() => CheckSeeds(seed =>
    {
        var (block, plain) = RandomLz4(new Random(seed));
        var exact = new byte[plain.Length];
        var roomy = new byte[plain.Length + 100];

        return Lz4.DecompressBlock(block, exact) == plain.Length && exact.AsSpan().SequenceEqual(plain)
            && Lz4.DecompressBlock(block, roomy) == plain.Length && roomy.AsSpan(0, plain.Length).SequenceEqual(plain);
    });

    [Fact]
    public void Lz4Hadoop_FramedAndBare_BothDecode()
    {
        var (block, plain) = RandomLz4(new Random(7));
        var framed = new byte[2 * (8 + block.Length)];
        foreach (var at in new[] { 0, 8 + block.Length })
        {
            BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(at), plain.Length);
            BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(at + 4), block.Length);
            block.CopyTo(framed, at + 8);
        }

        var target = new byte[2 * plain.Length];
        Assert.Equal(2 * plain.Length, Lz4.DecompressHadoop(framed, target));
        Assert.Equal([.. plain, .. plain], target);
        Assert.Equal(plain.Length, Lz4.DecompressHadoop(block, target.AsSpan(0, plain.Length)));
    }

    [Fact]
    public void Zstandard_RawAndRunBlocks_Decode()
    {
        // Single segment, content size 2 + 5; a raw block "ab", then a last block of five times "c".
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 7, 2 << 3, 0, 0, (byte)'a', (byte)'b', (5 << 3) | 3, 0, 0, (byte)'c'];

        Assert.Equal("abccccc", Encoding.UTF8.GetString(Zstandard.Decompress(frame, 100)));
        Assert.Equal(7, Zstandard.ContentSize(frame));
        Assert.Throws<ArrowFormatException>(() => Zstandard.Decompress(frame, 6));
        Assert.Throws<ArrowFormatException>(() => Zstandard.Decompress(frame.AsSpan(0, 14), 100));
    }

    [Fact]
    public void Zstandard_ContentSizeThatTheBlocksCannotHold_IsRefusedWithoutMemory()
    {
        // 2^40 bytes are promised by an empty block.
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];

        Assert.Throws<ArrowFormatException>(() => Zstandard.Decompress(frame, int.MaxValue));
    }

    [Theory]
    [InlineData("", 0x02CC5D05u, 0xEF46DB3751D8E999ul)]
    [InlineData("abc", 0x32D153FFu, 0x44BC2CF5AD770999ul)]
    public void XxHash_PublishedValues_AreMet(string text, uint hash32, ulong hash64)
    {
        // The hashes are internal: frames carry them. An LZ4 frame of one stored block checks the first, a Zstandard frame the second.
        var bytes = Encoding.ASCII.GetBytes(text);
        byte[] lz4 =
        [
            4, 0x22, 0x4D, 0x18, 0x64, 0x40, 0xA7,
            .. bytes.Length == 0 ? [] : (byte[])[(byte)bytes.Length, 0, 0, 0x80, .. bytes],
            0, 0, 0, 0, .. BitConverter.GetBytes(hash32),
        ];
        byte[] zstd = [0x28, 0xB5, 0x2F, 0xFD, 0x24, (byte)bytes.Length, (byte)((bytes.Length << 3) | 1), 0, 0, .. bytes, .. BitConverter.GetBytes((uint)hash64)];

        Assert.Equal(bytes, Lz4.DecompressFrame(lz4, 10));
        Assert.Equal(bytes, Zstandard.Decompress(zstd, 10));
        lz4[^1] ^= 1;
        zstd[^1] ^= 1;
        Assert.Throws<ArrowFormatException>(() => Lz4.DecompressFrame(lz4, 10));
        Assert.Throws<ArrowFormatException>(() => Zstandard.Decompress(zstd, 10));
    }

    private static void CheckSeeds(Func<int, bool> property) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), property).QuickCheckThrowOnFailure();

    private static (byte[] Block, byte[] Plain) RandomSnappy(Random random)
    {
        var tags = new List<byte>();
        var plain = new List<byte>();
        for (var step = random.Next(60); step >= 0; step--)
        {
            if (plain.Count == 0 || random.Next(2) == 0)
            {
                var literal = new byte[random.Next(4) == 0 ? random.Next(1, 700) : random.Next(1, 40)];
                random.NextBytes(literal);
                var n = literal.Length - 1;
                tags.AddRange(n < 60 ? [(byte)(n << 2)] : n < 256 ? [60 << 2, (byte)n] : (byte[])[61 << 2, (byte)n, (byte)(n >> 8)]);
                tags.AddRange(literal);
                plain.AddRange(literal);
                continue;
            }

            var distance = random.Next(2) == 0 ? random.Next(1, Math.Min(20, plain.Count) + 1) : random.Next(1, plain.Count + 1);
            int length;
            switch (random.Next(3))
            {
                case 0 when distance < 2048:
                    length = random.Next(4, 12);
                    tags.AddRange([(byte)(1 | ((length - 4) << 2) | (distance >> 8 << 5)), (byte)distance]);
                    break;
                case 1:
                    length = random.Next(1, 65);
                    tags.AddRange([(byte)(2 | ((length - 1) << 2)), (byte)distance, (byte)(distance >> 8)]);
                    break;
                default:
                    length = random.Next(1, 65);
                    tags.AddRange([(byte)(3 | ((length - 1) << 2)), .. BitConverter.GetBytes(distance)]);
                    break;
            }

            Repeat(plain, distance, length);
        }

        var header = plain.Count < 128 ? [(byte)plain.Count] : plain.Count < 16384
            ? [(byte)(plain.Count | 128), (byte)(plain.Count >> 7)]
            : (byte[])[(byte)(plain.Count | 128), (byte)((plain.Count >> 7) | 128), (byte)(plain.Count >> 14)];
        return ([.. header, .. tags], [.. plain]);
    }

    private static (byte[] Block, byte[] Plain) RandomLz4(Random random)
    {
        var block = new List<byte>();
        var plain = new List<byte>();
        for (var step = random.Next(40); step >= 0; step--)
        {
            var literal = new byte[random.Next(3) == 0 ? random.Next(15, 600) : random.Next(step == 0 || plain.Count == 0 ? 1 : 0, 30)];
            random.NextBytes(literal);
            var length = random.Next(3) == 0 ? random.Next(18, 600) : random.Next(4, 20);
            block.Add((byte)((Math.Min(15, literal.Length) << 4) | (step == 0 ? 0 : Math.Min(15, length - 4))));
            AddRun(block, literal.Length);
            block.AddRange(literal);
            plain.AddRange(literal);
            if (step > 0)
            {
                var distance = random.Next(2) == 0 ? random.Next(1, Math.Min(20, plain.Count) + 1) : random.Next(1, Math.Min(65535, plain.Count) + 1);
                block.AddRange([(byte)distance, (byte)(distance >> 8)]);
                AddRun(block, length - 4);
                Repeat(plain, distance, length);
            }
        }

        return ([.. block], [.. plain]);

        static void AddRun(List<byte> block, int length)
        {
            for (length -= 15; length >= 0; length -= 255)
            {
                block.Add((byte)Math.Min(255, length));
                if (length < 255)
                {
                    return;
                }
            }
        }
    }

    private static void Repeat(List<byte> plain, int distance, int length)
    {
        for (var i = 0; i < length; i++)
        {
            plain.Add(plain[^distance]);
        }
    }
}
