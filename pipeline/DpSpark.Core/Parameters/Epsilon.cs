using System.Numerics;

namespace DpSpark.Core.Parameters;

/// <summary>A privacy parameter epsilon: finite, from 2^-50 to 2^30, exact as it was written.</summary>
public readonly record struct Epsilon
{
    /// <summary>Above this a guarantee has no meaning in practice; it is allowed, with a warning.</summary>
    public const int MeaningfulUpTo = 50;

    private readonly ExactDecimal _value;

    private Epsilon(ExactDecimal value) => _value = value;

    /// <summary>The exact value. The default of this type has none.</summary>
    /// <exception cref="InvalidOperationException">The default was used where a parameter is needed.</exception>
    public ExactDecimal Value => _value.Sign > 0 ? _value : throw new InvalidOperationException("An epsilon was never set.");

    /// <summary>Whether a plan should warn that this protects nobody in practice.</summary>
    public bool IsMeaningless => Value.CompareTo(ExactDecimal.Create(MeaningfulUpTo, 0)) > 0;

    /// <summary>Checks a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="epsilon">Receives the parameter.</param>
    /// <param name="problem">Receives what is wrong and what to do, or null.</param>
    public static bool TryCreate(ExactDecimal value, out Epsilon epsilon, out string? problem)
    {
        epsilon = default;
        (BigInteger numerator, BigInteger denominator) = value.ToRational();
        problem = value.Sign <= 0 ? "epsilon is not above 0; zero would mean that nothing can be released. Use a number such as 1."
            : numerator << 50 < denominator ? "epsilon is below 2^-50; noise would drown everything. Use a number such as 1."
            : numerator > denominator << 30 ? "epsilon is above 2^30. Use a number such as 1."
            : null;
        if (problem is not null)
        {
            return false;
        }

        epsilon = new(value);
        return true;
    }

    /// <summary>The parameter.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is outside of the domain.</exception>
    public static Epsilon Create(ExactDecimal value) =>
        TryCreate(value, out Epsilon epsilon, out string? problem) ? epsilon : throw new ArgumentOutOfRangeException(nameof(value), problem);

    /// <summary>The shortest decimal that reads back the same.</summary>
    public override string ToString() => _value.ToString();
}
