namespace DpSpark.Core.Parameters;

/// <summary>A privacy parameter rho of zero-concentrated differential privacy: above 0, exact as it was written.</summary>
public readonly record struct Rho
{
    private readonly ExactDecimal _value;

    private Rho(ExactDecimal value) => _value = value;

    /// <summary>The exact value. The default of this type has none.</summary>
    /// <exception cref="InvalidOperationException">The default was used where a parameter is needed.</exception>
    public ExactDecimal Value => _value.Sign > 0 ? _value : throw new InvalidOperationException("A rho was never set.");

    /// <summary>The parameter.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0.</exception>
    public static Rho Create(ExactDecimal value) => value.Sign > 0
        ? new(value)
        : throw new ArgumentOutOfRangeException(nameof(value), "rho is not above 0. Use a number such as 0.1.");

    /// <summary>The shortest decimal that reads back the same.</summary>
    public override string ToString() => _value.ToString();
}
