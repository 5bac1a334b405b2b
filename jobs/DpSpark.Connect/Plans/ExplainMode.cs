namespace DpSpark.Connect.Plans;

/// <summary>How much of a plan Spark describes.</summary>
public enum ExplainMode
{
    /// <summary>The physical plan.</summary>
    Simple = 1,

    /// <summary>Logical and physical plans.</summary>
    Extended = 2,

    /// <summary>With generated code.</summary>
    Codegen = 3,

    /// <summary>With statistics.</summary>
    Cost = 4,

    /// <summary>An outline and details of each node.</summary>
    Formatted = 5,
}
