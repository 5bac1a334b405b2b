using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>Recomputes what rounds of selection cost: each is a mechanism of its own, whatever the others have shown.</summary>
/// <remarks>Source: dp-math.md 4.6; docs/proofs/selection-rounds.md.</remarks>
internal sealed class RoundsAudit
{
    private readonly ReleasePlan _plan;
    private readonly AuditSpend _spend;

    public RoundsAudit(ReleasePlan plan, AuditSpend spend)
    {
        _plan = plan;
        _spend = spend;
    }

    /// <summary>Checks the rounds and adds the cost of each one's noise.</summary>
    /// <returns>The chance that any round shows a partition that one unit alone makes eligible.</returns>
    public double Check()
    {
        var spec = _plan.Spec;
        _spend.Require(spec is { PublicPartitions: true, Selection: null, LeavesOutKeys: false }, "A release after rounds of selection does not take the keys that they have shown.");
        _spend.Require(_plan.Rounds.Select(r => r.Selection?.Round).Distinct().Count() == _plan.Rounds.Count, "Two rounds of selection have one number; they would carry the same noise.");
        return _plan.Rounds.Aggregate(0.0, (shown, round) => shown + ((1 - shown) * NewChance(round)));
    }

    /// <summary>
    /// One round: the same units as the release, at most m of their partitions with weights of norm 1, noise of its own, nothing else that is released. What it leaves out was shown before and is
    /// public by then. The chance that it shows one of t new partitions is largest where all m of the unit are new.
    /// </summary>
    private double NewChance(StageSpec round)
    {
        _spend.Require(round.UnitColumns.SequenceEqual(_plan.Spec.UnitColumns) && round.NullIdIsOneUnit == _plan.Spec.NullIdIsOneUnit, "A round of selection protects other units than the release.");
        _spend.Require(
            round is { Nodes.Count: 0, Items.Count: 0, Trees.Count: 0, Profile: null, TopK: null, PublicPartitions: false },
            "A round of selection releases more than keys.");
        var partitions = round.UnitColumns.Count == 0 ? 1 : round.MaxPartitionsContributed;
        if (round.Selection is not { Strategy: SelectionStrategy.WeightedGaussian, Round: > 0 } selection || partitions is not >= 1
            || AuditWeights.Of(round, selection, _spend) is not { } weights)
        {
            _spend.Findings.Add("A round of selection is not bounded, or not one of noisy weights.");
            return 1;
        }

        _spend.Costs.Add(AuditCost.Round(weights.MuSquared));
        double worst = 0;
        for (long first = 1, last; first <= partitions; first = last + 1)
        {
            // A range of m has the weight of its first and the partitions of its last.
            last = first <= 64 ? first : Math.Min(partitions.Value, first + (first / 20));
            worst = Math.Max(worst, Elementary.OneMinusPower(weights.NewChance(first), last));
        }

        return worst;
    }
}
