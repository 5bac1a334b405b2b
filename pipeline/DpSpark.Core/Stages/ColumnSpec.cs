using System.Text.Json.Serialization;

namespace DpSpark.Core.Stages;

/// <summary>The types a column of the contract may have; the words of the job manifest in lower case.</summary>
public enum ColumnType
{
    /// <summary>UTF-8 text.</summary>
    String,

    /// <summary>True or false.</summary>
    Bool,

    /// <summary>Signed 32-bit integers.</summary>
    Int,

    /// <summary>Signed 64-bit integers.</summary>
    Long,

    /// <summary>32-bit floating point; widened to double before anything else.</summary>
    Float,

    /// <summary>64-bit floating point.</summary>
    Double,

    /// <summary>Fixed-point numbers with a precision and a scale.</summary>
    Decimal,

    /// <summary>Days since 1970-01-01.</summary>
    Date,

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    Timestamp,

    /// <summary>Bytes.</summary>
    Binary,
}

/// <summary>What happens to a value that cannot be used as it is: null or unreadable, NaN, or infinite.</summary>
public enum ValuePolicy
{
    /// <summary>The whole row is left out, before bounding.</summary>
    Drop,

    /// <summary>The run fails (exit 5). Whoever sees the exit code learns that such a row exists.</summary>
    Error,

    /// <summary>Null is a key of its own; partition columns only.</summary>
    Keep,

    /// <summary>The value is replaced by <see cref="ColumnSpec.NullReplacement"/> or <see cref="ColumnSpec.NaNReplacement"/>.</summary>
    Replace,

    /// <summary>Infinities go to the nearer clamping bound; infinities only.</summary>
    Clamp,
}

/// <summary>One column of the contract: how it is called in the source, its type, and what to do with values that are missing or odd.</summary>
public sealed record ColumnSpec
{
    /// <summary>Name used in the rest of the job.</summary>
    public required string Name { get; init; }

    /// <summary>Name in the source; equal to <see cref="Name"/> unless the manifest says <c>from</c>.</summary>
    public required string SourceName { get; init; }

    /// <summary>Type of the values.</summary>
    public required ColumnType Type { get; init; }

    /// <summary>Digits in all, for <see cref="ColumnType.Decimal"/>: 1 to 38.</summary>
    public int Precision { get; init; }

    /// <summary>Digits after the point, for <see cref="ColumnType.Decimal"/>: 0 to <see cref="Precision"/>.</summary>
    public int Scale { get; init; }

    /// <summary>.NET custom format of a date or timestamp given as text, invariant culture; null for ISO 8601.</summary>
    public string? Format { get; init; }

    /// <summary>What happens to null and unreadable values.</summary>
    public ValuePolicy Nulls { get; init; } = ValuePolicy.Drop;

    /// <summary>Replacement of nulls, as text of the column's type, when <see cref="Nulls"/> is <see cref="ValuePolicy.Replace"/>.</summary>
    public string? NullReplacement { get; init; }

    /// <summary>What happens to NaN (float and double).</summary>
    [JsonPropertyName("nan")]
    public ValuePolicy NaN { get; init; } = ValuePolicy.Drop;

    /// <summary>Replacement of NaN when <see cref="NaN"/> is <see cref="ValuePolicy.Replace"/>.</summary>
    [JsonPropertyName("nan_replacement")]
    public string? NaNReplacement { get; init; }

    /// <summary>What happens to infinities (float and double): <see cref="ValuePolicy.Clamp"/>, <see cref="ValuePolicy.Drop"/> or <see cref="ValuePolicy.Error"/>.</summary>
    public ValuePolicy Infinity { get; init; } = ValuePolicy.Clamp;
}
