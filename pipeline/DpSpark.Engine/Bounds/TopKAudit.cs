using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Recomputes the privacy of a choice of k keys from the integers of the stage description: the chances, the clamps of the scores, the bounds.</summary>
/// <remarks>The share that the request names is only the epsilon and the delta at which zCDP is read. Source: dp-math.md 5.3, 7.1.</remarks>
internal static class TopKAudit
{
    /// <summary>Epsilon of the choice; its delta is the one that the request names.</summary>
    internal static Rational Recompute(ReleasePlan plan, TopKSpec top, ContributionNorms norms, List<string> findings)
    {
        if (top.K < 1 || top.Numerator.Sign <= 0 || top.Denominator.Sign <= 0 || top.Accumulator >= plan.Spec.Accumulators.Count || !plan.Spec.PublicPartitions)
        {
            findings.Add("The choice of keys is not one that can be made.");
            return Rational.Zero;
        }

        var (change, monotone) = TopKPlanner.ChangeOf(top.Accumulator < 0 ? null : plan.Spec.Accumulators[top.Accumulator], norms);
        var each = new Rational(change * (monotone ? 1 : 2) * top.Denominator, top.Numerator);
        if (top.Mechanism == TopKMechanism.PermuteAndFlip)
        {
            return each * Rational.From(top.K);
        }

        var share = plan.Request.TopK?.Budget;
        var epsilon = share is null ? ExactDecimal.Zero : share.Epsilon ?? (share.Weight * plan.Request.Epsilon);
        var delta = share?.Delta?.ToDouble() ?? 0;
        var rho = top.K * Zcdp.OfExponentialMechanism(each.ToDouble());
        if (!(delta > 0) || Zcdp.Delta(rho, epsilon.ToDouble()) > delta)
        {
            findings.Add("The choice of keys needs more delta than its share.");
        }

        return Rational.From(epsilon);
    }
}
