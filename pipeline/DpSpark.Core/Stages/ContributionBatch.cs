using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>How units or partitions of a release are carried.</summary>
public enum KeyShape
{
    /// <summary>No key: every row is its own unit.</summary>
    None,

    /// <summary>One 64-bit word, exact: see <see cref="FixedKey"/> and <see cref="KeysetKey"/>.</summary>
    Word,

    /// <summary>Canonical bytes of varying length, with a hash.</summary>
    Bytes,
}

/// <summary>Contributions of one batch: rows that the contract's policies left, each with its unit, its partition and its values. Reused from batch to batch.</summary>
public sealed class ContributionBatch
{
    /// <summary>Number of contributions.</summary>
    public int Length { get; internal set; }

    /// <summary>Rows read, before policies.</summary>
    public int RowsRead { get; internal set; }

    /// <summary>Rows left out because their key is not in the keyset.</summary>
    public int RowsOutsideKeyset { get; internal set; }

    /// <summary>Unit words (<see cref="KeyShape.Word"/>) or hashes of unit bytes (<see cref="KeyShape.Bytes"/>).</summary>
    public ulong[] Units { get; internal set; } = [];

    /// <summary>Partition words or hashes of partition bytes.</summary>
    public ulong[] Partitions { get; internal set; } = [];

    /// <summary>Words of the record columns, one array a column.</summary>
    public long[][] Values { get; internal set; } = [];

    /// <summary>Canonical bytes of the units (<see cref="KeyShape.Bytes"/>); row i is [UnitEnds[i-1], UnitEnds[i]).</summary>
    public KeyWriter UnitBytes { get; } = new(1024);

    /// <summary>Where each unit's bytes end.</summary>
    public int[] UnitEnds { get; internal set; } = [];

    /// <summary>Canonical bytes of the partitions (<see cref="KeyShape.Bytes"/>).</summary>
    public KeyWriter PartitionBytes { get; } = new(1024);

    /// <summary>Where each partition's bytes end.</summary>
    public int[] PartitionEnds { get; internal set; } = [];

    internal void EnsureCapacity(int rows, int values, KeyShape unitShape, KeyShape partitionShape)
    {
        if (Partitions.Length < rows || Values.Length < values)
        {
            Units = new ulong[rows];
            Partitions = new ulong[rows];
            UnitEnds = new int[unitShape == KeyShape.Bytes ? rows : 0];
            PartitionEnds = new int[partitionShape == KeyShape.Bytes ? rows : 0];
            Values = new long[values][];
            for (var i = 0; i < values; i++)
            {
                Values[i] = new long[rows];
            }
        }
    }
}
