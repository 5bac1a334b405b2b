namespace DpSpark.Core.Parameters;

/// <summary>How much one privacy unit may contribute: whole numbers of at least 1, or no bound of that kind.</summary>
public sealed record ContributionBounds
{
    /// <summary>Checks bounds.</summary>
    /// <param name="maxPartitions">L0: partitions per unit, or null.</param>
    /// <param name="maxPerPartition">L-infinity: rows per unit and partition, or null.</param>
    /// <param name="maxContributions">L1: rows per unit in all, or null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is below 1, or there is neither L0 nor L1, so that a unit could touch every partition.</exception>
    public ContributionBounds(int? maxPartitions, int? maxPerPartition, int? maxContributions)
    {
        Check(maxPartitions, nameof(maxPartitions));
        Check(maxPerPartition, nameof(maxPerPartition));
        Check(maxContributions, nameof(maxContributions));
        if (maxPartitions is null && maxContributions is null)
        {
            throw new ArgumentOutOfRangeException(nameof(maxPartitions), "Neither the partitions nor the rows of a unit are bounded: set one of them.");
        }

        MaxPartitions = maxPartitions;
        MaxPerPartition = maxPerPartition;
        MaxContributions = maxContributions;
    }

    /// <summary>L0: partitions per unit.</summary>
    public int? MaxPartitions { get; }

    /// <summary>L-infinity: rows per unit and partition.</summary>
    public int? MaxPerPartition { get; }

    /// <summary>L1: rows per unit in all.</summary>
    public int? MaxContributions { get; }

    /// <summary>With so many public partitions L0 above their number is the number: the same guarantee with less noise.</summary>
    /// <param name="publicPartitions">Number of public partitions, at least 1.</param>
    public ContributionBounds WithPublicPartitions(int publicPartitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(publicPartitions, 1);
        return MaxPartitions <= publicPartitions ? this : new(Math.Min(MaxPartitions ?? publicPartitions, publicPartitions), MaxPerPartition, MaxContributions);
    }

    private static void Check(int? bound, string name)
    {
        if (bound < 1)
        {
            throw new ArgumentOutOfRangeException(name, "A contribution bound is a whole number of at least 1.");
        }
    }
}
