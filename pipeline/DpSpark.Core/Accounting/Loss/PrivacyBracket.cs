namespace DpSpark.Core.Accounting.Loss;

/// <summary>A privacy parameter between two proved bounds.</summary>
/// <param name="Lower">At most the true value.</param>
/// <param name="Upper">At least the true value: what is reported.</param>
public readonly record struct PrivacyBracket(double Lower, double Upper);
