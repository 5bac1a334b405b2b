namespace DpSpark.Core.Keys;

/// <summary>The type tag of an element of a key tuple.</summary>
public enum KeyTag
{
    /// <summary>No value; no payload.</summary>
    Null = 0x00,

    /// <summary>One byte, 0 or 1.</summary>
    Bool = 0x01,

    /// <summary>8-byte big-endian two's complement.</summary>
    Int64 = 0x02,

    /// <summary>IEEE bits, big-endian, one zero and one NaN.</summary>
    Double = 0x03,

    /// <summary>UTF-8 bytes as stored.</summary>
    String = 0x04,

    /// <summary>Bytes.</summary>
    Binary = 0x05,

    /// <summary>Days since 1970-01-01, 4-byte big-endian.</summary>
    Date = 0x06,

    /// <summary>Microseconds since 1970-01-01T00:00Z, 8-byte big-endian.</summary>
    Timestamp = 0x07,

    /// <summary>4-byte big-endian scale, then the unscaled value in minimal-length big-endian two's complement.</summary>
    Decimal = 0x08,

    /// <summary>8-byte big-endian.</summary>
    UInt64 = 0x09,
}
