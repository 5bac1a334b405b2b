using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Noise;

/// <summary>Draws the noise that a <see cref="NoiseSpec"/> describes, with the sampler that it names.</summary>
/// <remarks>Immutable and thread safe; make one per draw of the plan and use it for all partitions.</remarks>
public sealed class NoiseSampler
{
    private static readonly BigInteger s_largest = BigInteger.One << 100;
    private readonly NoiseTable? _table;
    private readonly BigInteger _numerator;
    private readonly BigInteger _denominator;
    private readonly NoiseKind _kind;

    /// <summary>Prepares a sampler.</summary>
    /// <param name="spec">The distribution and the sampler's version tag.</param>
    /// <exception cref="ArgumentOutOfRangeException">The parameters are not positive, too large for 128-bit results, or the tag is unknown.</exception>
    public NoiseSampler(NoiseSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.Numerator, BigInteger.One, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.Denominator, BigInteger.One, nameof(spec));
        BigInteger limit = spec.Kind == NoiseKind.DiscreteLaplace ? s_largest : s_largest * s_largest;
        if (spec.Numerator > limit * spec.Denominator)
        {
            throw new ArgumentOutOfRangeException(nameof(spec), "The noise is too wide: its scale is above 2^100 units.");
        }

        _kind = spec.Kind;
        BigInteger common = BigInteger.GreatestCommonDivisor(spec.Numerator, spec.Denominator);
        _numerator = spec.Numerator / common;
        _denominator = spec.Denominator / common;
        _table = spec.Sampler switch
        {
            SamplerVersion.Cks => null,
            SamplerVersion.Table => NoiseTables.Get(_kind, _numerator, _denominator),
            _ => throw new ArgumentOutOfRangeException(nameof(spec), "The sampler's version is not known to this program."),
        };
    }

    /// <summary>The sampler that a plan names for a distribution: the table where it is short, the reference sampler otherwise.</summary>
    /// <param name="kind">The family.</param>
    /// <param name="numerator">Numerator of the scale or of sigma^2.</param>
    /// <param name="denominator">Its denominator.</param>
    public static string Choose(NoiseKind kind, BigInteger numerator, BigInteger denominator) =>
        (kind == NoiseKind.DiscreteLaplace ? NoiseTable.FitsLaplace(numerator, denominator) : NoiseTable.FitsGaussian(numerator, denominator))
            ? SamplerVersion.Table
            : SamplerVersion.Cks;

    /// <summary>Draws one value, in units of the noise's grid.</summary>
    /// <param name="words">The stream of this (release, metric, partition), used by nothing else.</param>
    public Int128 Sample<TWords>(TWords words)
        where TWords : IRandomWords
    {
        if (_table is not null)
        {
            return _table.Sample(words);
        }

        // A value beyond 128 bits has probability below exp(-2^26); it fails rather than wraps.
        return checked((Int128)(_kind == NoiseKind.DiscreteLaplace
            ? CksSampler.DiscreteLaplace(words, _numerator, _denominator)
            : CksSampler.DiscreteGaussian(words, _numerator, _denominator)));
    }
}
