using System.Numerics;
using DpSpark.Core.Bounding;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Aggregation;

/// <summary>The exact bounded aggregates of one partition, before noise: what noise is added to. Never leaves the house as it is.</summary>
public sealed class ReferencePartition
{
    /// <summary>Units.</summary>
    public long PrivacyIdCount { get; internal set; }

    /// <summary>Rows kept.</summary>
    public long Count { get; internal set; }

    /// <summary>Sum of clamped values, or of clamped per-unit sums, in grid units.</summary>
    public BigInteger Sum { get; internal set; }

    /// <summary>Sum of 2k - (Lo + Hi): values less the midpoint, in half units.</summary>
    public BigInteger HalfUnits { get; internal set; }

    /// <summary>Sum of (2k - (Lo + Hi))^2: squares less the midpoint, in quarter square units.</summary>
    public BigInteger HalfUnitSquares { get; internal set; }

    /// <summary>The mean of the clamped values; the midpoint where there is none.</summary>
    /// <param name="grid">The values' grid and bounds.</param>
    public double Mean(ValueGrid grid) => ReferenceAggregates.Mean(
        grid.ToDouble(HalfUnits) / 2, Count, grid.ToDouble(grid.Lower), grid.ToDouble(grid.Upper));

    /// <summary>The variance of the clamped values; 0 where there is none.</summary>
    /// <param name="grid">The values' grid and bounds.</param>
    public double Variance(ValueGrid grid) => ReferenceAggregates.Variance(
        Math.ScaleB(grid.ToDouble(HalfUnitSquares), grid.Exponent) / 4, grid.ToDouble(HalfUnits) / 2, Count, grid.ToDouble(grid.Lower), grid.ToDouble(grid.Upper));
}

/// <summary>Count, privacy-id count, sum, mean and variance of bounded rows, plainly: the oracle of the columnar kernels and the limit of a release without noise.</summary>
public static class ReferenceAggregates
{
    /// <summary>Aggregates kept rows per partition.</summary>
    /// <param name="rows">Kept rows with their values.</param>
    /// <param name="values">Grid and bounds for clamping values one by one, or null.</param>
    /// <param name="partitionSums">Grid and bounds for clamping each unit's sum in a partition, or null.</param>
    /// <returns>Per partition bytes (as hex text) its aggregates.</returns>
    /// <remarks>
    /// With per-unit sums every value is rounded to the grid unclamped (up to 2^62 units), the sum of one unit in one partition is exact, and that is clamped.
    /// </remarks>
    public static IReadOnlyDictionary<string, ReferencePartition> Compute(
        IReadOnlyList<KeptRow<double>> rows, ValueGrid? values, ValueGrid? partitionSums)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var result = new Dictionary<string, ReferencePartition>();
        ValueGrid? unclamped = partitionSums is null ? null : new ValueGrid(-Math.ScaleB(1, partitionSums.Exponent + 62), Math.ScaleB(1, partitionSums.Exponent + 62), partitionSums.Exponent);
        for (int start = 0; start < rows.Count;)
        {
            ReferenceRow<double> first = rows[start].Row;
            string name = Convert.ToHexStringLower(first.Partition);
            if (!result.TryGetValue(name, out ReferencePartition? partition))
            {
                partition = result[name] = new ReferencePartition();
            }

            // Rows are sorted by unit and partition, so this is all of one unit in one partition.
            partition.PrivacyIdCount++;
            BigInteger unitSum = BigInteger.Zero;
            for (; start < rows.Count && SameUnitAndPartition(first, rows[start].Row); start++)
            {
                partition.Count++;
                double value = rows[start].Row.Payload;
                if (values is not null)
                {
                    Int128 k = values.ToUnits(value);
                    partition.Sum += k;
                    BigInteger z = (2 * (BigInteger)k) - values.Lower - values.Upper;
                    partition.HalfUnits += z;
                    partition.HalfUnitSquares += z * z;
                }

                if (unclamped is not null)
                {
                    unitSum += unclamped.ToUnits(value);
                }
            }

            if (partitionSums is not null)
            {
                partition.Sum += BigInteger.Clamp(unitSum, partitionSums.Lower, partitionSums.Upper);
            }
        }

        return result;
    }

    /// <summary>Mean from a (noisy) normalised sum and count: mid + ns / max(1, count), within the bounds.</summary>
    /// <param name="normalizedSum">Sum of values less the midpoint.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    public static double Mean(double normalizedSum, double count, double lower, double upper) =>
        Math.Clamp(Middle(lower, upper) + (normalizedSum / Math.Max(1, count)), lower, upper);

    /// <summary>Variance from (noisy) normalised sums: sq/c - (ns/c)^2, between 0 and the most that values within the bounds can have, ((upper - lower)/2)^2.</summary>
    /// <param name="normalizedSquares">Sum of squares less the midpoint.</param>
    /// <param name="normalizedSum">Sum of values less the midpoint.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    public static double Variance(double normalizedSquares, double normalizedSum, double count, double lower, double upper)
    {
        double c = Math.Max(1, count);
        double half = (upper - lower) / 2;
        double mean = normalizedSum / c;
        return Math.Clamp((normalizedSquares / c) - (mean * mean), 0, half * half);
    }

    /// <summary>Counts per bin of equal width: [a, b), the last one closed; values are clamped first.</summary>
    /// <param name="values">The values; NaN is left out.</param>
    /// <param name="edges">Rising edges.</param>
    public static long[] Histogram(IEnumerable<double> values, double[] edges)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(edges);
        long[] counts = new long[edges.Length - 1];
        foreach (double value in values)
        {
            if (!double.IsNaN(value))
            {
                double clamped = Math.Clamp(value, edges[0], edges[^1]);
                int at = Array.BinarySearch(edges, clamped);
                counts[Math.Min(at >= 0 ? at : ~at - 1, counts.Length - 1)]++;
            }
        }

        return counts;
    }

    /// <summary>How many different values there are, -0 being 0.</summary>
    /// <param name="values">The values.</param>
    public static long DistinctCount(IEnumerable<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var seen = new HashSet<ulong>();
        foreach (double value in values)
        {
            seen.Add(Keys.CanonicalKey.CanonicalBits(value));
        }

        return seen.Count;
    }

    /// <summary>Edges of bins of equal width.</summary>
    /// <param name="lower">First edge.</param>
    /// <param name="upper">Last edge.</param>
    /// <param name="bins">Number of bins.</param>
    public static double[] Edges(double lower, double upper, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        double[] edges = new double[bins + 1];
        for (int i = 0; i <= bins; i++)
        {
            edges[i] = i == bins ? upper : lower + ((upper - lower) * i / bins);
        }

        return edges;
    }

    private static bool SameUnitAndPartition(ReferenceRow<double> a, ReferenceRow<double> b) =>
        BottomKReference.Compare(a.Unit, b.Unit) == 0 && BottomKReference.Compare(a.Partition, b.Partition) == 0;

    private static double Middle(double lower, double upper) => lower + ((upper - lower) / 2);
}
