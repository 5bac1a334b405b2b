using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Recomputes the privacy of a choice of k keys from the integers of the stage description: the chances, the clamps of the scores, the bounds.</summary>
/// <remarks>The share that the request names is only the epsilon and the delta at which zCDP is read where costs are added. Source: dp-math.md 5.3, 7.1; docs/proofs/top-k.md.</remarks>
internal static class TopKAudit
{
    /// <summary>The cost of the choice; null after a finding.</summary>
    internal static AuditCost? Recompute(ReleasePlan plan, TopKSpec top, ContributionNorms norms, bool isReplaced, List<string> findings)
    {
        if (top.K < 1 || top.Numerator.Sign <= 0 || top.Denominator.Sign <= 0 || top.Accumulator >= plan.Spec.Accumulators.Count || !plan.Spec.PublicPartitions)
        {
            findings.Add("The choice of keys is not one that can be made.");
            return null;
        }

        // A unit takes a score from s to s + x with x between the two; one that is replaced also takes some y of the same interval away.
        var (lowest, highest) = ChangesOf(top.Accumulator < 0 ? null : plan.Spec.Accumulators[top.Accumulator], norms, findings);
        var range = isReplaced ? (highest - lowest) - (lowest - highest) : highest - lowest;
        var each = new Rational(range * top.Denominator, top.Numerator);
        if (top.Mechanism == TopKMechanism.PermuteAndFlip)
        {
            return AuditCost.Choice(each, top.K);
        }

        var share = plan.Request.TopK?.Budget;
        if (plan.Request.Accountant == AccountantChoice.Zcdp || share?.Delta is not { Sign: > 0 })
        {
            return AuditCost.RangeChoice(each, top.K, each * Rational.From(top.K), 0);
        }

        var left = plan.Request.Epsilon - (plan.Bounds?.Epsilon ?? ExactDecimal.Zero);
        var epsilon = share.Epsilon ?? (share.Weight * left);
        return AuditCost.RangeChoice(each, top.K, Rational.From(epsilon), Zcdp.Delta(Rounding.Outward(top.K * Zcdp.OfExponentialMechanism(each.ToDouble())), epsilon.ToDouble()));
    }

    /// <summary>The least and the most that one unit adds to a score.</summary>
    private static (BigInteger Lowest, BigInteger Highest) ChangesOf(AccumulatorSpec? score, ContributionNorms norms, List<string> findings)
    {
        var rows = norms.RowsPerPartition ?? norms.RowsL1;
        var (low, high) = score switch
        {
            null => (BigInteger.Zero, BigInteger.One),
            { Kind: AccumulatorKind.Count } => (BigInteger.Zero, rows),
            { Kind: AccumulatorKind.Sum } => (rows * score.Lower, rows * score.Upper),
            { Kind: AccumulatorKind.PartitionSum } => (score.Lower, score.Upper),
            _ => (BigInteger.Zero, BigInteger.MinusOne),
        };
        if (high < low || (score is { Kind: AccumulatorKind.Count or AccumulatorKind.Sum } && rows.Sign <= 0))
        {
            findings.Add("The scores of a choice of keys are not bounded.");
        }

        // It may as well be in no row of the key.
        return (BigInteger.Min(low, BigInteger.Zero), BigInteger.Max(high, BigInteger.Zero));
    }
}
