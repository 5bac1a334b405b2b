namespace DpSpark.Core.Selection;

/// <summary>What a unit adds to each of its partitions where weights are compared with a threshold: floor(2^20 / sqrt(k)) when it is kept in k partitions.</summary>
/// <remarks>Guarantee: k partitions of weight w have k w² at most 2^40, so the l2 norm of a unit's weights is at most <see cref="One"/> for every k; exact integers. Source: dp-math 4.6.</remarks>
public static class UnitWeight
{
    /// <summary>Bits of <see cref="One"/>.</summary>
    public const int Bits = 20;

    /// <summary>Weight of a unit that is kept in one partition; bound of the l2 norm of every unit's weights.</summary>
    public const long One = 1L << Bits;

    /// <summary>The weight of a unit in each of its partitions.</summary>
    /// <param name="partitions">k, at least 1: partitions that the unit is kept in after bounding.</param>
    public static long Of(long partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        var square = (One * One) / partitions;

        // The root of a whole number below 2^53 is off by less than one unit; integers decide.
        var weight = (long)Math.Sqrt(square);
        while (weight * weight > square)
        {
            weight--;
        }

        while ((weight + 1) * (weight + 1) <= square)
        {
            weight++;
        }

        return weight;
    }
}
