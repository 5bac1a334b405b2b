namespace DpSpark.Core.Parameters;

/// <summary>Which data sets a guarantee compares.</summary>
public enum NeighbouringRelation
{
    /// <summary>One has all rows of one more privacy unit.</summary>
    AddOrRemoveOne,

    /// <summary>One privacy unit's rows are replaced by others.</summary>
    ReplaceOne,
}
