using System.Numerics;

namespace DpSpark.Engine.Planning;

/// <summary>
/// What one privacy unit may change after bounding, for add/remove neighbours: how many partitions, how many rows in one, and the norms of the vector of row counts.
/// </summary>
/// <remarks>
/// A unit's rows per partition are integers x_p in [0, m] with at most K of them non-zero and a sum of at most c. The l1 norm is at most t = min(c, K m). The l2 norm is a convex
/// function, so its maximum is at a vertex: floor(t/m) partitions with m rows and one with the rest. Source: dp-math.md 2.2.
/// </remarks>
internal sealed record ContributionNorms
{
    private readonly BigInteger? _perPartition;
    private readonly BigInteger? _rows;

    private ContributionNorms(BigInteger partitions, BigInteger? rowsPerPartition, BigInteger? rows)
    {
        Partitions = partitions;
        _perPartition = rowsPerPartition;
        _rows = rows;
        if (rowsPerPartition is null && rows is null)
        {
            return;
        }

        var m = BigInteger.Min(rowsPerPartition ?? rows!.Value, rows ?? rowsPerPartition!.Value);
        var t = BigInteger.Min(rows ?? (partitions * m), partitions * m);
        RowsPerPartition = m;
        RowsL1 = t;
        var full = BigInteger.DivRem(t, m, out var rest);
        RowsL2Squared = (full * m * m) + (rest * rest);
        IsProduct = t == partitions * m;
    }

    /// <summary>Partitions that one unit may touch; also the l1 norm and the squared l2 norm of a count of units.</summary>
    internal BigInteger Partitions { get; }

    /// <summary>Rows of one unit in one partition; null when rows are not bounded.</summary>
    internal BigInteger? RowsPerPartition { get; }

    /// <summary>l1 norm of the row counts.</summary>
    internal BigInteger RowsL1 { get; }

    /// <summary>Squared l2 norm of the row counts.</summary>
    internal BigInteger RowsL2Squared { get; }

    /// <summary>Whether the bounds are a number of partitions and a bound for each, not a joint norm: only then may a sum be coarsened after summation (dp-math.md 1.6).</summary>
    internal bool IsProduct { get; }

    /// <summary>The norms of what falls into <paramref name="partitions"/> of the unit's partitions.</summary>
    internal ContributionNorms Restricted(BigInteger partitions) => partitions >= Partitions ? this : new(partitions, _perPartition, _rows);

    /// <summary>The norms of a set of bounds, or null when the bounds leave the number of partitions open.</summary>
    /// <param name="maxPartitions">L0, or null.</param>
    /// <param name="maxPerPartition">L-infinity, or null.</param>
    /// <param name="maxRows">L1, or null.</param>
    /// <param name="publicKeys">Number of public keys: no unit touches more; null when partitions are private.</param>
    internal static ContributionNorms? Of(int? maxPartitions, int? maxPerPartition, int? maxRows, int? publicKeys)
    {
        if (maxPartitions is null && maxRows is null)
        {
            return null;
        }

        BigInteger partitions = Math.Min(maxPartitions ?? int.MaxValue, maxRows ?? int.MaxValue);
        if (publicKeys is { } keys)
        {
            // Without a single public key nothing is released; one keeps the norms positive.
            partitions = BigInteger.Min(partitions, Math.Max(1, keys));
        }

        return new(partitions, maxPerPartition, maxRows);
    }
}
