namespace DpSpark.Jobs.Ledger;

/// <summary>Names and rules of <see cref="ReleaseState"/>.</summary>
public static class ReleaseStates
{
    /// <summary>The word for it in the ledger, in JSON and on the terminal.</summary>
    /// <param name="state">The state.</param>
    public static string Name(this ReleaseState state) => state switch
    {
        ReleaseState.Reserved => "reserved",
        ReleaseState.Running => "running",
        ReleaseState.Staged => "staged",
        ReleaseState.Committed => "committed",
        ReleaseState.Freed => "freed",
        _ => "expired",
    };

    /// <summary>Whether the release may still be worked on.</summary>
    /// <param name="state">The state.</param>
    public static bool IsOpen(this ReleaseState state) => state is ReleaseState.Reserved or ReleaseState.Running or ReleaseState.Staged;
}
