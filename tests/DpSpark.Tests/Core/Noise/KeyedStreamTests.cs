using System.Buffers.Binary;
using System.Security.Cryptography;
using DpSpark.Core.Noise;

namespace DpSpark.Tests.Core.Noise;

public class KeyedStreamTests
{
    private static readonly byte[] s_key = SHA256.HashData("a key"u8);

    [Fact]
    public void NextWord_ManyWords_AreCounterModeOfThePlatformsAes()
    {
        using var aes = Aes.Create();
        aes.Key = s_key;
        var stream = new KeyedStream(s_key);
        byte[] block = new byte[16];

        for (ulong counter = 0; counter < 200; counter++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(block.AsSpan(8), counter);
            byte[] expected = aes.EncryptEcb(block, PaddingMode.None);
            Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian(expected), stream.NextWord());
            Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan(8)), stream.NextWord());
        }

        Assert.Equal(400, stream.WordsConsumed);
    }

    [Fact]
    public void EncryptBlocks_InstructionsAndPlatform_GiveTheSameBytes()
    {
        for (int i = 0; i < 100; i++)
        {
            byte[] key = SHA256.HashData(BitConverter.GetBytes(i));
            byte[] fast = [.. SHA256.HashData(key), .. SHA256.HashData(s_key)];
            byte[] plain = [.. fast];
            var accelerated = new Aes256();
            accelerated.SetKey(key);
            accelerated.EncryptBlocks(fast);
            var platform = new Aes256 { ForcePlatform = true };
            platform.SetKey(key);
            platform.EncryptBlocks(plain);

            Assert.Equal(plain, fast);
        }
    }

    [Fact]
    public void Rekey_SameKey_StartsOver()
    {
        var stream = new KeyedStream(s_key);
        ulong first = stream.NextWord();
        stream.NextWord();

        stream.Rekey(s_key);

        Assert.Equal(first, stream.NextWord());
        Assert.Equal(1, stream.WordsConsumed);
    }

    [Fact]
    public void Clear_Used_RefusesToGoOn()
    {
        var stream = new KeyedStream(s_key);
        stream.NextWord();

        stream.Clear();

        Assert.Throws<InvalidOperationException>(() => stream.NextWord());
        Assert.Throws<InvalidOperationException>(() => new KeyedStream().NextWord());
    }

    [Fact]
    public void Derive_AnyPartDiffers_GivesAnotherKey()
    {
        var seen = new HashSet<string>();
        byte[] other = SHA256.HashData(s_key);
        foreach (byte[] secret in new[] { s_key, other })
        {
            foreach (string release in new[] { "r", "rm", "" })
            {
                foreach (string metric in new[] { "m", "mp", "p" })
                {
                    using var keys = new StreamKeys(secret, System.Text.Encoding.UTF8.GetBytes(release), System.Text.Encoding.UTF8.GetBytes(metric));
                    byte[] key = new byte[32];
                    foreach (string partition in new[] { "", "p", "mp", new string('x', 2000) })
                    {
                        keys.Derive(System.Text.Encoding.UTF8.GetBytes(partition), key);
                        Assert.True(seen.Add(Convert.ToHexString(key)));
                    }
                }
            }
        }
    }

    [Fact]
    public void DeriveAll_ManyPartitions_EqualsOneByOne()
    {
        using var keys = new StreamKeys(s_key, "r"u8, "m"u8);
        byte[] all = new byte[96];
        byte[] one = new byte[32];

        keys.DeriveAll("abbccc"u8, [0, 1, 3, 6], all);

        keys.Derive("bb"u8, one);
        Assert.Equal(one, all[32..64]);
        keys.Derive("ccc"u8, one);
        Assert.Equal(one, all[64..]);
    }

    [Theory]
    [InlineData("", "count")]
    [InlineData("spend", "")]
    [InlineData("spe\0nd", "count")]
    public void Of_NamesThatWouldMakeTwoDrawsAlike_AreRefused(string output, string part) =>
        Assert.Throws<ArgumentException>(() => MetricBytes.Of(output, part));
}
