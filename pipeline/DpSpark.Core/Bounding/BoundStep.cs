namespace DpSpark.Core.Bounding;

/// <summary>The steps of contribution bounding, in the order in which they run; the order is part of the definition.</summary>
public enum BoundStep
{
    /// <summary>At most so many records per unit in all.</summary>
    L1,

    /// <summary>At most so many records per unit and partition.</summary>
    LInf,

    /// <summary>At most so many partitions per unit.</summary>
    L0,

    /// <summary>At most so many distinct values per unit and partition.</summary>
    Distinct,

    /// <summary>No bound: the keyed hash that stands for a value where distinct values are counted.</summary>
    Value,
}
