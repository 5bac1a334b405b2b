using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>What a group's noise may cost: exact, decided by the accountant.</summary>
/// <param name="Kind">The noise family.</param>
/// <param name="Amount">Epsilon for Laplace noise (scale at least l1 / epsilon), mu² for Gaussian noise (sigma² at least l2² / mu²).</param>
/// <param name="GridBits">Least bits of a Gaussian sigma in units of its grid.</param>
internal readonly record struct NoiseLevel(NoiseKind Kind, Rational Amount, int GridBits)
{
    /// <summary>The amount as a double.</summary>
    internal double Value => Amount.ToDouble();
}
