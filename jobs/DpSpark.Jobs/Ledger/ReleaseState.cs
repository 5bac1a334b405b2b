namespace DpSpark.Jobs.Ledger;

/// <summary>Where a release stands in the ledger: reserved → running → staged → committed, or freed, or expired.</summary>
public enum ReleaseState
{
    /// <summary>The budget is set aside; nothing that depends on the data has been computed.</summary>
    Reserved,

    /// <summary>Rows may have been read.</summary>
    Running,

    /// <summary>The finished output lies beside its place, not visible yet.</summary>
    Staged,

    /// <summary>Paid for; the output may be seen. The entry and its record stay for ever.</summary>
    Committed,

    /// <summary>Given back: no output that depends on the data ever existed. Costs nothing.</summary>
    Freed,

    /// <summary>Given up after rows may have been read. Stays charged; the release cannot be finished any more.</summary>
    Expired,
}
