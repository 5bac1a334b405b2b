using System.Security.Cryptography;
using DpSpark.Core;
using DpSpark.Core.Keys;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Tests.Running;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>Keysets that reach the worker as a file.</summary>
public sealed class KeysetCacheTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly KeysetCache _cache = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_AHundredThousandKeys_ReadsThemOnceWhileTheyAreUsed()
    {
        var (path, hash, keys) = Write(100_000);

        var first = _cache.Open(path, hash);
        File.Delete(path);
        var second = _cache.Open(path, hash);

        Assert.Same(first, second);
        Assert.All(keys.Where((_, i) => i % 997 == 0), k => Assert.True(first.Find(k) >= 0));
        Assert.Equal(-1, first.Find(Key(100_000)));
    }

    [Fact]
    public void Open_AnotherFileUnderTheName_IsRefused()
    {
        var (path, hash, _) = Write(1000);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        Assert.Equal("DPS6407", Assert.Throws<DpSparkException>(() => _cache.Open(path, hash)).Code);
    }

    [Fact]
    public void Open_NoFile_IsRefused() =>
        Assert.Equal("DPS6407", Assert.Throws<DpSparkException>(() => _cache.Open(_folder["none"], new byte[32])).Code);

    private (string Path, byte[] Hash, byte[][] Keys) Write(int count)
    {
        byte[][] keys = [.. Enumerable.Range(0, count).Select(Key)];
        var bytes = KeysetFile.Write(keys);
        File.WriteAllBytes(_folder["keys"], bytes);
        return (_folder["keys"], SHA256.HashData(bytes), keys);
    }

    private static byte[] Key(int number)
    {
        var writer = new KeyWriter();
        writer.WriteInt64(number);
        return writer.Written.ToArray();
    }
}
