using System.IO.Compression;
using System.Security.Cryptography;
using DpSpark.Arrow;
using DpSpark.Arrow.Compression;

namespace DpSpark.Vectors.Formats;

/// <summary>Runs vectors of bare compressed data.</summary>
public static class CodecVectors
{
    /// <summary>Largest output accepted where the index does not tell the length.</summary>
    private const int MaxLength = 16 << 20;

    /// <summary>Runs every case of a folder.</summary>
    /// <param name="folder">Holds an <c>index.json</c>.</param>
    /// <param name="report">Receives the verdicts.</param>
    public static void Run(string folder, VectorReport report)
    {
        foreach (var entry in VectorIndex.Read(folder))
        {
            report.Add(entry.File, Run(entry));
        }
    }

    /// <summary>Runs one case.</summary>
    /// <param name="entry">The case.</param>
    public static Verdict Run(VectorEntry entry)
    {
        var codec = entry.Text("codec") ?? "";
        return codec is "zstd" or "lz4_frame" or "lz4_raw" or "snappy" or "gzip" or "brotli"
            ? Judge.Run(entry.Expect, () => Compare(entry, Decode(codec, File.ReadAllBytes(entry.FullPath), entry.Number("decodedLength"))), Judge.Arrow)
            : new(Outcome.Unsupported, "unknown codec " + codec);
    }

    private static byte[] Decode(string codec, byte[] data, long? length)
    {
        switch (codec)
        {
            case "zstd":
                return Zstandard.Decompress(data, MaxLength);
            case "lz4_frame":
                return Lz4.DecompressFrame(data, MaxLength);
            case "lz4_raw":
                var block = new byte[length ?? MaxLength];
                return block[..Lz4.DecompressBlock(data, block)];
            case "snappy":
                var size = Snappy.DecompressedLength(data);
                if (size > MaxLength)
                {
                    throw new ArrowFormatException("The Snappy block claims more than the largest length accepted.");
                }

                var plain = new byte[size];
                return plain[..Snappy.Decompress(data, plain)];
            default:
                return Inflate(codec, data);
        }
    }

    /// <summary>The base class library's decoders: the readers use these too, and turn their exceptions into their own.</summary>
    private static byte[] Inflate(string codec, byte[] data)
    {
        try
        {
            using var source = new MemoryStream(data);
            using Stream stream = codec == "gzip" ? new GZipStream(source, CompressionMode.Decompress) : new BrotliStream(source, CompressionMode.Decompress);
            var plain = new byte[MaxLength];
            return plain[..stream.ReadAtLeast(plain, MaxLength, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            throw new ArrowFormatException("Damaged " + codec + " data.", e);
        }
    }

    private static string? Compare(VectorEntry entry, byte[] decoded)
    {
        if (entry.Number("decodedLength") is { } length && length != decoded.Length)
        {
            return $"decoded {decoded.Length} bytes, expected {length}";
        }

        if (entry.Text("decodedHex") is { } hex && hex != Convert.ToHexStringLower(decoded))
        {
            return "decoded bytes differ";
        }

        return entry.Text("decodedSha256") is { } hash && hash != Convert.ToHexStringLower(SHA256.HashData(decoded)) ? "digest differs" : null;
    }
}
