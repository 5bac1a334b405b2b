using System.Collections.Concurrent;
using System.Numerics;
using DpSpark.Core.Quantiles;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>
/// Height, branching and division of a tree of counts: from the noise family and the number of values that the bounds leave, never from data. Gaussian noise: families of up to 64 siblings under
/// a prefix code, one level where that tells all values apart, else two. Laplace noise: the counts of up to 16 siblings, up to three levels.
/// </summary>
/// <param name="Branching">Children per node.</param>
/// <param name="Shares">Per level, its part of the amount (epsilon, or mu²); the sum is 1.</param>
/// <param name="Coefficients">The code of a family; empty for the counts themselves.</param>
internal sealed record TreeShape(int Branching, IReadOnlyList<Rational> Shares, IReadOnlyList<long> Coefficients)
{
    private const int CodedBranching = 64;
    private const int PlainBranching = 16;

    private static readonly ConcurrentDictionary<(NoiseKind Kind, int Branching, int Height), TreeShape> s_shapes = new();
    private readonly ConcurrentDictionary<double, double> _deviations = new();
    private TreeDecoder? _decoder;

    /// <summary>Leaves of the tree.</summary>
    internal long Leaves => Shares.Aggregate(1L, (n, _) => n * Branching);

    /// <summary>l1 norm of what one value changes in one family.</summary>
    internal BigInteger NormL1 => Coefficients.Count == 0 ? BigInteger.One : Coefficients.Aggregate(BigInteger.Zero, (s, c) => s + BigInteger.Abs(c));

    /// <summary>Squared l2 norm of it.</summary>
    internal BigInteger NormL2Squared => Coefficients.Count == 0 ? BigInteger.One : Coefficients.Aggregate(BigInteger.Zero, (s, c) => s + ((BigInteger)c * c));

    /// <summary>The shape for so many different values.</summary>
    internal static TreeShape For(NoiseKind kind, BigInteger values)
    {
        var (widest, deepest) = kind == NoiseKind.DiscreteGaussian ? (CodedBranching, 2) : (PlainBranching, 3);
        var height = 1;
        while (height < deepest && BigInteger.Pow(widest, height) < values)
        {
            height++;
        }

        // The widest family where a code is worth most: its cells are what few values can be told apart by.
        var branching = height > 1 && kind == NoiseKind.DiscreteGaussian ? widest : 2;
        while (branching < widest && BigInteger.Pow(branching, height) < values)
        {
            branching++;
        }

        return s_shapes.GetOrAdd((kind, branching, height), static key => Make(key.Kind, key.Branching, key.Height));
    }

    /// <summary>The same where the total is measured once more, with so many times the variance of the first level's noise.</summary>
    internal double RankDeviation(double rank, double totalVariance) => (_decoder ??= Decoder()).RankDeviation(rank, rank, totalVariance);

    /// <summary>Standard deviation of the error of (values below) - rank · (all values) at that rank, where the first level's noise has standard deviation 1.</summary>
    internal double RankDeviation(double rank) => _deviations.GetOrAdd(rank, q => (_decoder ??= Decoder()).RankDeviation(q, q));

    private static TreeShape Make(NoiseKind kind, int branching, int height)
    {
        // Levels below the cells matter where counts are large, and then little noise is little: an eighth is enough for them.
        Rational[] shares = (kind, height) switch
        {
            (_, 1) => [Rational.From(1)],
            (NoiseKind.DiscreteGaussian, _) => [new(7, 8), new(1, 8)],
            (_, 2) => [new(1, 2), new(1, 2)],
            _ => [new(7, 16), new(7, 16), new(1, 8)],
        };
        return new(branching, shares, kind == NoiseKind.DiscreteGaussian ? PrefixCode.Coefficients(branching) : []);
    }

    private TreeDecoder Decoder()
    {
        var unit = new TreeLevelSpec { Coefficients = Coefficients, Noise = new NoiseSpec(NoiseKind.DiscreteGaussian, BigInteger.One, BigInteger.One, string.Empty) };
        return new TreeDecoder(new TreeSpec { Output = "q", Item = 0, Branching = Branching, Levels = [.. Shares.Select(_ => unit)] });
    }
}
