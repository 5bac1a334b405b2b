using System.Globalization;
using DpSpark.Arrow;
using DpSpark.Connect.Wire;

namespace DpSpark.Connect.Plans;

/// <summary>Spark's types in their other forms: on the wire, as Arrow, as DDL text.</summary>
public static class SparkTypes
{
    /// <summary>The Spark type that arrives as, and is sent as, this Arrow column.</summary>
    /// <param name="field">The Arrow column.</param>
    /// <exception cref="NotSupportedException">Spark has no such type.</exception>
    public static SparkField FromArrow(Field field)
    {
        var children = field.Children;
        var type = field.Type.Kind switch
        {
            TypeKind.Null => new(SparkTypeKind.Null),
            TypeKind.Bool => new(SparkTypeKind.Boolean),
            TypeKind.Int when field.Type.IsSigned => new(field.Type.BitWidth switch
            {
                8 => SparkTypeKind.Byte,
                16 => SparkTypeKind.Short,
                32 => SparkTypeKind.Integer,
                _ => SparkTypeKind.Long,
            }),
            TypeKind.FloatingPoint when field.Type.BitWidth == 32 => new(SparkTypeKind.Float),
            TypeKind.FloatingPoint when field.Type.BitWidth == 64 => new(SparkTypeKind.Double),
            TypeKind.Decimal when field.Type.BitWidth == 128 => SparkType.Decimal(field.Type.Precision, field.Type.Scale),
            TypeKind.Utf8 or TypeKind.LargeUtf8 => new(SparkTypeKind.String),
            TypeKind.Binary or TypeKind.LargeBinary => new(SparkTypeKind.Binary),
            TypeKind.Date when field.Type.Unit == TimeUnit.Day => new(SparkTypeKind.Date),
            TypeKind.Timestamp when field.Type.Unit == TimeUnit.Microsecond => new(field.Type.Timezone is null ? SparkTypeKind.TimestampNtz : SparkTypeKind.Timestamp),
            TypeKind.List => SparkType.Array(FromArrow(children[0]).Type, children[0].Nullable),
            TypeKind.Struct => SparkType.Struct([.. children.Select(FromArrow)]),
            TypeKind.Map => SparkType.Map(FromArrow(children[0].Children[0]).Type, FromArrow(children[0].Children[1]).Type, children[0].Children[1].Nullable),
            _ => throw new NotSupportedException($"Spark has no type for Arrow's {field.Type.Kind} of column '{field.Name}'."),
        };
        return new(field.Name, type, field.Nullable);
    }

    /// <summary>The type as DDL, such as <c>array&lt;bigint&gt;</c>.</summary>
    /// <param name="type">The type.</param>
    /// <exception cref="NotSupportedException">The type is one that this client does not name.</exception>
    public static string ToDdl(SparkType type) => type.Kind switch
    {
        SparkTypeKind.Null => "void",
        SparkTypeKind.Boolean => "boolean",
        SparkTypeKind.Byte => "tinyint",
        SparkTypeKind.Short => "smallint",
        SparkTypeKind.Integer => "int",
        SparkTypeKind.Long => "bigint",
        SparkTypeKind.Float => "float",
        SparkTypeKind.Double => "double",
        SparkTypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({type.Precision},{type.Scale})"),
        SparkTypeKind.String => "string",
        SparkTypeKind.Binary => "binary",
        SparkTypeKind.Date => "date",
        SparkTypeKind.Timestamp => "timestamp",
        SparkTypeKind.TimestampNtz => "timestamp_ntz",
        SparkTypeKind.Array => $"array<{ToDdl(type.Fields[0].Type)}>",
        SparkTypeKind.Map => $"map<{ToDdl(type.Fields[0].Type)},{ToDdl(type.Fields[1].Type)}>",
        SparkTypeKind.Struct => $"struct<{string.Join(',', type.Fields.Select(f => Quote(f.Name) + ":" + ToDdl(f.Type) + (f.Nullable ? "" : " not null")))}>",
        _ => throw new NotSupportedException("This type of Spark has no name here."),
    };

    /// <summary>Columns as DDL, as data sources take it: <c>`id` bigint,`name` string</c>.</summary>
    /// <param name="fields">The columns.</param>
    public static string ToDdl(IReadOnlyList<SparkField> fields) =>
        string.Join(',', fields.Select(f => Quote(f.Name) + " " + ToDdl(f.Type) + (f.Nullable ? "" : " not null")));

    /// <summary>A name in backticks, so that Spark takes it as it is.</summary>
    /// <param name="name">Any name.</param>
    public static string Quote(string name) => "`" + name.Replace("`", "``", StringComparison.Ordinal) + "`";

    internal static SparkType FromWire(DataType type) => type.KindCase switch
    {
        DataType.KindOneofCase.Null => new(SparkTypeKind.Null),
        DataType.KindOneofCase.Boolean => new(SparkTypeKind.Boolean),
        DataType.KindOneofCase.Byte => new(SparkTypeKind.Byte),
        DataType.KindOneofCase.Short => new(SparkTypeKind.Short),
        DataType.KindOneofCase.Integer => new(SparkTypeKind.Integer),
        DataType.KindOneofCase.Long => new(SparkTypeKind.Long),
        DataType.KindOneofCase.Float => new(SparkTypeKind.Float),
        DataType.KindOneofCase.Double => new(SparkTypeKind.Double),
        DataType.KindOneofCase.Decimal => SparkType.Decimal(type.Decimal.HasPrecision ? type.Decimal.Precision : 10, type.Decimal.Scale),
        DataType.KindOneofCase.String or DataType.KindOneofCase.Char or DataType.KindOneofCase.VarChar => new(SparkTypeKind.String),
        DataType.KindOneofCase.Binary => new(SparkTypeKind.Binary),
        DataType.KindOneofCase.Date => new(SparkTypeKind.Date),
        DataType.KindOneofCase.Timestamp => new(SparkTypeKind.Timestamp),
        DataType.KindOneofCase.TimestampNtz => new(SparkTypeKind.TimestampNtz),
        DataType.KindOneofCase.Array => SparkType.Array(FromWire(type.Array.Element ?? new()), type.Array.ContainsNull),
        DataType.KindOneofCase.Map => SparkType.Map(FromWire(type.Map.Key ?? new()), FromWire(type.Map.Value ?? new()), type.Map.ValueContainsNull),
        DataType.KindOneofCase.Struct => SparkType.Struct([.. type.Struct.Members.Select(m => new SparkField(m.Name, FromWire(m.Type ?? new()), m.Nullable))]),
        _ => new(SparkTypeKind.Other),
    };

    internal static DataType ToWire(SparkType type) => type.Kind switch
    {
        SparkTypeKind.Null => new() { Null = new() },
        SparkTypeKind.Boolean => new() { Boolean = new() },
        SparkTypeKind.Byte => new() { Byte = new() },
        SparkTypeKind.Short => new() { Short = new() },
        SparkTypeKind.Integer => new() { Integer = new() },
        SparkTypeKind.Long => new() { Long = new() },
        SparkTypeKind.Float => new() { Float = new() },
        SparkTypeKind.Double => new() { Double = new() },
        SparkTypeKind.Decimal => new() { Decimal = new() { Precision = type.Precision, Scale = type.Scale } },
        SparkTypeKind.String => new() { String = new() },
        SparkTypeKind.Binary => new() { Binary = new() },
        SparkTypeKind.Date => new() { Date = new() },
        SparkTypeKind.Timestamp => new() { Timestamp = new() },
        SparkTypeKind.TimestampNtz => new() { TimestampNtz = new() },
        SparkTypeKind.Array => new() { Array = new() { Element = ToWire(type.Fields[0].Type), ContainsNull = type.Fields[0].Nullable } },
        SparkTypeKind.Map => new()
        {
            Map = new() { Key = ToWire(type.Fields[0].Type), Value = ToWire(type.Fields[1].Type), ValueContainsNull = type.Fields[1].Nullable },
        },
        SparkTypeKind.Struct => new()
        {
            Struct = new() { Members = { type.Fields.Select(f => new DataType.Types.Member { Name = f.Name, Type = ToWire(f.Type), Nullable = f.Nullable }) } },
        },
        _ => throw new NotSupportedException("This type of Spark has no name here."),
    };
}
