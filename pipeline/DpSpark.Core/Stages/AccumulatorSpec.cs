using DpSpark.Core.Parameters;

namespace DpSpark.Core.Stages;

/// <summary>What an accumulator adds up.</summary>
public enum AccumulatorKind
{
    /// <summary>Rows kept after bounding.</summary>
    Count,

    /// <summary>Per-row values, clamped to [<see cref="AccumulatorSpec.Lower"/>, <see cref="AccumulatorSpec.Upper"/>] grid units each.</summary>
    Sum,

    /// <summary>Each unit's sum within the partition, clamped to [<see cref="AccumulatorSpec.Lower"/>, <see cref="AccumulatorSpec.Upper"/>] grid units.</summary>
    PartitionSum,

    /// <summary>Squares of the clamped values less <see cref="AccumulatorSpec.Lower"/>: w², w in [0, Upper - Lower], in squared grid units. Upper - Lower is at most 2^31.</summary>
    Square,

    /// <summary>
    /// Products of two columns' clamped values, each less its lower bound, in units of <see cref="AccumulatorSpec.Grid"/> times <see cref="AccumulatorSpec.SecondGrid"/>. Both widths are at
    /// most 2^31.
    /// </summary>
    Product,

    /// <summary>
    /// Rows whose value lies in one bin of a histogram: [<see cref="AccumulatorSpec.Lower"/>, <see cref="AccumulatorSpec.Upper"/>) as ordered words (<see cref="OrderedWord"/>). The bins of a
    /// histogram follow each other, numbered by <see cref="AccumulatorSpec.Index"/>; the first one takes the values below, the last one is closed and takes those above.
    /// </summary>
    Bin,

    /// <summary>
    /// One coordinate of the rows' vectors, clipped to a norm of <see cref="AccumulatorSpec.Upper"/> grid units and rounded toward zero. The coordinates of a vector follow each other, numbered
    /// by <see cref="AccumulatorSpec.Index"/>.
    /// </summary>
    Coordinate,

    /// <summary>The weights of the partition's units: <see cref="Selection.UnitWeight"/> of the number of partitions that each is kept in. Has no column; at most one per release.</summary>
    Weight,
}

/// <summary>One mergeable integer sum per partition, in units of <see cref="Grid"/>.</summary>
public sealed record AccumulatorSpec
{
    /// <summary>What is added up.</summary>
    public required AccumulatorKind Kind { get; init; }

    /// <summary>The value column; null for <see cref="AccumulatorKind.Count"/> and <see cref="AccumulatorKind.Weight"/>.</summary>
    public string? Column { get; init; }

    /// <summary>Real value of one unit of the values. Counts and bins have unit 1; the sum of squares is in squared units.</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>Lower clamping bound in grid units; at least -2^62. For a bin an ordered word.</summary>
    public long Lower { get; init; }

    /// <summary>Upper clamping bound in grid units; at most 2^62. For a bin an ordered word.</summary>
    public long Upper { get; init; }

    /// <summary>The other column of a product.</summary>
    public string? SecondColumn { get; init; }

    /// <summary>Grid of <see cref="SecondColumn"/>.</summary>
    public GridUnit SecondGrid { get; init; } = GridUnit.One;

    /// <summary>Lower clamping bound of <see cref="SecondColumn"/>.</summary>
    public long SecondLower { get; init; }

    /// <summary>Upper clamping bound of <see cref="SecondColumn"/>.</summary>
    public long SecondUpper { get; init; }

    /// <summary>Number of the bin or coordinate within its histogram or vector; 0 begins one.</summary>
    public int Index { get; init; }

    /// <summary>The norm that the vectors of a coordinate are clipped to.</summary>
    public VectorNorm? Norm { get; init; }
}
