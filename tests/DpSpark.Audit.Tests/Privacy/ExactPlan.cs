using System.Numerics;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// The delta of a release of counts, sums and means at an epsilon, by trying out what a unit can do: rows at either end of the bounds, in as many partitions as it may be in, k of them its own.
/// Written apart from planner and audit, on other formulas. Selection by weights is not among them: for such a release it says no where yes would be right. Each output is given the end that is worst for it, and counts of units the widest spread of rows; both are bounds.
/// </summary>
internal sealed class ExactPlan
{
    /// <summary>Steps of the lattice up to the largest loss: at first, and at most.</summary>
    private const int FewestSteps = 1000;
    private const int MostSteps = 32_000;

    /// <summary>Relative rounding of sums of doubles.</summary>
    private const double Rounding = 1e-9;

    private readonly StageSpec _spec;
    private readonly int _partitions;
    private readonly int _each;
    private readonly int _rows;

    /// <param name="spec">The release; selection none, a table or a threshold on counts.</param>
    /// <param name="publicKeys">Number of public keys.</param>
    internal ExactPlan(StageSpec spec, int publicKeys)
    {
        _spec = spec;
        _partitions = Math.Min(spec.MaxPartitionsContributed ?? int.MaxValue, spec.MaxContributions ?? int.MaxValue);
        _partitions = spec.PublicPartitions ? Math.Min(_partitions, publicKeys) : _partitions;
        _rows = spec.MaxContributions ?? _partitions * (spec.MaxContributionsPerPartition ?? 1);
        _each = Math.Min(spec.MaxContributionsPerPartition ?? _rows, _rows);
    }

    /// <summary>Whether (epsilon, delta) certainly holds. What is not certain on a coarse lattice is tried on finer ones; the truth is below all of them.</summary>
    internal bool Keeps(double epsilon, double delta)
    {
        for (var steps = FewestSteps; steps <= MostSteps; steps *= 2)
        {
            var found = Delta(epsilon, steps);
            if (found <= delta * (1 + Rounding))
            {
                return true;
            }

            // The coarsest lattice errs by a factor of five or six at an epsilon of 20, others by far less.
            if (found > 20 * delta)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>An upper bound of delta at an epsilon; above the truth by the lattice alone where every output has its worst case at once.</summary>
    private double Delta(double epsilon, int steps)
    {
        var chance = _spec.Selection is { Noise: not null } selection ? NewChance(selection) : 0;
        var worst = 0.0;
        for (var k = 0; k <= (chance > 0 ? _partitions : 0); k++)
        {
            var keys = 1 - Math.Pow(1 - chance, k);
            keys = keys < 1e-3 ? -Elementary.ExpM1(k * Elementary.Log1P(-chance)) : keys;
            worst = Math.Max(worst, keys + ((1 - keys) * Noise(k, epsilon, steps)));
        }

        return worst;
    }

    /// <summary>Delta of the noise where k of the unit's partitions are its own.</summary>
    private double Noise(int k, double epsilon, int steps)
    {
        var shared = _partitions - k;
        var rows = Math.Min(_rows - k, shared * _each);
        var (full, rest) = (rows / _each, rows % _each);
        var touched = Math.Min(shared, _rows - k);
        var laplace = new List<(double Scale, double Units, int Times)>();
        var muSquared = 0.0;
        foreach (var (noise, change, byUnits, shift) in Changes())
        {
            foreach (var (count, times) in byUnits ? [(1, touched)] : new[] { (_each, full), (rest, 1) })
            {
                // A sum that is rounded after summation moves by whole units.
                var units = (double)-(-(BigInteger.Abs(change) * count) >> shift);
                var parameter = (double)noise.Numerator / (double)noise.Denominator;
                if (noise.Kind == NoiseKind.DiscreteGaussian)
                {
                    muSquared += times * units * units / parameter;
                }
                else if (units > 0 && times > 0)
                {
                    laplace.Add((parameter, units, times));
                }
            }
        }

        var table = _spec.Selection is { Noise: null } selection ? Worst(selection.Table) : default;
        var mu = Math.Sqrt(muSquared);
        var pure = laplace.Sum(l => l.Times * l.Units / l.Scale) + (shared * table.Epsilon);
        if (mu == 0 && pure <= epsilon * (1 + 1e-12))
        {
            return -Elementary.ExpM1(shared * Elementary.Log1P(-table.Delta));
        }

        var loss = new ExactLoss((pure + (muSquared / 2) + (9 * mu)) / steps);
        laplace.ForEach(l => loss.Laplace(l.Scale, l.Units, l.Times));
        if (table != default)
        {
            loss.Generic(table.Epsilon, table.Delta, shared);
        }

        if (mu > 0)
        {
            loss.Gaussian(mu);
        }

        return loss.Delta(epsilon);
    }

    /// <summary>What one row, or one unit's presence, moves in every number that is drawn.</summary>
    private IEnumerable<(NoiseSpec Noise, BigInteger Change, bool ByUnits, int Shift)> Changes()
    {
        foreach (var node in _spec.Nodes)
        {
            var draws = node.Draws.Where(d => d.SharedWith is null).ToList();
            var ends = new[] { false, true }.Select(high => draws.ConvertAll(d => d.Terms.Aggregate(BigInteger.Zero, (sum, t) => sum + (t.Coefficient * Value(t, high)))));
            var worst = ends.MaxBy(end => end.Zip(draws, Loss).Sum())!;
            for (var d = 0; d < draws.Count; d++)
            {
                yield return (draws[d].Noise, worst[d], draws[d].Terms.All(IsOfUnits), draws[d].Shift);
            }
        }

        if (_spec.Selection is { Noise: { } noise, SharedOutput: null } selection)
        {
            yield return (noise, BigInteger.One << -selection.NoiseGrid.BinaryExponent, true, 0);
        }
    }

    private bool IsOfUnits(Term term) => term.Accumulator < 0 || _spec.Accumulators[term.Accumulator].Kind == AccumulatorKind.PartitionSum;

    private BigInteger Value(Term term, bool high) => term.Accumulator < 0 || _spec.Accumulators[term.Accumulator] is { Kind: AccumulatorKind.Count } ? BigInteger.One
        : _spec.Accumulators[term.Accumulator] is { Kind: AccumulatorKind.Sum or AccumulatorKind.PartitionSum } sum ? (high ? sum.Upper : sum.Lower)
        : throw new NotSupportedException("Counts, sums and means alone.");

    private static double Loss(BigInteger change, DrawSpec draw)
    {
        var units = (double)change * Math.ScaleB(1, -draw.Shift);
        var ratio = (double)draw.Noise.Denominator / (double)draw.Noise.Numerator;
        return draw.Noise.Kind == NoiseKind.DiscreteLaplace ? Math.Abs(units) * ratio : units * units * ratio;
    }

    /// <summary>Chance that a partition with N - 1 others is shown once the unit is in it.</summary>
    private static double NewChance(SelectionSpec selection)
    {
        var distance = (double)(selection.Threshold - (selection.PreThreshold * (BigInteger.One << -selection.NoiseGrid.BinaryExponent)));
        var parameter = (double)selection.Noise!.Numerator / (double)selection.Noise.Denominator;
        return selection.Noise.Kind == NoiseKind.DiscreteGaussian ? Normal.UpperTail((distance - 0.5) / Math.Sqrt(parameter))
            : distance >= 1 ? Math.Exp(-distance / parameter) / (1 + Math.Exp(-1 / parameter))
            : 1 - (Math.Exp((distance - 1) / parameter) / (1 + Math.Exp(-1 / parameter)));
    }

    /// <summary>The (epsilon, delta) of one partition of a table of chances.</summary>
    private static (double Epsilon, double Delta) Worst(IReadOnlyList<BigInteger> table)
    {
        var one = TruncatedGeometricTable.One;
        BigInteger[] chances = [BigInteger.Zero, .. table, one];
        var delta = chances[1];
        var worst = 1.0;
        for (var i = 1; i + 1 < chances.Length; i++)
        {
            var (low, high) = (chances[i], chances[i + 1]);
            worst = Math.Max(worst, high > delta ? (double)(high - delta) / (double)low : 0);
            worst = Math.Max(worst, one - low > delta ? (double)(one - low - delta) / (double)(one - high) : 0);
        }

        return (Math.Log(worst), (double)delta / (double)one);
    }
}
