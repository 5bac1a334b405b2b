namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>A statement about a part of the mathematics, a check of it by other means, and what becomes of the check when the part is wrong by the smallest plausible mistake.</summary>
/// <param name="Of">The part.</param>
/// <param name="Statement">What is claimed.</param>
/// <param name="Holds">The check with the part as it is; true.</param>
/// <param name="Mistakes">The same check with the mistake; false.</param>
internal sealed record Claim(Type Of, string Statement, Func<bool> Holds, IReadOnlyList<(string Name, Func<bool> Holds)> Mistakes)
{
    /// <summary>A check of one value, that the part gives or that a mistake gives instead.</summary>
    internal static Claim About<T>(Type of, string statement, Func<T, bool> check, T right, params (string Name, T Value)[] wrong) =>
        new(of, statement, () => check(right), [.. wrong.Select(w => (w.Name, (Func<bool>)(() => check(w.Value))))]);

    public override string ToString() => $"{Of.Name}: {Statement}";
}
