namespace DpSpark.Core.Parameters;

/// <summary>How much one privacy unit can change a vector of released numbers, one per partition, in output units.</summary>
/// <param name="L0">How many numbers change.</param>
/// <param name="LInf">How much one of them changes.</param>
/// <param name="L1">The sum of the changes: what Laplace noise is scaled to.</param>
/// <param name="L2">The root of the sum of squares: what Gaussian noise is scaled to.</param>
public readonly record struct Sensitivity(long L0, double LInf, double L1, double L2)
{
    /// <summary>From the change within one partition.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="change">Most that the presence of a unit changes one number.</param>
    /// <param name="replacement">Most that one number changes when both versions of a replaced unit contribute to it.</param>
    /// <remarks>
    /// Add or remove: l1 = L0 D, l2 = sqrt(L0) D. Replace one, with o shared partitions: l1 = max over o of o D_rep + 2 (L0-o) D and l2^2 = max over o of o D_rep^2 + 2 (L0-o) D^2;
    /// both are linear in o, so the maximum is at o = 0 or o = L0.
    /// </remarks>
    public static Sensitivity PerPartition(NeighbouringRelation relation, int maxPartitions, double change, double replacement)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPartitions, 1);
        if (relation == NeighbouringRelation.AddOrRemoveOne)
        {
            return new(maxPartitions, change, maxPartitions * change, Math.Sqrt(maxPartitions) * change);
        }

        double l1 = Math.Max(maxPartitions * replacement, 2.0 * maxPartitions * change);
        double l2 = Math.Max(Math.Sqrt(maxPartitions) * replacement, Math.Sqrt(2.0 * maxPartitions) * change);
        return new(2L * maxPartitions, Math.Max(change, replacement), l1, l2);
    }

    /// <summary>Number of units per partition.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    public static Sensitivity PrivacyIdCount(NeighbouringRelation relation, int maxPartitions) => PerPartition(relation, maxPartitions, 1, 0);

    /// <summary>Number of rows per partition.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="maxContributions">L-infinity bound.</param>
    public static Sensitivity Count(NeighbouringRelation relation, int maxPartitions, int maxContributions) =>
        PerPartition(relation, maxPartitions, maxContributions, maxContributions - 1);

    /// <summary>Sum of values clamped one by one.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="maxContributions">L-infinity bound.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    /// <remarks>Absence is 0, not the lower bound. Replaced: from the smallest to the largest sum of 1 to L-infinity values.</remarks>
    public static Sensitivity Sum(NeighbouringRelation relation, int maxPartitions, int maxContributions, double lower, double upper)
    {
        double largest = upper >= 0 ? maxContributions * upper : upper;
        double smallest = lower <= 0 ? maxContributions * lower : lower;
        return PerPartition(relation, maxPartitions, maxContributions * Math.Max(Math.Abs(lower), Math.Abs(upper)), largest - smallest);
    }

    /// <summary>Sum of values less the midpoint of their bounds.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="maxContributions">L-infinity bound.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    public static Sensitivity NormalizedSum(NeighbouringRelation relation, int maxPartitions, int maxContributions, double lower, double upper)
    {
        double half = (upper - lower) / 2;
        return PerPartition(relation, maxPartitions, maxContributions * half, maxContributions * 2 * half);
    }

    /// <summary>Sum of squares of values less the midpoint, less half of the largest square: within plus or minus ((upper - lower)/2)^2 / 2 each.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="maxContributions">L-infinity bound.</param>
    /// <param name="lower">Lower clamping bound.</param>
    /// <param name="upper">Upper clamping bound.</param>
    public static Sensitivity NormalizedSquares(NeighbouringRelation relation, int maxPartitions, int maxContributions, double lower, double upper)
    {
        double half = (upper - lower) / 2;
        return PerPartition(relation, maxPartitions, maxContributions * half * half / 2, maxContributions * half * half);
    }

    /// <summary>Sum of each unit's sum within the partition, clamped.</summary>
    /// <param name="relation">Which data sets are neighbours.</param>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="lower">Lower bound of a unit's sum.</param>
    /// <param name="upper">Upper bound of a unit's sum.</param>
    public static Sensitivity PartitionSum(NeighbouringRelation relation, int maxPartitions, double lower, double upper) =>
        PerPartition(relation, maxPartitions, Math.Max(Math.Abs(lower), Math.Abs(upper)), upper - lower);

    /// <summary>Number of rows when only a unit's rows in all are bounded: they may all be in one partition.</summary>
    /// <param name="maxContributions">L1 bound.</param>
    public static Sensitivity CountWithTotalBound(long maxContributions) => new(maxContributions, maxContributions, maxContributions, maxContributions);

    /// <summary>Number of rows when a unit's rows are bounded in all and per partition: l2^2 = floor(c/m) m^2 + (c mod m)^2.</summary>
    /// <param name="maxContributions">L1 bound c.</param>
    /// <param name="maxPerPartition">L-infinity bound; m is the smaller of both.</param>
    /// <remarks>The largest square norm of non-negative counts of at most m each and c in all is at a vertex: as many full partitions as fit.</remarks>
    public static Sensitivity CountWithTotalBound(long maxContributions, long maxPerPartition)
    {
        double m = Math.Min(maxContributions, maxPerPartition);
        double full = Math.Floor(maxContributions / m);
        double rest = maxContributions - (full * m);
        return new(maxContributions, m, maxContributions, Math.Sqrt((full * m * m) + (rest * rest)));
    }

    /// <summary>Number of units when only a unit's rows in all are bounded: each row may be in another partition.</summary>
    /// <param name="maxContributions">L1 bound.</param>
    public static Sensitivity PrivacyIdCountWithTotalBound(long maxContributions) =>
        new(maxContributions, 1, maxContributions, Math.Sqrt(maxContributions));

    /// <summary>Sum of vectors, each clipped to a norm.</summary>
    /// <param name="maxPartitions">L0 bound.</param>
    /// <param name="maxContributions">L-infinity bound.</param>
    /// <param name="norm">The norm that is clipped.</param>
    /// <param name="maxNorm">The clipping bound.</param>
    /// <param name="dimension">Coordinates per vector.</param>
    public static Sensitivity VectorSum(int maxPartitions, int maxContributions, VectorNorm norm, double maxNorm, int dimension)
    {
        double each = maxContributions * maxNorm;
        double l1 = norm switch { VectorNorm.L1 => each, VectorNorm.L2 => each * Math.Sqrt(dimension), _ => each * dimension };
        double l2 = norm == VectorNorm.LInf ? each * Math.Sqrt(dimension) : each;
        return new((long)maxPartitions * dimension, each, maxPartitions * l1, Math.Sqrt(maxPartitions) * l2);
    }
}
