using Google.Protobuf;
using Wire = DpSpark.Connect.Wire;

namespace DpSpark.Connect.Plans;

/// <summary>A column expression.</summary>
public sealed class SparkColumn
{
    internal SparkColumn(Wire.Expression expression) => Expression = expression;

    internal Wire.Expression Expression { get; }

    /// <summary>A column by its name, taken as it is: a dot in it is part of the name.</summary>
    /// <param name="name">The column's name.</param>
    public static SparkColumn Named(string name) => new(new() { Attribute = new() { Identifier = IsPlain(name) ? name : SparkTypes.Quote(name) } });

    /// <summary>Any SQL expression, parsed by Spark.</summary>
    /// <param name="text">The expression.</param>
    public static SparkColumn Sql(string text) => new(new() { SqlText = new() { Text = text } });

    /// <summary>All columns of the input.</summary>
    public static SparkColumn All { get; } = new(new() { Star = new() });

    /// <summary>A function of Spark.</summary>
    /// <param name="function">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    public static SparkColumn Call(string function, params IReadOnlyList<SparkColumn> arguments) =>
        new(new() { Call = new() { Function = function, Arguments = { arguments.Select(a => a.Expression) } } });

    /// <summary>A text constant.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(string value) => new(new() { Literal = new() { String = value } });

    /// <summary>A whole number constant of type <c>bigint</c>.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(long value) => new(new() { Literal = new() { Long = value } });

    /// <summary>A whole number constant of type <c>int</c>.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(int value) => new(new() { Literal = new() { Integer = value } });

    /// <summary>A floating point constant.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(double value) => new(new() { Literal = new() { Double = value } });

    /// <summary>A boolean constant.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(bool value) => new(new() { Literal = new() { Boolean = value } });

    /// <summary>A constant of bytes.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(ReadOnlySpan<byte> value) => new(new() { Literal = new() { Binary = ByteString.CopyFrom(value) } });

    /// <summary>A date constant.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(DateOnly value) => new(new() { Literal = new() { Date = value.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber } });

    /// <summary>An instant as a constant, to the microsecond.</summary>
    /// <param name="value">The constant.</param>
    public static SparkColumn Literal(DateTimeOffset value) =>
        new(new() { Literal = new() { Timestamp = (value.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond } });

    /// <summary>Null of a type.</summary>
    /// <param name="type">The type.</param>
    public static SparkColumn Null(SparkType type) => new(new() { Literal = new() { Null = SparkTypes.ToWire(type) } });

    /// <summary>The same values under another name.</summary>
    /// <param name="name">The name.</param>
    public SparkColumn As(string name) => new(new() { Alias = new() { Child = Expression, Names = { name } } });

    /// <summary>The values converted to another type, by the session's rules.</summary>
    /// <param name="type">The type.</param>
    public SparkColumn Cast(SparkType type) => new(new() { Cast = new() { Child = Expression, Type = SparkTypes.ToWire(type) } });

    /// <summary>The values converted to another type; what cannot be converted becomes null.</summary>
    /// <param name="type">The type.</param>
    public SparkColumn TryCast(SparkType type) => new(new() { Cast = new() { Child = Expression, Type = SparkTypes.ToWire(type), Mode = 3 } });

    /// <summary>An order by this column.</summary>
    /// <param name="descending">Whether large values come first.</param>
    /// <param name="nullsFirst">Whether nulls come before all others; null for Spark's habit, first when ascending and last when descending.</param>
    public SparkOrder Order(bool descending = false, bool? nullsFirst = null) =>
        new(new() { Child = Expression, Direction = descending ? 2 : 1, Nulls = nullsFirst ?? !descending ? 1 : 2 });

    private static bool IsPlain(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}

/// <summary>One key of a sort.</summary>
public sealed class SparkOrder
{
    internal SparkOrder(Wire.Expression.Types.SortOrder order) => Order = order;

    internal Wire.Expression.Types.SortOrder Order { get; }
}
