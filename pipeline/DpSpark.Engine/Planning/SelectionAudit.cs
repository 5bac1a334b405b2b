using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>
/// Recomputes what a private selection of partitions costs: the epsilon and delta of a table, or the noise of a threshold and the chance that one unit's new partition passes it.
/// </summary>
/// <remarks>Source: dp-math.md 4.1 to 4.6.</remarks>
internal sealed class SelectionAudit
{
    private readonly ReleasePlan _plan;
    private readonly ContributionNorms _norms;
    private readonly AuditSpend _spend;

    public SelectionAudit(ReleasePlan plan, ContributionNorms norms, AuditSpend spend)
    {
        _plan = plan;
        _norms = norms;
        _spend = spend;
    }

    /// <summary>Chance that a partition that one unit alone makes eligible passes a threshold; 0 without one.</summary>
    public double NewChance { get; private set; }

    /// <summary>The same for weights, by the number of the unit's partitions; null where the selection compares none.</summary>
    public Func<long, double>? NewWeight { get; private set; }

    /// <summary>Checks the rule and adds its cost.</summary>
    public void Check(SelectionSpec selection)
    {
        if (selection.Strategy == SelectionStrategy.TruncatedGeometric)
        {
            CheckTable(selection.Table);
            return;
        }

        if (selection.Strategy == SelectionStrategy.WeightedGaussian)
        {
            CheckWeights(selection);
            return;
        }

        if (selection.Strategy is not (SelectionStrategy.LaplaceThreshold or SelectionStrategy.GaussianThreshold))
        {
            _spend.Findings.Add("The audit does not know the selection's rule.");
        }

        if (selection.Noise is not { } noise || selection.NoiseGrid.BinaryExponent > 0 || selection.NoiseGrid.DecimalScale != 0)
        {
            _spend.Findings.Add("A threshold has no noise, or noise coarser than one unit.");
            return;
        }

        var units = BigInteger.One << -selection.NoiseGrid.BinaryExponent;
        if (selection.SharedOutput is { } output)
        {
            var draw = _plan.Spec.Nodes.FirstOrDefault(n => n.Output == output)?.Draws.FirstOrDefault(d => d.SharedWith is null && d.Part == "count");
            var ofUnits = draw is { Shift: 0, Terms.Count: 1 } && draw.Noise == noise && draw.Grid == selection.NoiseGrid && draw.Terms[0].Coefficient == units
                && (draw.Terms[0].Accumulator == -1 || (_norms.RowsPerPartition is { IsOne: true } && _plan.Spec.IsCount(draw.Terms[0])));
            _spend.Require(ofUnits, "The count that the threshold is compared with is not the one that is released.");
        }
        else
        {
            _spend.Spend(noise, _norms.Partitions * units, _norms.Partitions * units * units, true, units);
        }

        // A partition that one unit alone makes eligible passes when the noise reaches T - N units.
        var distance = (double)(selection.Threshold - (selection.PreThreshold * units));
        var spread = Rounding.Nearest(noise.Numerator, noise.Denominator);
        NewChance = noise.Kind == NoiseKind.DiscreteLaplace ? DiscreteDistributions.LaplaceUpperTail(spread, distance)
            : distance >= 1 ? DiscreteDistributions.GaussianUpperTailBound(spread, distance) : 1;
    }

    /// <summary>A unit in k partitions weighs floor(2^20 / sqrt(k)) in each: one of 2^20 in l2. The others of an N weigh at most one each.</summary>
    private void CheckWeights(SelectionSpec selection)
    {
        if (AuditWeights.Of(_plan.Spec, selection, _spend) is not { } weights)
        {
            _spend.Findings.Add("A threshold on weights has no Gaussian noise, or noise coarser than its weights.");
            return;
        }

        _spend.Costs.Add(AuditCost.Weighted(weights.MuSquared));
        NewWeight = weights.NewChance;
    }

    private void CheckTable(IReadOnlyList<BigInteger> table)
    {
        var one = TruncatedGeometricTable.One;
        if (table.Count == 0 || table[^1] != one)
        {
            _spend.Findings.Add("The selection's table does not end in certainty.");
            return;
        }

        // The smallest epsilon0 that both inequalities of the definition hold with, given delta0 = P(1).
        var delta = table[0];
        var worst = new Rational(BigInteger.One, BigInteger.One);
        var previous = table[0];
        for (var n = 1; n <= table.Count; n++)
        {
            var next = n < table.Count ? table[n] : one;
            if (next < previous)
            {
                _spend.Findings.Add("The selection's table falls.");
            }

            worst = Worse(worst, next - delta, previous);
            worst = Worse(worst, one - previous - delta, one - next);
            previous = next;
        }

        var epsilon0 = Elementary.Log1P((worst - Rational.From(BigInteger.One)).ToDouble());
        var delta0 = Rounding.Nearest(delta, one);
        var row = _plan.Mechanisms.FirstOrDefault(m => m.Node == RequestCheck.SelectionName);
        var claimed = row?.Epsilon.ToDouble() ?? 0;
        var partitions = (double)_norms.Partitions;
        var (epsilon, delta1) = (epsilon0 * partitions, Elementary.OneMinusPower(delta0, partitions));
        if (epsilon > claimed && partitions <= SelectionRule.MaxComposed)
        {
            // Optimal composition instead of the sum; which epsilon it is read at is free, the claimed share is as good as any.
            var composed = OptimalComposition.Delta(epsilon0, delta0, (int)partitions, claimed);
            if (composed <= _plan.Delta.ToDouble())
            {
                (epsilon, delta1) = (claimed, composed);
            }
        }

        _spend.Costs.Add(AuditCost.Table(epsilon0, delta0, epsilon, delta1));
    }

    private static Rational Worse(Rational worst, BigInteger numerator, BigInteger denominator)
    {
        if (numerator.Sign <= 0)
        {
            return worst;
        }

        // Certainty next to a chance is not private at any epsilon; 2^256 stands for that.
        return denominator.Sign <= 0 ? Rational.From(BigInteger.One << 256)
            : numerator * worst.Denominator > worst.Numerator * denominator ? new(numerator, denominator) : worst;
    }
}
