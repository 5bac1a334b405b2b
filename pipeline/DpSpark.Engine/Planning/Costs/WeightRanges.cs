namespace DpSpark.Engine.Planning.Costs;

/// <summary>How the pairs (m, t) of the joint rule for weights are gathered: m partitions of a unit, t of them new. Every range is bounded by the worse end of each number, so a coarse one is safe.</summary>
internal static class WeightRanges
{
    /// <summary>Partitions up to which every pair is looked at where that is cheap, and every m for the threshold.</summary>
    private const long MostSingles = 64;

    /// <summary>Noise below this part of delta: whatever more of the partitions are new, nearly all of delta is the keys'.</summary>
    private const double Little = 1e-3;

    /// <summary>Ranges of m that share the noise of their last one.</summary>
    /// <param name="partitions">L0.</param>
    /// <param name="isCheap">Whether the noise's delta is a closed form.</param>
    internal static IEnumerable<(long First, long Last)> Coarse(long partitions, bool isCheap)
    {
        for (long first = 1, last; first <= partitions; first = last + 1)
        {
            last = isCheap && first <= MostSingles ? first : Math.Min(partitions, (2 * first) - 1);
            yield return (first, last);
        }
    }

    /// <summary>Parts of such a range, each with the weight of its first m and as many new partitions as its last one allows.</summary>
    internal static IEnumerable<(long First, long Last)> Fine(long first, long last)
    {
        for (long from = first, to; from <= last; from = to + 1)
        {
            to = from <= MostSingles ? from : Math.Min(last, from + (from / 20));
            yield return (from, to);
        }
    }

    /// <summary>End of the range of t that begins at <paramref name="first"/> and shares its noise.</summary>
    internal static long LastNew(long first, long last, double noise, double delta, bool isCheap) =>
        noise <= Little * delta ? last : isCheap && last <= MostSingles ? first : Math.Min(last, (2 * first) - 1);
}
