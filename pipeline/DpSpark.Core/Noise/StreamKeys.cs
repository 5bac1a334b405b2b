using System.Security.Cryptography;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Noise;

/// <summary>The keys of all partitions' streams for one (secret, release, metric).</summary>
/// <remarks>
/// key = HMAC-SHA256(secret, "dp-stream-v1" || 0x00 || tlv(release) || tlv(metric) || tlv(partition)).
/// Guarantee: HMAC-SHA256 is a pseudo-random function of its message, and the message is an injective encoding of the triple, so every
/// (release, metric, partition) has its own stream, and the same triple always has the same one: a retried task redraws the same noise.
/// Limits: whoever holds the secret can subtract the noise; two releases must never share secret and id.
/// Thread safe. Dispose it to clear the secret from memory.
/// </remarks>
public sealed class StreamKeys : IDisposable
{
    /// <summary>Bytes of a release secret.</summary>
    public const int SecretBytes = 32;

    private readonly byte[] _secret;
    private readonly byte[] _prefix;

    /// <summary>Prepares the keys of one metric.</summary>
    /// <param name="secret">The release's secret: 32 bytes from the operating system, used for one release only.</param>
    /// <param name="release">The release's id.</param>
    /// <param name="metric">The metric's bytes, see <see cref="MetricBytes"/>.</param>
    /// <exception cref="ArgumentException">The secret is not 32 bytes long.</exception>
    public StreamKeys(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> release, ReadOnlySpan<byte> metric)
    {
        if (secret.Length != SecretBytes)
        {
            throw new ArgumentException("A release secret has 32 bytes.", nameof(secret));
        }

        _secret = secret.ToArray();
        var writer = new KeyWriter();
        writer.WriteRaw("dp-stream-v1\0"u8);
        writer.WriteTlv(release);
        writer.WriteTlv(metric);
        _prefix = writer.Written.ToArray();
    }

    /// <summary>Derives the key of one partition's stream.</summary>
    /// <param name="partition">The partition's canonical key bytes; empty for draws that belong to no partition.</param>
    /// <param name="key">Receives 32 bytes.</param>
    public void Derive(ReadOnlySpan<byte> partition, Span<byte> key)
    {
        int length = _prefix.Length + 4 + partition.Length;
        byte[]? rented = null;
        Span<byte> message = length <= 512 ? stackalloc byte[length] : (rented = new byte[length]);
        _prefix.CopyTo(message);
        CanonicalKey.WriteTlv(partition, message[_prefix.Length..]);
        HMACSHA256.HashData(_secret, message, key);
        if (rented is not null)
        {
            CryptographicOperations.ZeroMemory(rented);
        }
    }

    /// <summary>Derives the keys of many partitions, whose canonical bytes lie one after the other.</summary>
    /// <param name="partitions">The partitions' bytes.</param>
    /// <param name="offsets">Where each partition starts, and one more entry for where the last one ends: n + 1 entries.</param>
    /// <param name="keys">Receives n keys of 32 bytes.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public void DeriveAll(ReadOnlySpan<byte> partitions, ReadOnlySpan<int> offsets, Span<byte> keys)
    {
        int count = offsets.Length - 1;
        if (count < 0 || keys.Length != count * KeyedStream.KeyBytes)
        {
            throw new ArgumentException("There must be n + 1 offsets and 32 n bytes for keys.", nameof(keys));
        }

        for (int i = 0; i < count; i++)
        {
            Derive(partitions[offsets[i]..offsets[i + 1]], keys.Slice(i * KeyedStream.KeyBytes, KeyedStream.KeyBytes));
        }
    }

    /// <summary>Sets a stream to the first word of one partition.</summary>
    /// <param name="partition">The partition's canonical key bytes.</param>
    /// <param name="stream">The stream to set; everything it held before is dropped.</param>
    public void Open(ReadOnlySpan<byte> partition, KeyedStream stream)
    {
        Span<byte> key = stackalloc byte[KeyedStream.KeyBytes];
        Derive(partition, key);
        stream.Rekey(key);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>SHA-256("commit" || secret): what a record may show of the secret.</summary>
    /// <param name="secret">The release's secret.</param>
    public static byte[] Commitment(ReadOnlySpan<byte> secret)
    {
        Span<byte> message = stackalloc byte[6 + secret.Length];
        "commit"u8.CopyTo(message);
        secret.CopyTo(message[6..]);
        byte[] hash = SHA256.HashData(message);
        CryptographicOperations.ZeroMemory(message);
        return hash;
    }

    /// <summary>Clears the secret.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);
}
