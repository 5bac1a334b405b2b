using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>
/// Keeps what releases have cost. A release reserves its budget before the first row is decoded and commits it, with the hash of its output, before the output can be seen; every
/// change is appended to a hash chain. Whatever happens in between, the ledger never shows less than was spent.
/// </summary>
/// <remarks>Thread-safe. All members throw <see cref="LedgerException"/> when the ledger is damaged, locked or out of reach.</remarks>
public interface ILedger : IDisposable
{
    /// <summary>
    /// Reserves the budget of a release, or finds that it exists. In one transaction: a committed release of the same key is replayed; an open one whose holder is gone is resumed
    /// with the same secret and id; otherwise the caps are checked and a new reservation with a fresh secret is made.
    /// </summary>
    /// <param name="request">The release.</param>
    /// <param name="cancellationToken">Ends the wait for another holder.</param>
    /// <returns>A reservation to work on, which the caller disposes, or the committed release.</returns>
    /// <exception cref="BudgetExceededException">A cap would be exceeded (exit 3). Nothing was charged.</exception>
    /// <exception cref="MixedAdjacencyException">The dataset was charged under another neighbouring relation (exit 3). Nothing was charged.</exception>
    /// <exception cref="LateDataException">The same job was released from other input (exit 3), unless the request allows it. Nothing was charged.</exception>
    /// <exception cref="LedgerException">The same release is running elsewhere, and still after the wait (<see cref="LedgerFault.Busy"/>, exit 8); its secret is lost
    /// (<see cref="LedgerFault.SecretLost"/>, exit 6); or the ledger cannot be used.</exception>
    ReserveOutcome Reserve(ReservationRequest request, CancellationToken cancellationToken = default);

    /// <summary>The committed release of a key, or null.</summary>
    /// <param name="releaseKey">See <see cref="ReservationRequest.ReleaseKey"/>.</param>
    CommittedRelease? Find(string releaseKey);

    /// <summary>Sets the total that a dataset may spend; the last one set holds. It may lie below what is spent already.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">At least 0.</param>
    /// <param name="principal">Who sets it.</param>
    void SetCap(string dataset, ExactDecimal epsilon, ExactDecimal delta, string principal);

    /// <summary>Cap, spent budget and open reservations of a dataset; nothing spent when the ledger does not know it.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    DatasetBudget Show(string dataset);

    /// <summary>Releases of a dataset, newest first.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="last">Entries, at most; null for all.</param>
    IReadOnlyList<HistoryEntry> History(string dataset, int? last = null);

    /// <summary>Recomputes the hash chain and the stored copies. Damage is reported, not thrown, as long as the file is a ledger.</summary>
    ChainReport Verify();
}
