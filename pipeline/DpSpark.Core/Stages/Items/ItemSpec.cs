namespace DpSpark.Core.Stages.Items;

/// <summary>What the items of a partition are.</summary>
public enum ItemKind
{
    /// <summary>The leaf of each kept row's value in a tree of counts (dp-math.md 3.8); leaves are counted.</summary>
    Leaf,

    /// <summary>A keyed hash of each distinct value, at most <see cref="ItemSpec.MaxValues"/> of one unit in one partition (dp-math.md 3.6); values are told apart, not counted.</summary>
    Distinct,
}

/// <summary>A mergeable multiset per partition: too many possible items for a sum each, few of them with data.</summary>
public sealed record ItemSpec
{
    /// <summary>Most leaves of a tree.</summary>
    public const long MaxLeaves = 1L << 22;

    /// <summary>What the items are.</summary>
    public required ItemKind Kind { get; init; }

    /// <summary>The value column.</summary>
    public required string Column { get; init; }

    /// <summary>Leaf: real value of one unit of the bounds.</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>Leaf: lower clamping bound in grid units.</summary>
    public long Lower { get; init; }

    /// <summary>Leaf: upper clamping bound in grid units, above the lower one.</summary>
    public long Upper { get; init; }

    /// <summary>Leaf: number of leaves; value k belongs to min(Leaves - 1, floor((k - Lower) · Leaves / (Upper - Lower))).</summary>
    public long Leaves { get; init; }

    /// <summary>Distinct: most values of one unit in one partition that count.</summary>
    public int MaxValues { get; init; }
}
