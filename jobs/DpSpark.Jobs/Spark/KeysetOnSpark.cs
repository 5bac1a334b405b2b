using System.Security.Cryptography;
using DpSpark.Connect;
using DpSpark.Core.Stages.Hosting;

namespace DpSpark.Jobs.Spark;

/// <summary>How the worker learns the public keys: inside each step where they are few, else as a file that travels with the session.</summary>
internal sealed class KeysetOnSpark
{
    private readonly IReadOnlyList<byte[]>? _keys;
    private readonly string? _file;
    private readonly byte[]? _sha256;

    private KeysetOnSpark(IReadOnlyList<byte[]>? keys, string? file, byte[]? sha256) => (_keys, _file, _sha256) = (keys, file, sha256);

    /// <summary>Decides, and gives the file to send where one is needed.</summary>
    public static KeysetOnSpark Of(IReadOnlyList<byte[]>? keys, out SparkArtifact? artifact)
    {
        artifact = null;
        if (keys is null || keys.Sum(k => k.Length + 8L) <= StageRequest.InlineKeysetBytes)
        {
            return new KeysetOnSpark(keys, null, null);
        }

        var bytes = KeysetFile.Write(keys);
        var hash = SHA256.HashData(bytes);
        var name = "dp-keyset-" + Convert.ToHexStringLower(hash.AsSpan(0, 8));
        artifact = SparkArtifact.FromBytes("files/" + name, bytes);
        return new KeysetOnSpark(null, name, hash);
    }

    /// <summary>The request with the keyset in it.</summary>
    public StageRequest Give(StageRequest request) => request with { Keyset = _keys, KeysetFile = _file, KeysetSha256 = _sha256 };
}
