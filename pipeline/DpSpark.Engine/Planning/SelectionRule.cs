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

    /// <summary>Smallest number of units that is shown with probability one half: what the choice of a rule looks at.</summary>
    internal long UnitsForHalf { get; }

    /// <summary>Whether the budget per partition comes from optimal rather than basic composition.</summary>
    internal bool IsOptimallyComposed { get; private init; }

    /// <summary>Computes a rule's parameters.</summary>
    /// <param name="strategy">The rule.</param>
    /// <param name="epsilon">Its epsilon; for thresholds that of the noise, which <paramref name="draw"/> already has.</param>
    /// <param name="delta">Delta of the table or of the threshold.</param>
    /// <param name="partitions">Partitions that one unit may touch.</param>
    /// <param name="preThreshold">N.</param>
    /// <param name="draw">Thresholds: the noisy number of units.</param>
    /// <param name="sharedOutput">The output that releases that number too, or null.</param>
    /// <returns>The rule, or null when the budget is too small for it.</returns>
    internal static SelectionRule? Make(SelectionStrategy strategy, Rational epsilon, Rational delta, long partitions, int preThreshold, DrawSpec? draw, string? sharedOutput)
    {
        var l0 = (int)Math.Min(partitions, int.MaxValue);
        var basic = SelectionBudget.Basic(epsilon.ToDouble(), delta.ToDouble(), l0).Safely();
        if (!(basic.Delta >= Math.ScaleB(1, -100)) || !(basic.Epsilon > 0))
        {
            return null;
        }

        return strategy == SelectionStrategy.TruncatedGeometric
            ? Table(basic, epsilon.ToDouble(), delta.ToDouble(), l0, preThreshold)
            : Threshold(strategy, basic.Delta, preThreshold, draw!, sharedOutput);
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

    private static SelectionRule? Table(SelectionBudget basic, double epsilon, double delta, int l0, int preThreshold)
    {
        // Closed forms decide which split is better; only that one's table is built. About as many entries as it takes to be certain.
        var budget = basic;
        var half = new TruncatedGeometric(basic, preThreshold).UnitsFor(0.5);
        var optimal = false;
        if (l0 is > 1 and <= MaxComposed)
        {
            var composed = SelectionBudget.Optimal(epsilon, Rounding.Inward(delta), l0, 0.5).Safely();
            composed = composed with { Epsilon = composed.Epsilon * (1 - CompositionMargin) };
            if (composed.Epsilon > 0 && new TruncatedGeometric(composed, preThreshold).UnitsFor(0.5) < half)
            {
                budget = composed;
                optimal = true;
            }
        }

        if (new TruncatedGeometric(budget, preThreshold).SecondCrossover > TruncatedGeometricTable.MaxEntries - 2)
        {
            return null;
        }

        var table = TruncatedGeometricTable.Build(budget);
        var spec = new SelectionSpec { Strategy = SelectionStrategy.TruncatedGeometric, PreThreshold = preThreshold, Table = table };
        return new(spec, Keep) { IsOptimallyComposed = optimal };

        double Keep(long units)
        {
            var n = units - preThreshold + 1;
            return n <= 0 ? 0 : n >= table.Count ? 1 : Rounding.Nearest(table[(int)n - 1], TruncatedGeometricTable.One);
        }
    }

    private static SelectionRule Threshold(SelectionStrategy strategy, double delta0, int preThreshold, DrawSpec draw, string? sharedOutput)
    {
        var noise = draw.Noise;
        var units = draw.Terms[0].Coefficient;
        var spread = Rounding.Nearest(noise.Numerator, noise.Denominator);
        var gaussian = strategy == SelectionStrategy.GaussianThreshold;
        var rule = gaussian
            ? ThresholdRule.Gaussian(spread, Math.Min(delta0, 0.49), preThreshold, units)
            : ThresholdRule.Laplace(noise.Numerator, noise.Denominator, delta0, preThreshold);
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
