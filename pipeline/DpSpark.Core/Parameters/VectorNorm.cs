namespace DpSpark.Core.Parameters;

/// <summary>The norm to which a vector is clipped.</summary>
public enum VectorNorm
{
    /// <summary>Sum of absolute values.</summary>
    L1,

    /// <summary>Euclidean length.</summary>
    L2,

    /// <summary>Largest absolute value; every coordinate is clamped.</summary>
    LInf,
}
