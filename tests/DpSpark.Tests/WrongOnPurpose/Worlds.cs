using System.Numerics;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Testing.Privacy;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Worlds that are small enough to enumerate.</summary>
internal static class Worlds
{
    /// <summary>An integer that differs by a shift, under discrete Laplace noise.</summary>
    internal static NeighbourPair Laplace(double scale, long shift) =>
        NeighbourPair.Shifted(k => DiscreteDistributions.LaplaceProbability(scale, k), shift, (long)Math.Ceiling(40 * scale) + 2);

    /// <summary>The same under discrete Gaussian noise.</summary>
    internal static NeighbourPair Gaussian(double sigma, long shift)
    {
        double normaliser = DiscreteDistributions.GaussianNormaliser(sigma * sigma);
        return NeighbourPair.Shifted(k => Math.Exp(-(double)k * k / (2 * sigma * sigma)) / normaliser, shift, (long)Math.Ceiling(9 * sigma) + 2);
    }

    /// <summary>Several integers at once, each with noise of its own.</summary>
    internal static NeighbourPair Vector(Func<long, NeighbourPair> noise, IEnumerable<long> shifts) =>
        shifts.Where(s => s != 0).Aggregate(NeighbourPair.Nothing, (all, shift) => all.And(noise(Math.Abs(shift))));

    /// <summary>Whether every neighbour that one unit can make keeps (epsilon, delta).</summary>
    internal static bool All(IEnumerable<IEnumerable<long>> changes, Func<long, NeighbourPair> noise, double epsilon, double delta = 0) =>
        changes.All(shifts => Vector(noise, shifts).Keeps(epsilon, delta));

    /// <summary>Everything that a unit with at most L0 partitions can add to four of them, from 0 to a bound in each.</summary>
    internal static IEnumerable<IEnumerable<long>> Additions(int l0, long bound) => Grid(4, 0, bound).Where(v => v.Count(x => x != 0) <= l0);

    /// <summary>Everything that replacing such a unit by another can change in four partitions.</summary>
    internal static IEnumerable<IEnumerable<long>> Replacements(int l0, long bound) =>
        Additions(l0, bound).SelectMany(_ => Additions(l0, bound), (a, b) => a.Zip(b, (x, y) => y - x)).DistinctBy(v => string.Join(' ', v.Select(Math.Abs).Order()));

    /// <summary>A partition of n other units, with and without one more: the noisy number is shown from T on, and only where there are at least N units.</summary>
    internal static NeighbourPair Thresholded(Func<long, double> noise, long others, long unit, long threshold, int preThreshold, long reach)
    {
        double Shown(long units, long value) => units >= preThreshold && value >= threshold ? noise(value - (units * unit)) : 0;
        List<double> here = [];
        List<double> there = [];
        for (long value = (others * unit) - reach; value <= ((others + 1) * unit) + reach; value++)
        {
            here.Add(Shown(others + 1, value));
            there.Add(Shown(others, value));
        }

        here.Add(Math.Max(0, 1 - here.Sum()));
        there.Add(Math.Max(0, 1 - there.Sum()));
        return NeighbourPair.Of(here, there);
    }

    /// <summary>A partition that is shown or not, without a number.</summary>
    internal static NeighbourPair Shown(double with, double without) => NeighbourPair.Of([with, 1 - with], [without, 1 - without]);

    internal static double ScaleOf(NoiseSpec noise) => (double)noise.Numerator / (double)noise.Denominator;

    internal static NoiseSpec Times(NoiseSpec noise, int numerator, int denominator) => noise with { Numerator = noise.Numerator * numerator, Denominator = noise.Denominator * denominator };

    /// <summary>All vectors of a dimension with entries from a range.</summary>
    internal static IEnumerable<long[]> Grid(int dimension, long from, long to)
    {
        long count = (long)BigInteger.Pow(to - from + 1, dimension);
        for (long i = 0; i < count; i++)
        {
            var vector = new long[dimension];
            for (long d = 0, rest = i; d < dimension; d++, rest /= to - from + 1)
            {
                vector[d] = from + (rest % (to - from + 1));
            }

            yield return vector;
        }
    }
}
