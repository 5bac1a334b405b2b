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
}
