using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>How values of an Arrow type are stored.</summary>
internal sealed class StoredType
{
    private StoredType(Field field, PhysicalType physical, int width)
    {
        Field = field;
        Physical = physical;
        Width = width;
    }

    public Field Field { get; }

    public PhysicalType Physical { get; }

    /// <summary>Bytes of a stored value; 0 for booleans and byte arrays.</summary>
    public int Width { get; }

    public bool IsUnsigned => Field.Type.Kind == TypeKind.Int && !Field.Type.IsSigned;

    /// <summary>Chooses the storage of a column.</summary>
    /// <exception cref="ArrowUnsupportedException">There is none.</exception>
    public static StoredType Of(Field field)
    {
        var type = field.Type;
        return type.Kind switch
        {
            TypeKind.Bool => new(field, PhysicalType.Boolean, 0),
            TypeKind.Int => Number(field, type.BitWidth == 64),
            TypeKind.FloatingPoint when type.BitWidth == 16 => new(field, PhysicalType.FixedLenByteArray, 2),
            TypeKind.FloatingPoint => type.BitWidth == 32 ? new(field, PhysicalType.Float, 4) : new(field, PhysicalType.Double, 8),
            TypeKind.FixedSizeBinary when type.ByteWidth is >= 1 and <= LeafTypes.MaxFixedLength => new(field, PhysicalType.FixedLenByteArray, type.ByteWidth),
            TypeKind.Date when type.Unit == TimeUnit.Day => Number(field, false),
            TypeKind.Time when type.Unit != TimeUnit.Second => Number(field, type.BitWidth == 64),
            TypeKind.Timestamp when type.Unit != TimeUnit.Second => Number(field, true),
            TypeKind.Decimal when type.BitWidth == 128 && type.Precision is >= 1 and <= 38 && type.Scale >= 0 && type.Scale <= type.Precision => Decimal(field),
            _ when type.IsVariableLength => new(field, PhysicalType.ByteArray, 0),
            _ => throw new ArrowUnsupportedException($"writing {type.Kind} to Parquet (column '{field.Name}')"),
        };
    }

    /// <summary>Writes the column's element of the schema.</summary>
    public void WriteSchema(ThriftWriter thrift)
    {
        thrift.Begin();
        thrift.I32(1, (int)Physical);
        if (Physical == PhysicalType.FixedLenByteArray)
        {
            thrift.I32(2, Width);
        }

        thrift.I32(3, (int)(Field.Nullable ? Repetition.Optional : Repetition.Required));
        thrift.Text(4, Field.Name);
        var converted = Converted();
        if (converted != ConvertedType.None)
        {
            thrift.I32(6, (int)converted);
        }

        if (Field.Type.Kind == TypeKind.Decimal)
        {
            thrift.I32(7, Field.Type.Scale);
            thrift.I32(8, Field.Type.Precision);
        }

        WriteLogical(thrift);
        thrift.End();
    }

    private static StoredType Number(Field field, bool wide) => wide ? new(field, PhysicalType.Int64, 8) : new(field, PhysicalType.Int32, 4);

    private static StoredType Decimal(Field field)
    {
        if (field.Type.Precision <= 18)
        {
            return Number(field, field.Type.Precision > 9);
        }

        var bits = Math.Ceiling(field.Type.Precision * Math.Log2(10)) + 1;
        return new(field, PhysicalType.FixedLenByteArray, (int)Math.Ceiling(bits / 8));
    }

    private ConvertedType Converted()
    {
        var type = Field.Type;
        return type.Kind switch
        {
            TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View => ConvertedType.Utf8,
            TypeKind.Decimal => ConvertedType.Decimal,
            TypeKind.Date => ConvertedType.Date,
            TypeKind.Time => type.Unit switch
            {
                TimeUnit.Millisecond => ConvertedType.TimeMillis,
                TimeUnit.Microsecond => ConvertedType.TimeMicros,
                _ => ConvertedType.None,
            },
            // Converted timestamps count as instants, so wall-clock values must do without.
            TypeKind.Timestamp when type.Timezone is not null => type.Unit switch
            {
                TimeUnit.Millisecond => ConvertedType.TimestampMillis,
                TimeUnit.Microsecond => ConvertedType.TimestampMicros,
                _ => ConvertedType.None,
            },
            TypeKind.Int when IsAnnotatedInteger => (type.IsSigned ? ConvertedType.Int8 : ConvertedType.UInt8) + (type.BitWidth switch { 8 => 0, 16 => 1, 32 => 2, _ => 3 }),
            _ => ConvertedType.None,
        };
    }

    private bool IsAnnotatedInteger => Field.Type.Kind == TypeKind.Int && (!Field.Type.IsSigned || Field.Type.BitWidth < 32);

    private void WriteLogical(ThriftWriter thrift)
    {
        var type = Field.Type;
        var kind = type.Kind switch
        {
            TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View => LogicalKind.String,
            TypeKind.Decimal => LogicalKind.Decimal,
            TypeKind.Date => LogicalKind.Date,
            TypeKind.Time => LogicalKind.Time,
            TypeKind.Timestamp => LogicalKind.Timestamp,
            TypeKind.Int when IsAnnotatedInteger => LogicalKind.Integer,
            TypeKind.FloatingPoint when type.BitWidth == 16 => LogicalKind.Float16,
            _ => LogicalKind.None,
        };
        if (kind == LogicalKind.None)
        {
            return;
        }

        thrift.Begin(10);
        thrift.Begin((int)kind);
        switch (kind)
        {
            case LogicalKind.Decimal:
                thrift.I32(1, type.Scale);
                thrift.I32(2, type.Precision);
                break;
            case LogicalKind.Time or LogicalKind.Timestamp:
                thrift.Bool(1, kind == LogicalKind.Timestamp && type.Timezone is not null);
                thrift.Begin(2);
                thrift.Begin(type.Unit switch { TimeUnit.Millisecond => 1, TimeUnit.Microsecond => 2, _ => 3 });
                thrift.End();
                thrift.End();
                break;
            case LogicalKind.Integer:
                thrift.I8(1, type.BitWidth);
                thrift.Bool(2, type.IsSigned);
                break;
            default:
                break;
        }

        thrift.End();
        thrift.End();
    }
}
