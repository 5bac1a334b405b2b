using System.Numerics;

namespace DpSpark.Core.Keys;

/// <summary>Collects the elements of key tuples (<see cref="CanonicalKey"/>) in a buffer that grows and is reused.</summary>
public sealed class KeyWriter
{
    private byte[] _buffer;

    /// <summary>Makes an empty writer.</summary>
    /// <param name="capacity">First size of the buffer in bytes.</param>
    public KeyWriter(int capacity = 64) => _buffer = new byte[Math.Max(capacity, 16)];

    /// <summary>What was written since the last <see cref="Reset"/>; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Starts over.</summary>
    public void Reset() => Length = 0;

    /// <summary>Drops everything after a length that was reached before, to reuse a common beginning.</summary>
    /// <param name="length">At most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <summary>Appends a null.</summary>
    public void WriteNull() => Length += CanonicalKey.WriteNull(Room(CanonicalKey.NullBytes));

    /// <summary>Appends a bool.</summary>
    /// <param name="value">The value.</param>
    public void WriteBool(bool value) => Length += CanonicalKey.WriteBool(value, Room(CanonicalKey.BoolBytes));

    /// <summary>Appends a signed integer.</summary>
    /// <param name="value">The value.</param>
    public void WriteInt64(long value) => Length += CanonicalKey.WriteInt64(value, Room(CanonicalKey.EightByteElement));

    /// <summary>Appends an unsigned integer.</summary>
    /// <param name="value">The value.</param>
    public void WriteUInt64(ulong value) => Length += CanonicalKey.WriteUInt64(value, Room(CanonicalKey.EightByteElement));

    /// <summary>Appends a floating-point number.</summary>
    /// <param name="value">The value.</param>
    public void WriteDouble(double value) => Length += CanonicalKey.WriteDouble(value, Room(CanonicalKey.EightByteElement));

    /// <summary>Appends a string.</summary>
    /// <param name="utf8">The bytes as stored.</param>
    public void WriteString(ReadOnlySpan<byte> utf8) => Length += CanonicalKey.WriteString(utf8, Room(CanonicalKey.TextBytes(utf8.Length)));

    /// <summary>Appends binary content.</summary>
    /// <param name="content">The bytes.</param>
    public void WriteBinary(ReadOnlySpan<byte> content) => Length += CanonicalKey.WriteBinary(content, Room(CanonicalKey.TextBytes(content.Length)));

    /// <summary>Appends a date.</summary>
    /// <param name="daysSinceEpoch">Days since 1970-01-01.</param>
    public void WriteDate(int daysSinceEpoch) => Length += CanonicalKey.WriteDate(daysSinceEpoch, Room(CanonicalKey.DateBytes));

    /// <summary>Appends an instant.</summary>
    /// <param name="microsecondsUtc">Microseconds since 1970-01-01T00:00Z.</param>
    public void WriteTimestamp(long microsecondsUtc) =>
        Length += CanonicalKey.WriteTimestamp(microsecondsUtc, Room(CanonicalKey.EightByteElement));

    /// <summary>Appends a decimal.</summary>
    /// <param name="unscaled">The unscaled value.</param>
    /// <param name="scale">The scale of the column.</param>
    public void WriteDecimal(BigInteger unscaled, int scale) =>
        Length += CanonicalKey.WriteDecimal(unscaled, scale, Room(9 + unscaled.GetByteCount()));

    /// <summary>Appends tlv(content).</summary>
    /// <param name="content">The content.</param>
    public void WriteTlv(ReadOnlySpan<byte> content) => Length += CanonicalKey.WriteTlv(content, Room(4 + content.Length));

    /// <summary>Appends bytes as they are.</summary>
    /// <param name="content">The bytes.</param>
    public void WriteRaw(ReadOnlySpan<byte> content)
    {
        content.CopyTo(Room(content.Length));
        Length += content.Length;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Array.Resize(ref _buffer, checked((int)Math.Min(Array.MaxLength, Math.Max(2L * _buffer.Length, (long)Length + bytes))));
        }

        return _buffer.AsSpan(Length);
    }
}
