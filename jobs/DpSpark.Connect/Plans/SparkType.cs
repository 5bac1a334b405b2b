namespace DpSpark.Connect.Plans;

/// <summary>The families of Spark's types.</summary>
public enum SparkTypeKind
{
    /// <summary>A type that this client does not name.</summary>
    Other,

    /// <summary><c>void</c>.</summary>
    Null,

    /// <summary><c>boolean</c>.</summary>
    Boolean,

    /// <summary><c>tinyint</c>.</summary>
    Byte,

    /// <summary><c>smallint</c>.</summary>
    Short,

    /// <summary><c>int</c>.</summary>
    Integer,

    /// <summary><c>bigint</c>.</summary>
    Long,

    /// <summary><c>float</c>.</summary>
    Float,

    /// <summary><c>double</c>.</summary>
    Double,

    /// <summary><c>decimal(p,s)</c>.</summary>
    Decimal,

    /// <summary><c>string</c>, also <c>char(n)</c> and <c>varchar(n)</c>.</summary>
    String,

    /// <summary><c>binary</c>.</summary>
    Binary,

    /// <summary><c>date</c>.</summary>
    Date,

    /// <summary><c>timestamp</c>: an instant.</summary>
    Timestamp,

    /// <summary><c>timestamp_ntz</c>: wall clock.</summary>
    TimestampNtz,

    /// <summary><c>array&lt;…&gt;</c>.</summary>
    Array,

    /// <summary><c>struct&lt;…&gt;</c>.</summary>
    Struct,

    /// <summary><c>map&lt;…&gt;</c>.</summary>
    Map,
}

/// <summary>A type of Spark.</summary>
/// <param name="Kind">The family.</param>
public sealed record SparkType(SparkTypeKind Kind)
{
    /// <summary>Digits of a Decimal.</summary>
    public int Precision { get; init; }

    /// <summary>Digits after the point of a Decimal.</summary>
    public int Scale { get; init; }

    /// <summary>Columns of a Struct; one field for the items of an Array, two for keys and values of a Map.</summary>
    public IReadOnlyList<SparkField> Fields { get; init; } = [];

    /// <summary>A decimal type.</summary>
    /// <param name="precision">Digits in all, 1 to 38.</param>
    /// <param name="scale">Digits after the point.</param>
    public static SparkType Decimal(int precision, int scale) => new(SparkTypeKind.Decimal) { Precision = precision, Scale = scale };

    /// <summary>A struct type.</summary>
    /// <param name="fields">Its columns.</param>
    public static SparkType Struct(params IReadOnlyList<SparkField> fields) => new(SparkTypeKind.Struct) { Fields = fields };

    /// <summary>A list type.</summary>
    /// <param name="item">Type of the items.</param>
    /// <param name="containsNull">Whether items may be null.</param>
    public static SparkType Array(SparkType item, bool containsNull = true) => new(SparkTypeKind.Array) { Fields = [new("element", item, containsNull)] };

    /// <summary>A map type.</summary>
    /// <param name="key">Type of the keys, which are never null.</param>
    /// <param name="value">Type of the values.</param>
    /// <param name="valueContainsNull">Whether values may be null.</param>
    public static SparkType Map(SparkType key, SparkType value, bool valueContainsNull = true) =>
        new(SparkTypeKind.Map) { Fields = [new("key", key, false), new("value", value, valueContainsNull)] };

    /// <inheritdoc/>
    public bool Equals(SparkType? other) => other is not null && Kind == other.Kind && Precision == other.Precision && Scale == other.Scale && Fields.SequenceEqual(other.Fields);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Precision, Scale, Fields.Count);
}

/// <summary>A column: name, type and whether nulls may occur.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Nullable">Whether nulls may occur.</param>
public sealed record SparkField(string Name, SparkType Type, bool Nullable = true);
