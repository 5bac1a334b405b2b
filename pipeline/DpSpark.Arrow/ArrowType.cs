namespace DpSpark.Arrow;

/// <summary>The logical families of Arrow types that a column may have.</summary>
public enum TypeKind : byte
{
    /// <summary>Every value is null; no buffers.</summary>
    Null,

    /// <summary>One bit a value, least significant bit first.</summary>
    Bool,

    /// <summary>Signed or unsigned integers of 8, 16, 32 or 64 bits.</summary>
    Int,

    /// <summary>IEEE 754 binary floating point of 16, 32 or 64 bits.</summary>
    FloatingPoint,

    /// <summary>UTF-8 text with 32-bit offsets.</summary>
    Utf8,

    /// <summary>UTF-8 text with 64-bit offsets.</summary>
    LargeUtf8,

    /// <summary>UTF-8 text as 16-byte views.</summary>
    Utf8View,

    /// <summary>Bytes with 32-bit offsets.</summary>
    Binary,

    /// <summary>Bytes with 64-bit offsets.</summary>
    LargeBinary,

    /// <summary>Bytes as 16-byte views.</summary>
    BinaryView,

    /// <summary>Bytes of one fixed width.</summary>
    FixedSizeBinary,

    /// <summary>Two's complement unscaled integers of 32, 64, 128 or 256 bits with a precision and a scale.</summary>
    Decimal,

    /// <summary>Days (32 bits) or milliseconds (64 bits) since 1970-01-01.</summary>
    Date,

    /// <summary>Time of day: 32 bits for seconds and milliseconds, 64 bits for microseconds and nanoseconds.</summary>
    Time,

    /// <summary>64-bit instants (with a time zone) or wall-clock values (without).</summary>
    Timestamp,

    /// <summary>64-bit lengths of time.</summary>
    Duration,

    /// <summary>Several children of the same length.</summary>
    Struct,

    /// <summary>Lists with 32-bit offsets.</summary>
    List,

    /// <summary>Lists with 64-bit offsets.</summary>
    LargeList,

    /// <summary>Lists of one fixed length.</summary>
    FixedSizeList,

    /// <summary>Lists of key and value entries.</summary>
    Map,
}

/// <summary>Unit of a time, timestamp or duration; for dates <see cref="Day"/> or <see cref="Millisecond"/>.</summary>
public enum TimeUnit : byte
{
    /// <summary>Seconds.</summary>
    Second,

    /// <summary>10⁻³ s.</summary>
    Millisecond,

    /// <summary>10⁻⁶ s.</summary>
    Microsecond,

    /// <summary>10⁻⁹ s.</summary>
    Nanosecond,

    /// <summary>Days (dates only).</summary>
    Day,
}

/// <summary>The logical type of a column. Two types are equal when every property that matters for their kind is equal.</summary>
/// <param name="Kind">The family.</param>
public sealed record ArrowType(TypeKind Kind)
{
    /// <summary>Width in bits of Int, FloatingPoint, Decimal and Time; otherwise 0.</summary>
    public int BitWidth { get; init; }

    /// <summary>Whether an Int is signed.</summary>
    public bool IsSigned { get; init; }

    /// <summary>Decimal digits of a Decimal.</summary>
    public int Precision { get; init; }

    /// <summary>Digits after the point of a Decimal.</summary>
    public int Scale { get; init; }

    /// <summary>Unit of Date, Time, Timestamp and Duration.</summary>
    public TimeUnit Unit { get; init; }

    /// <summary>Time zone of a Timestamp; null for wall-clock values.</summary>
    public string? Timezone { get; init; }

    /// <summary>Bytes a value of FixedSizeBinary.</summary>
    public int ByteWidth { get; init; }

    /// <summary>Items a value of FixedSizeList.</summary>
    public int ListSize { get; init; }

    /// <summary>Whether the keys of a Map are sorted.</summary>
    public bool KeysSorted { get; init; }

    /// <summary>All values null.</summary>
    public static ArrowType Null { get; } = new(TypeKind.Null);

    /// <summary>Booleans.</summary>
    public static ArrowType Bool { get; } = new(TypeKind.Bool);

    /// <summary>Signed 32-bit integers.</summary>
    public static ArrowType Int32 { get; } = Int(32, true);

    /// <summary>Signed 64-bit integers.</summary>
    public static ArrowType Int64 { get; } = Int(64, true);

    /// <summary>32-bit floating point.</summary>
    public static ArrowType Float { get; } = new(TypeKind.FloatingPoint) { BitWidth = 32 };

    /// <summary>64-bit floating point.</summary>
    public static ArrowType Double { get; } = new(TypeKind.FloatingPoint) { BitWidth = 64 };

    /// <summary>UTF-8 text with 32-bit offsets.</summary>
    public static ArrowType Utf8 { get; } = new(TypeKind.Utf8);

    /// <summary>Bytes with 32-bit offsets.</summary>
    public static ArrowType Binary { get; } = new(TypeKind.Binary);

    /// <summary>Days since 1970-01-01 in 32 bits.</summary>
    public static ArrowType Date { get; } = new(TypeKind.Date) { Unit = TimeUnit.Day, BitWidth = 32 };

    /// <summary>Microseconds since 1970-01-01T00:00:00Z in 64 bits, time zone UTC.</summary>
    public static ArrowType TimestampUtc { get; } = new(TypeKind.Timestamp) { Unit = TimeUnit.Microsecond, Timezone = "UTC", BitWidth = 64 };

    /// <summary>An integer type.</summary>
    /// <param name="bitWidth">8, 16, 32 or 64.</param>
    /// <param name="signed">Whether values may be negative.</param>
    public static ArrowType Int(int bitWidth, bool signed) => new(TypeKind.Int) { BitWidth = bitWidth, IsSigned = signed };

    /// <summary>A decimal type of 128 bits.</summary>
    /// <param name="precision">Digits in all, 1 to 38.</param>
    /// <param name="scale">Digits after the point.</param>
    public static ArrowType Decimal128(int precision, int scale) => new(TypeKind.Decimal) { BitWidth = 128, Precision = precision, Scale = scale };

    /// <summary>Bytes of one value in the values buffer; 0 for kinds without a fixed width of whole bytes (Bool, text, nested).</summary>
    public int FixedWidth => Kind switch
    {
        TypeKind.Int or TypeKind.FloatingPoint or TypeKind.Decimal or TypeKind.Time => BitWidth / 8,
        TypeKind.Date => Unit == TimeUnit.Day ? 4 : 8,
        TypeKind.Timestamp or TypeKind.Duration => 8,
        TypeKind.FixedSizeBinary => ByteWidth,
        _ => 0,
    };

    /// <inheritdoc/>
    public bool Equals(ArrowType? other) => other is not null && Identity == other.Identity && Timezone == other.Timezone;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Identity, Timezone);

    /// <summary>The properties that matter. The width of dates, timestamps and durations follows from kind and unit, whether it was set or not.</summary>
    private (TypeKind, int, bool, int, int, TimeUnit, int, int, bool) Identity =>
        (Kind, FixedWidth, IsSigned, Precision, Scale, Unit, ByteWidth, ListSize, KeysSorted);

    /// <summary>Whether values are text or bytes of varying length.</summary>
    public bool IsVariableLength => Kind is TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View or TypeKind.Binary or TypeKind.LargeBinary or TypeKind.BinaryView;
}
