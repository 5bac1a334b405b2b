using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>A selection rule with its parameters computed, and the chance it gives a partition.</summary>
internal sealed class SelectionRule
{
    /// <summary>Partitions per unit up to which optimal composition is tried: beyond, its sums take long and lose digits.</summary>
    internal const int MaxComposed = 1000;

    /// <summary>Set aside of an epsilon that comes from optimal composition in doubles.</summary>
    private const double CompositionMargin = 1e-9;

    private readonly Func<long, double> _keep;

    private SelectionRule(SelectionSpec spec, Func<long, double> keep)
    {
        Spec = spec;
        _keep = keep;
        UnitsForHalf = UnitsFor(0.5);
    }

    internal SelectionSpec Spec { get; }

    /// <summary>The rounds, first to last, where there are several; <see cref="Spec"/> is then the last one.</summary>
    internal IReadOnlyList<SelectionSpec> Rounds { get; private init; } = [];

    /// <summary>Smallest number of units that is shown with probability one half: what the choice of a rule looks at.</summary>
    internal long UnitsForHalf { get; }

    /// <summary>What a table may cost per partition: by basic or, where that shows partitions earlier, optimal composition.</summary>
    /// <param name="epsilon">Epsilon of all the unit's partitions.</param>
    /// <param name="delta">Delta of all the unit's partitions.</param>
    /// <param name="l0">Partitions that one unit may touch.</param>
    /// <param name="preThreshold">N.</param>
    /// <returns>The budget, or null when it is too small.</returns>
    internal static SelectionBudget? TableBudget(double epsilon, double delta, int l0, int preThreshold)
    {
        if (!(epsilon > 0 && delta > 0))
        {
            return null;
        }

        var basic = SelectionBudget.Basic(epsilon, delta, l0).Safely();
        if (!(basic.Delta >= Math.ScaleB(1, -100)) || !(basic.Epsilon > 0))
        {
            return null;
        }

        // Closed forms decide which split is better; only that one's table is built. About as many entries as it takes to be certain.
        var budget = basic;
        if (l0 is > 1 and <= MaxComposed)
        {
            var composed = SelectionBudget.Optimal(epsilon, Rounding.Inward(delta), l0, 0.5).Safely();
            composed = composed with { Epsilon = composed.Epsilon * (1 - CompositionMargin) };
            if (composed.Epsilon > 0 && new TruncatedGeometric(composed, preThreshold).UnitsFor(0.5) < new TruncatedGeometric(basic, preThreshold).UnitsFor(0.5))
            {
                budget = composed;
            }
        }

        return new TruncatedGeometric(budget, preThreshold).SecondCrossover > TruncatedGeometricTable.MaxEntries - 2 ? null : budget;
    }

    internal double KeepProbability(long units) => _keep(units);

    /// <summary>The smallest number of units with at least this chance.</summary>
    internal long UnitsFor(double probability)
    {
        long high = 1;
        while (_keep(high) < probability)
        {
            high *= 2;
        }

        var low = high / 2;
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (_keep(middle) >= probability)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return high;
    }

    /// <summary>The rule with the table of a budget.</summary>
    internal static SelectionRule OfTable(SelectionBudget budget, int preThreshold)
    {
        var table = TruncatedGeometricTable.Build(budget);
        var spec = new SelectionSpec { Strategy = SelectionStrategy.TruncatedGeometric, PreThreshold = preThreshold, Table = table };
        return new(spec, Keep);

        double Keep(long units)
        {
            var n = units - preThreshold + 1;
            return n <= 0 ? 0 : n >= table.Count ? 1 : Rounding.Nearest(table[(int)n - 1], TruncatedGeometricTable.One);
        }
    }

    /// <summary>A noisy sum of weights against the smallest threshold that a new partition passes with at most a given chance, by the number of partitions of its unit.</summary>
    /// <param name="chances">From a number of partitions on, the chance; rising numbers, the first is 1.</param>
    /// <param name="preThreshold">N: each of the N - 1 others weighs at most one.</param>
    /// <param name="draw">The noisy sum.</param>
    /// <param name="partitions">Partitions of a unit at most; the chances of the rule are told for units in that many.</param>
    /// <returns>The rule, or null when a chance is too small for it.</returns>
    internal static SelectionRule? OfWeights(IReadOnlyList<(long Partitions, double Chance)> chances, int preThreshold, DrawSpec draw, BigInteger partitions)
    {
        if (chances.Any(c => !(c.Chance >= Math.ScaleB(1, -100))))
        {
            return null;
        }

        var noise = draw.Noise;
        var units = draw.Terms[0].Coefficient;
        var spread = Rounding.Nearest(noise.Numerator, noise.Denominator);
        var threshold = BigInteger.Zero;
        foreach (var (from, chance) in chances)
        {
            var tail = ThresholdRule.Gaussian(spread, Math.Min(chance, 0.49), 1, BigInteger.One).Threshold - 1;
            threshold = BigInteger.Max(threshold, tail + (UnitWeight.Of(from) * units));
        }

        threshold += (preThreshold - 1) * units * UnitWeight.One;
        var spec = new SelectionSpec { Strategy = SelectionStrategy.WeightedGaussian, PreThreshold = preThreshold, Threshold = threshold, Noise = noise, NoiseGrid = draw.Grid };

        // Not rounded down, so that a threshold on counts of the same noise compares as equal.
        var weight = (double)units * UnitWeight.One / Math.Sqrt((double)partitions);
        return new(spec, n => n < preThreshold ? 0 : DiscreteDistributions.GaussianUpperTail(spread, Math.Ceiling((double)threshold - (n * weight))));
    }

    /// <summary>Several rules, one after another, each on the partitions that no earlier one has shown; or null where one of them is.</summary>
    /// <param name="rounds">The rules; each has the chances of units that keep their weights: they rise once a unit's other partitions are shown.</param>
    internal static SelectionRule? OfRounds(IReadOnlyList<SelectionRule?> rounds) => rounds.Any(r => r is null)
        ? null
        : new(rounds[^1]!.Spec with { Round = rounds.Count }, n => 1 - rounds.Aggregate(1.0, (hidden, r) => hidden * (1 - r!.KeepProbability(n))))
        {
            Rounds = [.. rounds.Select((r, i) => r!.Spec with { Round = i + 1 })],
        };

    /// <summary>A noisy number of units against the smallest threshold that a new partition passes with at most a given chance.</summary>
    /// <param name="strategy">Which threshold.</param>
    /// <param name="delta0">The chance.</param>
    /// <param name="preThreshold">N.</param>
    /// <param name="draw">The noisy number of units.</param>
    /// <param name="sharedOutput">The output that releases that number too, or null.</param>
    /// <returns>The rule, or null when the chance is too small for it.</returns>
    internal static SelectionRule? OfThreshold(SelectionStrategy strategy, double delta0, int preThreshold, DrawSpec draw, string? sharedOutput)
    {
        if (!(delta0 >= Math.ScaleB(1, -100)))
        {
            return null;
        }

        var noise = draw.Noise;
        var units = draw.Terms[0].Coefficient;
        var spread = Rounding.Nearest(noise.Numerator, noise.Denominator);
        var gaussian = strategy == SelectionStrategy.GaussianThreshold;
        var rule = gaussian
            ? ThresholdRule.Gaussian(spread, Math.Min(delta0, 0.49), preThreshold, units)
            : ThresholdRule.Laplace(noise.Numerator, noise.Denominator, Math.Min(delta0, 1 - 1e-12), preThreshold);
        var spec = new SelectionSpec
        {
            Strategy = strategy,
            PreThreshold = preThreshold,
            Threshold = rule.Threshold,
            Noise = noise,
            NoiseGrid = draw.Grid,
            SharedOutput = sharedOutput,
        };
        return new(spec, n => gaussian ? rule.GaussianKeepProbability(spread, n) : rule.LaplaceKeepProbability(spread, n));
    }
}
