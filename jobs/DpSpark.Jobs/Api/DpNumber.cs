using System.Globalization;
using DpSpark.Core.Parameters;

namespace DpSpark;

/// <summary>A number of a job, exact as it is written: <c>60</c>, <c>0.95</c>, <c>12.50m</c> or <c>"1e-9"</c>. A double stands for the shortest decimal that reads back as it.</summary>
public readonly struct DpNumber : IEquatable<DpNumber>
{
    private readonly string? _text;

    private DpNumber(string text) => _text = text;

    /// <summary>From a whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DpNumber(int value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>From a whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DpNumber(long value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>From the shortest decimal of a double.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DpNumber(double value) => new(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>From a decimal.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DpNumber(decimal value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>From an exact decimal.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DpNumber(ExactDecimal value) => new(value.ToString());

    /// <summary>From a text, read as an exact decimal when the job is checked.</summary>
    /// <param name="value">The text.</param>
    public static implicit operator DpNumber(string value) => new(value);

    /// <summary>The text that a manifest has.</summary>
    public override string ToString() => _text ?? "0";

    /// <inheritdoc/>
    public bool Equals(DpNumber other) => ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DpNumber other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>Whether both are written alike.</summary>
    public static bool operator ==(DpNumber left, DpNumber right) => left.Equals(right);

    /// <summary>Whether they are written differently.</summary>
    public static bool operator !=(DpNumber left, DpNumber right) => !left.Equals(right);
}
