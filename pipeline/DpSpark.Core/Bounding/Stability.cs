namespace DpSpark.Core.Bounding;

/// <summary>How far a transformation can carry a difference between two inputs, in rows of the symmetric difference.</summary>
/// <remarks>Source: McSherry, "Privacy Integrated Queries", SIGMOD 2009; dp-math 2.5. Overflow is an error, never a smaller bound.</remarks>
public static class Stability
{
    /// <summary>A row becomes at most so many rows.</summary>
    /// <param name="maxRows">Rows per row.</param>
    /// <param name="distance">Distance of the inputs.</param>
    public static long FlatMap(long maxRows, long distance) => checked(maxRows * distance);

    /// <summary>A join with public rows, at most so many per key.</summary>
    /// <param name="multiplicity">Public rows per key.</param>
    /// <param name="distance">Distance of the inputs.</param>
    public static long PublicJoin(long multiplicity, long distance) => checked(multiplicity * distance);

    /// <summary>Two tables appended.</summary>
    /// <param name="left">Distance of the left inputs.</param>
    /// <param name="right">Distance of the right inputs.</param>
    public static long Union(long left, long right) => checked(left + right);

    /// <summary>At most tau rows kept per unit.</summary>
    /// <param name="tau">Rows per unit.</param>
    /// <param name="units">Units that differ.</param>
    public static long TruncatePerUnit(long tau, long units) => checked(tau * units);

    /// <summary>An inner join of two private tables, each side limited to tau rows per key.</summary>
    /// <param name="left">The left side.</param>
    /// <param name="right">The right side.</param>
    /// <remarks>tau_R s_L d_L + tau_L s_R d_R.</remarks>
    public static long PrivateJoin(JoinSide left, JoinSide right) =>
        checked((right.Tau * left.Factor * left.Distance) + (left.Tau * right.Factor * right.Distance));
}

/// <summary>One side of a private join.</summary>
/// <param name="Tau">Rows per key that are kept.</param>
/// <param name="DropsKey">Whether a key with more rows is dropped; otherwise tau of its rows are kept.</param>
/// <param name="Distance">Distance of the inputs.</param>
public readonly record struct JoinSide(long Tau, bool DropsKey, long Distance)
{
    /// <summary>Rows that one more input row can change: one in and one out where rows are kept, all tau where the key is dropped.</summary>
    public long Factor => DropsKey ? Math.Max(1, Tau) : 2;
}
