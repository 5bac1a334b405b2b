using System.Buffers.Binary;
using System.Numerics;

namespace DpSpark.Core.Keys;

/// <summary>
/// Injective, canonical bytes of key tuples: the concatenation over the elements of tlv(tag || payload), tlv(x) being the 4-byte big-endian
/// length of x followed by x. Every method writes one element and returns the bytes written.
/// </summary>
/// <remarks>
/// Units, partitions and records are such tuples, a single column being a tuple of one. Equal values get equal bytes and different values
/// different bytes, whatever file, task or attempt they come from; bounding and noise are functions of these bytes alone.
/// Strings are the UTF-8 bytes as stored: decoding them would merge different invalid sequences.
/// </remarks>
public static class CanonicalKey
{
    /// <summary>Bytes of a null element.</summary>
    public const int NullBytes = 5;

    /// <summary>Bytes of a bool element.</summary>
    public const int BoolBytes = 6;

    /// <summary>Bytes of a date element.</summary>
    public const int DateBytes = 9;

    /// <summary>Bytes of an int64, uint64, double or timestamp element.</summary>
    public const int EightByteElement = 13;

    private const ulong CanonicalNaN = 0x7ff8000000000000;

    /// <summary>Bytes of a string or binary element with so many bytes of content.</summary>
    /// <param name="contentBytes">Length of the content.</param>
    public static int TextBytes(int contentBytes) => 5 + contentBytes;

    /// <summary>Writes a null.</summary>
    /// <param name="destination">At least <see cref="NullBytes"/>.</param>
    public static int WriteNull(Span<byte> destination) => Header(KeyTag.Null, 0, destination);

    /// <summary>Writes a bool.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">At least <see cref="BoolBytes"/>.</param>
    public static int WriteBool(bool value, Span<byte> destination)
    {
        destination[5] = value ? (byte)1 : (byte)0;
        return Header(KeyTag.Bool, 1, destination);
    }

    /// <summary>Writes a signed integer of any width, widened to 64 bits.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">At least <see cref="EightByteElement"/>.</param>
    public static int WriteInt64(long value, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination[5..], value);
        return Header(KeyTag.Int64, 8, destination);
    }

    /// <summary>Writes an unsigned 64-bit integer.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">At least <see cref="EightByteElement"/>.</param>
    public static int WriteUInt64(ulong value, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[5..], value);
        return Header(KeyTag.UInt64, 8, destination);
    }

    /// <summary>Writes a floating-point number of any width, widened to double; -0.0 becomes 0.0 and every NaN the same NaN.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">At least <see cref="EightByteElement"/>.</param>
    public static int WriteDouble(double value, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[5..], CanonicalBits(value));
        return Header(KeyTag.Double, 8, destination);
    }

    /// <summary>The bits of a double with one zero and one NaN.</summary>
    /// <param name="value">The value.</param>
    public static ulong CanonicalBits(double value) =>
        double.IsNaN(value) ? CanonicalNaN : value == 0 ? 0 : BitConverter.DoubleToUInt64Bits(value);

    /// <summary>Writes a string.</summary>
    /// <param name="utf8">The bytes as stored.</param>
    /// <param name="destination">At least <see cref="TextBytes"/> of the length.</param>
    public static int WriteString(ReadOnlySpan<byte> utf8, Span<byte> destination)
    {
        utf8.CopyTo(destination[5..]);
        return Header(KeyTag.String, utf8.Length, destination);
    }

    /// <summary>Writes binary content.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="destination">At least <see cref="TextBytes"/> of the length.</param>
    public static int WriteBinary(ReadOnlySpan<byte> content, Span<byte> destination)
    {
        content.CopyTo(destination[5..]);
        return Header(KeyTag.Binary, content.Length, destination);
    }

    /// <summary>Writes a date.</summary>
    /// <param name="daysSinceEpoch">Days since 1970-01-01.</param>
    /// <param name="destination">At least <see cref="DateBytes"/>.</param>
    public static int WriteDate(int daysSinceEpoch, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], daysSinceEpoch);
        return Header(KeyTag.Date, 4, destination);
    }

    /// <summary>Writes an instant.</summary>
    /// <param name="microsecondsUtc">Microseconds since 1970-01-01T00:00Z.</param>
    /// <param name="destination">At least <see cref="EightByteElement"/>.</param>
    public static int WriteTimestamp(long microsecondsUtc, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination[5..], microsecondsUtc);
        return Header(KeyTag.Timestamp, 8, destination);
    }

    /// <summary>Writes a decimal: 4-byte big-endian scale of the column, then the unscaled value as minimal-length big-endian two's complement.</summary>
    /// <param name="unscaled">The unscaled value.</param>
    /// <param name="scale">The scale of the column, so that equal values get equal bytes.</param>
    /// <param name="destination">At least 9 plus the bytes of the value; 9 + 16 hold every 128-bit decimal.</param>
    public static int WriteDecimal(BigInteger unscaled, int scale, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], scale);
        if (!unscaled.TryWriteBytes(destination[9..], out int written, isUnsigned: false, isBigEndian: true))
        {
            throw new ArgumentException("The destination is too short for the decimal.", nameof(destination));
        }

        return Header(KeyTag.Decimal, 4 + written, destination);
    }

    /// <summary>Writes tlv(content): its 4-byte big-endian length, then the content.</summary>
    /// <param name="content">The content.</param>
    /// <param name="destination">At least 4 bytes more than the content.</param>
    public static int WriteTlv(ReadOnlySpan<byte> content, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, content.Length);
        content.CopyTo(destination[4..]);
        return 4 + content.Length;
    }

    private static int Header(KeyTag tag, int payload, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, payload + 1);
        destination[4] = (byte)tag;
        return 5 + payload;
    }
}
