using System.Numerics;

namespace DpSpark.Core.Parameters;

/// <summary>A privacy parameter delta: from 0 to below 1, exact as it was written.</summary>
public readonly record struct Delta
{
    private static readonly ExactDecimal s_large = ExactDecimal.Create(1, 3);

    private Delta(ExactDecimal value) => Value = value;

    /// <summary>The exact value. The default of this type is 0: pure differential privacy.</summary>
    public ExactDecimal Value { get; }

    /// <summary>Whether delta is 0: then Gaussian noise and private selection are refused.</summary>
    public bool IsPure => Value.Sign == 0;

    /// <summary>Whether a plan should warn that this delta lets single rows through.</summary>
    public bool IsLarge => Value.CompareTo(s_large) > 0;

    /// <summary>Checks a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="delta">Receives the parameter.</param>
    /// <param name="problem">Receives what is wrong and what to do, or null.</param>
    public static bool TryCreate(ExactDecimal value, out Delta delta, out string? problem)
    {
        delta = default;
        (BigInteger numerator, BigInteger denominator) = value.ToRational();
        problem = value.Sign < 0 ? "delta is negative. Use 0, or a number well below one over the number of units, such as 1e-9."
            : numerator >= denominator ? "delta is 1 or more, which promises nothing. Use a number well below one over the number of units, such as 1e-9."
            : null;
        if (problem is not null)
        {
            return false;
        }

        delta = new(value);
        return true;
    }

    /// <summary>The parameter.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is outside of the domain.</exception>
    public static Delta Create(ExactDecimal value) =>
        TryCreate(value, out Delta delta, out string? problem) ? delta : throw new ArgumentOutOfRangeException(nameof(value), problem);

    /// <summary>The shortest decimal that reads back the same.</summary>
    public override string ToString() => Value.ToString();
}
