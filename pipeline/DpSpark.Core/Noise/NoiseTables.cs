using System.Collections.Concurrent;
using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Core.Noise;

/// <summary>Shares tables between samplers of one distribution: the bins of a mean, counts of one scale, releases that one process makes of one plan.</summary>
/// <remarks>A table depends on public parameters alone. It is held weakly: it lives as long as a sampler uses it.</remarks>
internal static class NoiseTables
{
    private const int PruneAbove = 64;

    private static readonly ConcurrentDictionary<(NoiseKind Kind, BigInteger Numerator, BigInteger Denominator), WeakReference<NoiseTable>> s_tables = new();

    /// <summary>The table of a distribution, built unless a living sampler has it.</summary>
    /// <param name="kind">The family.</param>
    /// <param name="numerator">Numerator of the scale or of sigma^2, in lowest terms.</param>
    /// <param name="denominator">Its denominator.</param>
    internal static NoiseTable Get(NoiseKind kind, BigInteger numerator, BigInteger denominator)
    {
        var key = (kind, numerator, denominator);
        if (s_tables.TryGetValue(key, out var held) && held.TryGetTarget(out var known))
        {
            return known;
        }

        var table = kind == NoiseKind.DiscreteLaplace ? NoiseTable.DiscreteLaplace(numerator, denominator) : NoiseTable.DiscreteGaussian(numerator, denominator);
        if (s_tables.Count > PruneAbove)
        {
            foreach (var entry in s_tables)
            {
                if (!entry.Value.TryGetTarget(out _))
                {
                    s_tables.TryRemove(entry);
                }
            }
        }

        s_tables[key] = new WeakReference<NoiseTable>(table);
        return table;
    }
}
