using System.IO.Compression;
using DpSpark.Arrow;
using DpSpark.Arrow.Compression;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Decompresses page bodies.</summary>
internal static class PageCodec
{
    /// <summary>Checks that this reader knows a codec.</summary>
    public static ParquetCodec Check(int codec, string column) => (ParquetCodec)codec switch
    {
        ParquetCodec.Lzo => throw new ArrowUnsupportedException($"codec LZO (column '{column}')"),
        >= ParquetCodec.Uncompressed and <= ParquetCodec.Lz4Raw => (ParquetCodec)codec,
        _ => throw new ParquetFormatException($"Column '{column}': codec {codec} does not exist."),
    };

    /// <summary>Whether a body can decompress to a size at all; asked before memory is reserved for it.</summary>
    public static bool IsPlausible(ParquetCodec codec, ReadOnlySpan<byte> source, int size) => codec switch
    {
        ParquetCodec.Snappy => Snappy.DecompressedLength(source) == size && size <= (source.Length * 22L) + 64,
        ParquetCodec.Gzip => size <= (source.Length * 1032L) + 64,
        ParquetCodec.Lz4 or ParquetCodec.Lz4Raw => size <= (source.Length * 256L) + 64,
        ParquetCodec.Zstd => Zstandard.DecompressedBound(source) >= size,
        ParquetCodec.Brotli => size <= (source.Length * 1032L) + 65536 || BrotliLength(source, size) == size,
        _ => true,
    };

    /// <summary>Decompresses a body.</summary>
    /// <param name="codec">Any codec but none and LZO.</param>
    /// <param name="array">Holds the body.</param>
    /// <param name="start">First byte of the body.</param>
    /// <param name="length">Bytes of the body.</param>
    /// <param name="destination">Receives exactly its length.</param>
    /// <exception cref="ArrowFormatException">The body is damaged, or has another size.</exception>
    public static void Decompress(ParquetCodec codec, byte[] array, int start, int length, Span<byte> destination)
    {
        var source = array.AsSpan(start, length);
        var written = codec switch
        {
            ParquetCodec.Snappy => Snappy.Decompress(source, destination),
            ParquetCodec.Zstd => Zstandard.Decompress(source, destination),
            ParquetCodec.Lz4Raw => Lz4.DecompressBlock(source, destination),
            ParquetCodec.Lz4 => OldLz4(source, destination),
            ParquetCodec.Brotli => Brotli(source, destination),
            ParquetCodec.Gzip => Gzip(array, start, length, destination),
            _ => throw new ArrowUnsupportedException("codec " + codec),
        };
        if (written != destination.Length)
        {
            throw new ParquetFormatException($"A page decompresses to {written} bytes, its header says {destination.Length}.");
        }
    }

    /// <summary>The old codec LZ4: Hadoop's framing in most files, a bare block in some.</summary>
    private static int OldLz4(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        try
        {
            return Lz4.DecompressHadoop(source, destination) is var written && written == destination.Length
                ? written
                : Lz4.DecompressBlock(source, destination);
        }
        catch (ArrowFormatException)
        {
            return Lz4.DecompressBlock(source, destination);
        }
    }

    private static int Brotli(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        using var decoder = new BrotliDecoder();
        var status = decoder.Decompress(source, destination, out var consumed, out var written);
        return status == System.Buffers.OperationStatus.Done && consumed == source.Length
            ? written
            : throw new ParquetFormatException($"A Brotli page is damaged ({status}).");
    }

    /// <summary>How much a stream of an unusual ratio really holds, found without keeping it; at most one buffer beyond the limit.</summary>
    private static long BrotliLength(ReadOnlySpan<byte> source, int limit)
    {
        using var decoder = new BrotliDecoder();
        var buffer = new byte[65536];
        var total = 0L;
        while (total <= limit)
        {
            var status = decoder.Decompress(source, buffer, out var consumed, out var written);
            total += written;
            source = source[consumed..];
            if (status != System.Buffers.OperationStatus.DestinationTooSmall || written == 0)
            {
                return status == System.Buffers.OperationStatus.Done ? total : -1;
            }
        }

        return total;
    }

    private static int Gzip(byte[] array, int start, int length, Span<byte> destination)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(array, start, length, false), CompressionMode.Decompress);
            var written = gzip.ReadAtLeast(destination, destination.Length, false);
            return gzip.ReadByte() < 0 ? written : throw new ParquetFormatException("A gzip page holds more bytes than its header says.");
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new ParquetFormatException("A gzip page is damaged.", e);
        }
    }
}
