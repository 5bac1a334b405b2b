using System.Diagnostics.CodeAnalysis;

namespace DpSpark.Arrow.Compression;

/// <summary>Throws, out of line so that the decoders' loops stay small.</summary>
internal static class Damaged
{
    [DoesNotReturn]
    public static void Throw(string what) => throw new ArrowFormatException(what);

    [DoesNotReturn]
    public static void Snappy(string what) => throw new ArrowFormatException("Damaged Snappy block: " + what + ".");

    [DoesNotReturn]
    public static void Lz4(string what) => throw new ArrowFormatException("Damaged LZ4 data: " + what + ".");

    [DoesNotReturn]
    public static void Zstandard(string what) => throw new ArrowFormatException("Damaged Zstandard data: " + what + ".");
}
