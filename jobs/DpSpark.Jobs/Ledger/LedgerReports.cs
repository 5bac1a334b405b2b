using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>What <see cref="ILedger.Reserve"/> found: exactly one of the two is set.</summary>
/// <param name="Reservation">Budget to work with; the caller disposes it.</param>
/// <param name="Replay">The same release, committed before. Nothing is charged.</param>
public sealed record ReserveOutcome(IReservation? Reservation, CommittedRelease? Replay);

/// <summary>A release that is paid for.</summary>
/// <param name="Entry">Number of the release in the ledger.</param>
/// <param name="ReleaseId">Its id.</param>
/// <param name="RunId">The run that committed it.</param>
/// <param name="Dataset">Whose cap paid.</param>
/// <param name="Epsilon">What it cost.</param>
/// <param name="Delta">What it cost.</param>
/// <param name="Committed">When, UTC.</param>
/// <param name="Attempts">Attempts it took.</param>
/// <param name="OutputHash">Hash of the output.</param>
/// <param name="Record">The record as JSON.</param>
/// <param name="StagePath">Where the output was staged: after a crash between commit and publishing it still lies there.</param>
/// <param name="OutputCopy">The released files as given to <see cref="IReservation.Commit"/>, or null where none was kept.</param>
/// <param name="Hash">Chain hash of the commit, hex.</param>
public sealed record CommittedRelease(long Entry, string ReleaseId, string RunId, string Dataset, ExactDecimal Epsilon, ExactDecimal Delta, DateTimeOffset Committed,
    int Attempts, string OutputHash, string Record, string StagePath, byte[]? OutputCopy, string Hash)
{
    /// <summary>Largest copy of a release's files that the ledger keeps.</summary>
    public const int MaxCopyBytes = 16 << 20;
}

/// <summary>What a dataset may spend and has spent.</summary>
/// <param name="Dataset">Name of the dataset.</param>
/// <param name="Cap">The total it may spend, or null where none is set.</param>
/// <param name="SpentEpsilon">Sum over committed, open and expired releases.</param>
/// <param name="SpentDelta">Sum over committed, open and expired releases.</param>
/// <param name="Releases">Number of those releases.</param>
/// <param name="Open">Reservations that are neither committed, freed nor expired, oldest first.</param>
/// <param name="Chain">State of the hash chain of the whole ledger.</param>
public sealed record DatasetBudget(string Dataset, BudgetCap? Cap, ExactDecimal SpentEpsilon, ExactDecimal SpentDelta, int Releases, IReadOnlyList<HistoryEntry> Open, ChainReport Chain)
{
    /// <summary>What is left of the cap, at least 0; null without a cap.</summary>
    public ExactDecimal? RemainingEpsilon => Cap is null ? null : Left(Cap.Epsilon, SpentEpsilon);

    /// <summary>What is left of the cap, at least 0; null without a cap.</summary>
    public ExactDecimal? RemainingDelta => Cap is null ? null : Left(Cap.Delta, SpentDelta);

    private static ExactDecimal Left(ExactDecimal cap, ExactDecimal spent) => cap > spent ? cap - spent : ExactDecimal.Zero;
}

/// <summary>The total that a dataset may spend.</summary>
/// <param name="Epsilon">At most this epsilon in all.</param>
/// <param name="Delta">At most this delta in all.</param>
/// <param name="Principal">Who set it.</param>
/// <param name="When">When, UTC.</param>
public sealed record BudgetCap(ExactDecimal Epsilon, ExactDecimal Delta, string Principal, DateTimeOffset When);

/// <summary>One release in the history of a dataset.</summary>
/// <param name="Number">Number of the release in the ledger.</param>
/// <param name="When">When it was reserved, UTC.</param>
/// <param name="ReleaseId">Its id.</param>
/// <param name="JobName">Name of the job.</param>
/// <param name="RunId">The run that made the reservation or resumed it last.</param>
/// <param name="Epsilon">What it costs.</param>
/// <param name="Delta">What it costs.</param>
/// <param name="Principal">Who ran it.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Attempts">Attempts so far.</param>
/// <param name="Expires">Until when an open reservation stands if nobody works on it, UTC.</param>
/// <param name="Hash">Chain hash of its last event, hex.</param>
public sealed record HistoryEntry(long Number, DateTimeOffset When, string ReleaseId, string JobName, string RunId, ExactDecimal Epsilon, ExactDecimal Delta, string Principal,
    ReleaseState State, int Attempts, DateTimeOffset Expires, string Hash)
{
    /// <summary>Whether it counts as spent.</summary>
    public bool IsCharged => State != ReleaseState.Freed;
}

/// <summary>State of the hash chain.</summary>
/// <param name="IsOk">Whether every event has the hash it should have and follows from the one before.</param>
/// <param name="Entries">Releases in the ledger.</param>
/// <param name="Events">Events in the chain: every change of a release's state, every cap.</param>
/// <param name="FirstBadEvent">Number of the first event that is wrong, from 1, or null.</param>
/// <param name="FirstBadEntry">Release that event belongs to, or null for none.</param>
public sealed record ChainReport(bool IsOk, long Entries, long Events, long? FirstBadEvent = null, long? FirstBadEntry = null);
