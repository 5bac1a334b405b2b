using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>What a first pass or a choice of keys takes of a total rho.</summary>
/// <remarks>
/// Rho adds up under adaptive composition whatever was put out before (Bun and Steinke, TCC 2016, lemma 2.3), so the rest of the plan has the total less these shares. Under
/// <c>accountant: zcdp</c> with an epsilon the total is what (epsilon, delta) allows.
/// </remarks>
internal static class ShareOfRho
{
    /// <summary>The total rho of a request; null where rho does not add up, or keys are selected, which takes delta that no rho bounds.</summary>
    internal static ExactDecimal? Total(ReleaseRequest request) =>
        request.Accountant != AccountantChoice.Zcdp || request.Keyset is null || request.Selection is not null || request.Delta.Sign <= 0 || request.Epsilon.Sign <= 0 ? null
        : request.Rho ?? Rational.FromDouble(Rounding.Inward(Zcdp.Rho(Rounding.Inward(request.Epsilon.ToDouble()), Rounding.Inward(request.Delta.ToDouble())))).ToDecimalBelow();

    /// <summary>A share: a part of the total; or what an epsilon of its own is worth, epsilon²/2, or together with a delta what both allow.</summary>
    internal static ExactDecimal Of(BudgetShare share, ExactDecimal total) => share switch
    {
        { Epsilon: null } => share.Weight * total,
        { Epsilon: { } epsilon, Delta: { Sign: > 0 } delta } => Rational.FromDouble(Rounding.Inward(Zcdp.Rho(epsilon.ToDouble(), delta.ToDouble()))).ToDecimalBelow(),
        { Epsilon: { } epsilon } => (Rational.From(epsilon * epsilon) / Rational.From(2)).ToDecimalBelow(),
    };

    /// <summary>Notes what keeps shares from being parts of rho.</summary>
    internal static void Check(ReleaseRequest request, ExactDecimal? total, BudgetShare share, string path, List<PlanFault> faults)
    {
        if (request.Rho is not null && share.Epsilon is not null)
        {
            faults.Add(new("DPS2525", path, "rho is divided by weight: a share with an epsilon of its own says nothing of rho.", ["Write for example budget: 10%."]));
        }
        else if (total is not null && request.Aggregates.Any(a => a.Budget.Epsilon is not null))
        {
            faults.Add(new(
                "DPS2525", "privacy.accountant", "Automatic bounds and top_k take a part of the rho that the zcdp accountant adds up; aggregates with an epsilon of their own say nothing of rho.",
                ["Write weights for the aggregates.", "Use accountant: pld."]));
        }
    }
}
