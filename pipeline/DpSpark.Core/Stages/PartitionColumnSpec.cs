namespace DpSpark.Core.Stages;

/// <summary>How a partition column is made from a column of the contract.</summary>
public enum PartitionTransform
{
    /// <summary>The column as it is.</summary>
    Identity,

    /// <summary>Timestamp to the start of its hour (UTC); a timestamp.</summary>
    TruncateToHour,

    /// <summary>Timestamp or date to its day (UTC); a date.</summary>
    TruncateToDay,

    /// <summary>Timestamp or date to the first day of its month (UTC); a date.</summary>
    TruncateToMonth,

    /// <summary>Number to the lower edge of its bin.</summary>
    Bin,
}

/// <summary>One column of the partition key.</summary>
public sealed record PartitionColumnSpec
{
    /// <summary>Name in the output.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the column of the contract it is made from.</summary>
    public required string Column { get; init; }

    /// <summary>How it is made.</summary>
    public PartitionTransform Transform { get; init; }

    /// <summary>
    /// Edges of the bins for <see cref="PartitionTransform.Bin"/>, strictly rising, at least two, as the shortest decimal texts: bin i is [edge i, edge i+1), the last one closed;
    /// values outside go to the outer bins. The key is the lower edge: a long where the column is an integer and every edge is whole, else a double.
    /// </summary>
    public IReadOnlyList<string> Edges { get; init; } = [];

    /// <summary>Type of the key in the output: string, bool, long (int and long columns and whole bins), double (bins), date or timestamp.</summary>
    public required ColumnType KeyType { get; init; }

    /// <summary>Whether null is a key (the column's <c>nulls: keep</c>).</summary>
    public bool NullIsKey { get; init; }
}
