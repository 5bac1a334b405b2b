using System.Globalization;
using DpSpark.Arrow;
using DpSpark.Core.Stages;

namespace DpSpark.Jobs.Sources;

/// <summary>Which types of a file satisfy which types of the column contract. The one place where this is decided.</summary>
/// <remarks>
/// The rule: every value of the file's type has an exact value of the contract's type, or is one of the few that become null (and then follow the column's <c>nulls</c>):
/// unsigned 64-bit integers past the end of <c>long</c>, nanoseconds and other units that overflow <c>timestamp</c>, decimals with too many digits before the point.
/// <list type="table">
/// <item><term>string</term><description>text (32-bit, 64-bit and view layout)</description></item>
/// <item><term>bool</term><description>bool</description></item>
/// <item><term>int</term><description>int8, int16, int32, uint8, uint16</description></item>
/// <item><term>long</term><description>every integer type</description></item>
/// <item><term>float</term><description>float16, float32</description></item>
/// <item><term>double</term><description>float16, float32, float64, and the integers of up to 32 bits</description></item>
/// <item><term>decimal(p,s)</term><description>decimals of up to 128 bits with at most s digits after the point, and every integer type</description></item>
/// <item><term>date</term><description>date32, date64</description></item>
/// <item><term>timestamp</term><description>timestamps of every unit, with a zone or without (then UTC)</description></item>
/// <item><term>binary</term><description>bytes (every layout, fixed width too)</description></item>
/// </list>
/// A column of nulls only (type null), as writers leave it where no value was there, satisfies every type. Text files hold text: every type is read from it. Dictionary encoding makes no difference.
/// </remarks>
public static class PhysicalTypes
{
    /// <summary>Whether a column of a file satisfies a column of the contract.</summary>
    /// <param name="column">The contract.</param>
    /// <param name="type">The file's type of (decoded) values.</param>
    public static bool Accepts(ColumnSpec column, ArrowType type) => type.Kind == TypeKind.Null || column.Type switch
    {
        ColumnType.String => type.Kind is TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View,
        ColumnType.Bool => type.Kind is TypeKind.Bool,
        ColumnType.Int => type.Kind is TypeKind.Int && (type.IsSigned ? type.BitWidth <= 32 : type.BitWidth <= 16),
        ColumnType.Long => type.Kind is TypeKind.Int,
        ColumnType.Float => type.Kind is TypeKind.FloatingPoint && type.BitWidth <= 32,
        ColumnType.Double => type.Kind is TypeKind.FloatingPoint || (type.Kind is TypeKind.Int && type.BitWidth <= 32),
        ColumnType.Decimal => type.Kind is TypeKind.Int || (type.Kind is TypeKind.Decimal && type.BitWidth <= 128 && type.Scale <= column.Scale && type.Scale >= 0),
        ColumnType.Date => type.Kind is TypeKind.Date,
        ColumnType.Timestamp => type.Kind is TypeKind.Timestamp,
        ColumnType.Binary => type.Kind is TypeKind.Binary or TypeKind.LargeBinary or TypeKind.BinaryView or TypeKind.FixedSizeBinary,
        _ => false,
    };

    /// <summary>The type of the contract that a file's type satisfies best, in manifest words; null where there is none.</summary>
    /// <param name="type">The file's type.</param>
    public static string? Suggest(ArrowType type) => type.Kind switch
    {
        TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View => "string",
        TypeKind.Bool => "bool",
        TypeKind.Int => type.BitWidth < 32 || (type.BitWidth == 32 && type.IsSigned) ? "int" : "long",
        TypeKind.FloatingPoint => type.BitWidth <= 32 ? "float" : "double",
        TypeKind.Decimal when type.BitWidth <= 128 && type.Scale >= 0 => string.Create(CultureInfo.InvariantCulture, $"decimal({type.Precision},{type.Scale})"),
        TypeKind.Date => "date",
        TypeKind.Timestamp => "timestamp",
        TypeKind.Binary or TypeKind.LargeBinary or TypeKind.BinaryView or TypeKind.FixedSizeBinary => "binary",
        _ => null,
    };

    /// <summary>A file's type in words: <c>int64</c>, <c>text</c>, <c>timestamp[us, UTC]</c>.</summary>
    /// <param name="type">The type.</param>
    public static string Describe(ArrowType type) => type.Kind switch
    {
        TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View => "text",
        TypeKind.Binary or TypeKind.LargeBinary or TypeKind.BinaryView => "binary",
        TypeKind.FixedSizeBinary => Invariant($"binary[{type.ByteWidth}]"),
        TypeKind.Int => Invariant($"{(type.IsSigned ? "int" : "uint")}{type.BitWidth}"),
        TypeKind.FloatingPoint => Invariant($"float{type.BitWidth}"),
        TypeKind.Decimal => Invariant($"decimal({type.Precision},{type.Scale})"),
        TypeKind.Date => "date",
        TypeKind.Time => $"time[{Unit(type.Unit)}]",
        TypeKind.Timestamp => $"timestamp[{Unit(type.Unit)}{(type.Timezone is null ? "" : ", with a time zone")}]",
        TypeKind.Duration => $"duration[{Unit(type.Unit)}]",
        _ => type.Kind.ToString().ToLowerInvariant(),
    };

    /// <summary>A type of the contract as the manifest writes it.</summary>
    /// <param name="column">The column.</param>
    public static string Describe(ColumnSpec column) => column.Type == ColumnType.Decimal
        ? Invariant($"decimal({column.Precision},{column.Scale})")
        : column.Type.ToString().ToLowerInvariant();

    private static string Unit(TimeUnit unit) => unit switch
    {
        TimeUnit.Second => "s",
        TimeUnit.Millisecond => "ms",
        TimeUnit.Microsecond => "us",
        TimeUnit.Nanosecond => "ns",
        _ => "d",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
