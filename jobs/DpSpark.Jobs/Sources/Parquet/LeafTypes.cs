using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Maps physical types and annotations to Arrow types. A logical type wins over a converted type; an unknown annotation counts as none.</summary>
internal static class LeafTypes
{
    public const int MaxFixedLength = 1 << 20;

    public static ArrowType Map(SchemaElement element, ParquetReadOptions options)
    {
        var physical = element.Type ?? throw new ParquetFormatException($"Schema: column '{element.Name}' has no type.");
        if (physical == PhysicalType.FixedLenByteArray && element.TypeLength is < 1 or > MaxFixedLength)
        {
            throw new ParquetFormatException($"Schema: column '{element.Name}' has a type_length of {element.TypeLength}; 1 to {MaxFixedLength} is allowed.");
        }

        var type = (element.Logical != LogicalKind.None ? FromLogical(element, physical) : null)
            ?? FromConverted(element, physical);
        return type ?? Unannotated(element, physical, options);
    }

    private static ArrowType Unannotated(SchemaElement element, PhysicalType physical, ParquetReadOptions options) => physical switch
    {
        PhysicalType.Boolean => ArrowType.Bool,
        PhysicalType.Int32 => ArrowType.Int32,
        PhysicalType.Int64 => ArrowType.Int64,
        PhysicalType.Int96 => new ArrowType(TypeKind.Timestamp) { BitWidth = 64, Unit = options.Int96Unit },
        PhysicalType.Float => ArrowType.Float,
        PhysicalType.Double => ArrowType.Double,
        PhysicalType.ByteArray => options.BinaryAsText ? ArrowType.Utf8 : ArrowType.Binary,
        _ => FixedBytes(element.TypeLength),
    };

    private static ArrowType? FromLogical(SchemaElement e, PhysicalType physical)
    {
        switch (e.Logical)
        {
            case LogicalKind.String or LogicalKind.Enum or LogicalKind.Json:
                return Text(e, physical);
            case LogicalKind.Bson:
                Require(e, physical is PhysicalType.ByteArray);
                return ArrowType.Binary;
            case LogicalKind.Decimal:
                return Decimal(e, physical, e.LogicalPrecision, e.LogicalScale);
            case LogicalKind.Date:
                Require(e, physical is PhysicalType.Int32);
                return ArrowType.Date;
            case LogicalKind.Time:
                var timeUnit = Unit(e);
                Require(e, physical == (timeUnit == TimeUnit.Millisecond ? PhysicalType.Int32 : PhysicalType.Int64));
                return Time(timeUnit);
            case LogicalKind.Timestamp:
                Require(e, physical is PhysicalType.Int64);
                return Timestamp(Unit(e), e.LogicalUtc);
            case LogicalKind.Integer:
                Require(e, physical == (e.LogicalBitWidth == 64 ? PhysicalType.Int64 : PhysicalType.Int32) && e.LogicalBitWidth is 8 or 16 or 32 or 64);
                return ArrowType.Int(e.LogicalBitWidth, e.LogicalSigned);
            case LogicalKind.Unknown:
                return ArrowType.Null;
            case LogicalKind.Uuid:
                Require(e, physical is PhysicalType.FixedLenByteArray && e.TypeLength == 16);
                return FixedBytes(16);
            case LogicalKind.Float16:
                Require(e, physical is PhysicalType.FixedLenByteArray && e.TypeLength == 2);
                return new ArrowType(TypeKind.FloatingPoint) { BitWidth = 16 };
            default:
                return null;
        }
    }

    private static ArrowType? FromConverted(SchemaElement e, PhysicalType physical)
    {
        switch (e.Converted)
        {
            case ConvertedType.Utf8 or ConvertedType.Enum or ConvertedType.Json:
                return Text(e, physical);
            case ConvertedType.Decimal:
                return Decimal(e, physical, e.Precision, e.Scale);
            case ConvertedType.Date:
                Require(e, physical is PhysicalType.Int32);
                return ArrowType.Date;
            case ConvertedType.TimeMillis:
                Require(e, physical is PhysicalType.Int32);
                return Time(TimeUnit.Millisecond);
            case ConvertedType.TimeMicros:
                Require(e, physical is PhysicalType.Int64);
                return Time(TimeUnit.Microsecond);
            case ConvertedType.TimestampMillis or ConvertedType.TimestampMicros:
                Require(e, physical is PhysicalType.Int64);
                return Timestamp(e.Converted == ConvertedType.TimestampMillis ? TimeUnit.Millisecond : TimeUnit.Microsecond, true);
            case >= ConvertedType.UInt8 and <= ConvertedType.Int64:
                var width = 8 << ((e.Converted - ConvertedType.UInt8) & 3);
                Require(e, physical == (width == 64 ? PhysicalType.Int64 : PhysicalType.Int32));
                return ArrowType.Int(width, e.Converted >= ConvertedType.Int8);
            case ConvertedType.Interval:
                Require(e, physical is PhysicalType.FixedLenByteArray && e.TypeLength == 12);
                return FixedBytes(12);
            default:
                return null;
        }
    }

    private static ArrowType Text(SchemaElement e, PhysicalType physical)
    {
        Require(e, physical is PhysicalType.ByteArray);
        return ArrowType.Utf8;
    }

    private static ArrowType Decimal(SchemaElement e, PhysicalType physical, int precision, int scale)
    {
        var most = physical switch
        {
            PhysicalType.Int32 => 9,
            PhysicalType.Int64 => 18,
            PhysicalType.ByteArray => 76,
            PhysicalType.FixedLenByteArray => (int)Math.Min(76, Math.Floor(((8.0 * e.TypeLength) - 1) * Math.Log10(2))),
            _ => 0,
        };
        if (precision < 1 || scale < 0 || scale > precision || precision > most)
        {
            throw most == 76 && precision > most
                ? new ArrowUnsupportedException($"decimals of more than 76 digits (column '{e.Name}')")
                : new ParquetFormatException($"Schema: column '{e.Name}' is a decimal of precision {precision} and scale {scale}, which {physical} cannot hold.");
        }

        return new ArrowType(TypeKind.Decimal) { BitWidth = precision <= 38 ? 128 : 256, Precision = precision, Scale = scale };
    }

    private static TimeUnit Unit(SchemaElement e) => e.LogicalUnit switch
    {
        1 => TimeUnit.Millisecond,
        2 => TimeUnit.Microsecond,
        3 => TimeUnit.Nanosecond,
        _ => throw new ParquetFormatException($"Schema: column '{e.Name}' has a time unit that does not exist."),
    };

    private static ArrowType Time(TimeUnit unit) => new(TypeKind.Time) { Unit = unit, BitWidth = unit == TimeUnit.Millisecond ? 32 : 64 };

    private static ArrowType Timestamp(TimeUnit unit, bool utc) => new(TypeKind.Timestamp) { Unit = unit, BitWidth = 64, Timezone = utc ? "UTC" : null };

    private static ArrowType FixedBytes(int width) => new(TypeKind.FixedSizeBinary) { ByteWidth = width };

    private static void Require(SchemaElement e, bool valid)
    {
        if (!valid)
        {
            var annotation = e.Logical != LogicalKind.None ? e.Logical.ToString() : e.Converted.ToString();
            throw new ParquetFormatException($"Schema: column '{e.Name}' is annotated {annotation}, which does not go with its physical type {e.Type}.");
        }
    }
}
