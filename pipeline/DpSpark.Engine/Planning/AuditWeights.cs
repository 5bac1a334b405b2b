using System.Numerics;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>A threshold on noisy weights as an audit sees it. A unit in k partitions weighs floor(2^20 / sqrt(k)) in each: one of 2^20 in l2.</summary>
internal sealed class AuditWeights
{
    private readonly SelectionSpec _selection;
    private readonly NoiseSpec _noise;
    private readonly int _finer;

    private AuditWeights(SelectionSpec selection, NoiseSpec noise, int finer)
    {
        _selection = selection;
        _noise = noise;
        _finer = finer;
    }

    /// <summary>1/sigma², in weights of one unit; exact.</summary>
    public Rational MuSquared => new(One * One * _noise.Denominator, _noise.Numerator);

    private BigInteger One => BigInteger.One << (UnitWeight.Bits + _finer);

    /// <summary>Notes the noise and what is wrong with it; null where there is none that the audit knows.</summary>
    public static AuditWeights? Of(StageSpec spec, SelectionSpec selection, AuditSpend spend)
    {
        var finer = -selection.NoiseGrid.BinaryExponent - UnitWeight.Bits;
        if (selection.Noise is not { Kind: NoiseKind.DiscreteGaussian, Numerator.Sign: > 0, Denominator.Sign: > 0 } noise || finer < 0 || selection.NoiseGrid.DecimalScale != 0)
        {
            return null;
        }

        spend.Require(selection.SharedOutput is null, "A sum of weights is no number that is released.");
        spend.Require(spec.Accumulators.Count(a => a.Kind == AccumulatorKind.Weight) == 1, "A release that compares weights does not have one sum of them.");
        spend.NoteVariance(noise);
        return new(selection, noise, finer);
    }

    /// <summary>The chance that noise lifts a partition over T which a unit in so many makes eligible; the others of an N weigh at most one each.</summary>
    /// <param name="partitions">The unit's partitions.</param>
    public double NewChance(long partitions)
    {
        var distance = (double)(_selection.Threshold - ((_selection.PreThreshold - 1) * One) - ((BigInteger)UnitWeight.Of(partitions) << _finer));
        return distance >= 1 ? DiscreteDistributions.GaussianUpperTailBound(Rounding.Nearest(_noise.Numerator, _noise.Denominator), distance) : 1;
    }
}
