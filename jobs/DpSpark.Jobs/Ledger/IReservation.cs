namespace DpSpark.Jobs.Ledger;

/// <summary>Budget set aside for one release, held by this process alone until it is disposed or the process ends, however it ends.</summary>
/// <remarks>Disposing it without <see cref="Commit"/> or <see cref="Free"/> leaves the reservation charged; the next run with the same release key resumes it.</remarks>
public interface IReservation : IDisposable
{
    /// <summary><c>rel-</c>, random digits, and the run date when there is one.</summary>
    string ReleaseId { get; }

    /// <summary>Number of the release in the ledger, from 1.</summary>
    long Entry { get; }

    /// <summary>32 bytes from the operating system's generator. Cleared by <see cref="Commit"/>, <see cref="Free"/> and disposal.</summary>
    /// <exception cref="ObjectDisposedException">The secret was destroyed.</exception>
    /// <exception cref="LedgerException">The release was resumed from its stage and the secret is lost; the stage can be committed all the same.</exception>
    ReadOnlyMemory<byte> Secret { get; }

    /// <summary>SHA-256("commit" || secret) as lower-case hex: what a record may show.</summary>
    string SecretCommitment { get; }

    /// <summary>1 for the first attempt, one more with every resumption.</summary>
    int Attempts { get; }

    /// <summary>Where the release stands. <see cref="ReleaseState.Staged"/> right after a resumption means: the stage may be committed as it is.</summary>
    ReleaseState State { get; }

    /// <summary>When the reservation was first made, UTC.</summary>
    DateTimeOffset Reserved { get; }

    /// <summary>Until when it stands if nobody works on it, UTC.</summary>
    DateTimeOffset Expires { get; }

    /// <summary>Chain hash of the event that made the reservation, hex. May be published: it is salted, so that no guess of the input can be tested with it.</summary>
    string Hash { get; }

    /// <summary>Chain hash before <see cref="Hash"/>, hex.</summary>
    string PreviousHash { get; }

    /// <summary>The dataset's budget with this reservation in it.</summary>
    DatasetBudget Budget { get; }

    /// <summary>Path given to <see cref="MarkStaged"/> by this or an earlier attempt, or null.</summary>
    string? StagePath { get; }

    /// <summary>Output hash given to <see cref="MarkStaged"/>, or null.</summary>
    string? OutputHash { get; }

    /// <summary>Record given to <see cref="MarkStaged"/>, or null.</summary>
    string? Record { get; }

    /// <summary>Says that rows are about to be decoded. Also from <see cref="ReleaseState.Staged"/>, when a stage was lost and is computed again with the same noise.</summary>
    void MarkRunning();

    /// <summary>Says that the finished output lies beside its place.</summary>
    /// <param name="stagePath">Where, so that the next start finds it after a crash.</param>
    /// <param name="outputHash">Hash of the output.</param>
    /// <param name="record">The record as JSON.</param>
    void MarkStaged(string stagePath, string outputHash, string record);

    /// <summary>Pays: afterwards the output may be made visible. Destroys the secret.</summary>
    /// <param name="outputHash">As staged.</param>
    /// <param name="record">The final record as JSON; kept for ever.</param>
    /// <param name="outputCopy">The released files in one piece, to put them back later; kept up to <see cref="CommittedRelease.MaxCopyBytes"/>, otherwise left out.</param>
    /// <returns>The committed release.</returns>
    /// <exception cref="LedgerException"><see cref="LedgerFault.InDoubt"/> (exit 9): it is not known whether the commit reached the file; running again repairs it.</exception>
    CommittedRelease Commit(string outputHash, string record, byte[]? outputCopy = null);

    /// <summary>Gives the budget back and destroys the secret. Only when no output that depends on the data ever existed.</summary>
    /// <exception cref="InvalidOperationException">The release was staged.</exception>
    void Free();
}
