using DpSpark.Core.Parameters;

namespace DpSpark.Core.Accounting;

/// <summary>Basic composition in exact decimals: epsilons add up, deltas add up.</summary>
/// <remarks>Guarantee: the mechanisms together are (sum of epsilons, sum of deltas)-differentially private, also adaptively. Source: Dwork and Roth 2014, theorem 3.16. Not thread safe.</remarks>
public sealed class BasicAccountant : IAccountant
{
    /// <inheritdoc/>
    public string Name => "basic-v1";

    /// <inheritdoc/>
    public ExactDecimal Epsilon { get; private set; }

    /// <inheritdoc/>
    public ExactDecimal Delta { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A charge is negative: nothing is ever given back.</exception>
    public void Charge(ExactDecimal epsilon, ExactDecimal delta)
    {
        if (epsilon.Sign < 0 || delta.Sign < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), "A charge is never negative.");
        }

        Epsilon += epsilon;
        Delta += delta;
    }
}
