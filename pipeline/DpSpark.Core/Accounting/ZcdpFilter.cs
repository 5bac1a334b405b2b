using DpSpark.Core.Parameters;

namespace DpSpark.Core.Accounting;

/// <summary>Accepts a request only while the sum of all accepted rhos stays within a budget; requests may depend on everything released before.</summary>
/// <remarks>
/// Guarantee: what is accepted is budget-zCDP together, also under fully adaptive choice of parameters. Source: Whitehouse, Ramdas, Rogers and Wu, "Fully Adaptive Composition in
/// Differential Privacy", ICML 2023. A refused request costs nothing, and the refusal looks at parameters only. Exact decimals. Not thread safe: charge before running.
/// </remarks>
/// <param name="budget">The budget.</param>
public sealed class ZcdpFilter(Rho budget)
{
    /// <summary>Sum of the accepted requests.</summary>
    public ExactDecimal Spent { get; private set; }

    /// <summary>Charges a request if it fits.</summary>
    /// <param name="request">Its rho.</param>
    /// <returns>Whether it was accepted.</returns>
    public bool TryCharge(Rho request)
    {
        ExactDecimal after = Spent + request.Value;
        if (after > budget.Value)
        {
            return false;
        }

        Spent = after;
        return true;
    }
}
