using System.Security.Cryptography;

namespace DpSpark.Jobs.Ledger;

/// <summary>A reservation in a <see cref="BudgetLedger"/>. The open lock file is what makes it this process's own.</summary>
internal sealed class Reservation : IReservation
{
    private readonly BudgetLedger _ledger;
    private readonly string _dataset;
    private readonly byte[]? _secret;
    private readonly FileStream _holder;
    private bool _wasStaged;
    private bool _disposed;

    public Reservation(BudgetLedger ledger, ReleaseEntry release, byte[]? secret, FileStream holder, string previousHash, DatasetBudget budget, LedgerEvent? output)
    {
        _ledger = ledger;
        _dataset = release.Reserved.Dataset;
        _secret = secret;
        _holder = holder;
        _wasStaged = release.WasStaged;
        ReleaseId = release.ReleaseId;
        Entry = release.Number;
        SecretCommitment = release.Reserved.Commitment!;
        Attempts = release.Attempts;
        State = release.State;
        Reserved = release.When;
        Expires = release.Expires;
        Hash = Convert.ToHexStringLower(release.Reserved.Hash);
        PreviousHash = previousHash;
        Budget = budget;
        StagePath = output?.StagePath;
        OutputHash = output?.OutputHash;
        Record = output?.Record;
    }

    public string ReleaseId { get; }

    public long Entry { get; }

    public ReadOnlyMemory<byte> Secret => _disposed ? throw new ObjectDisposedException(nameof(Reservation)) : _secret ?? throw BudgetLedger.SecretLost(ReleaseId);

    public string SecretCommitment { get; }

    public int Attempts { get; }

    public ReleaseState State { get; private set; }

    public DateTimeOffset Reserved { get; }

    public DateTimeOffset Expires { get; }

    public string Hash { get; }

    public string PreviousHash { get; }

    public DatasetBudget Budget { get; }

    public string? StagePath { get; private set; }

    public string? OutputHash { get; private set; }

    public string? Record { get; private set; }

    public void MarkRunning()
    {
        EnsureOpen();
        if (State == ReleaseState.Running)
        {
            return;
        }

        _ = Secret; // computing anything without it is refused here
        _ledger.Advance(ReleaseState.Running, _dataset, Entry, e => e);
        State = ReleaseState.Running;
        _ledger.Pass("running: done");
    }

    public void MarkStaged(string stagePath, string outputHash, string record)
    {
        EnsureOpen();
        if (State == ReleaseState.Reserved)
        {
            throw new InvalidOperationException("A release runs before it is staged.");
        }

        _ledger.Advance(ReleaseState.Staged, _dataset, Entry, e => e with { StagePath = stagePath, OutputHash = outputHash, Record = record });
        State = ReleaseState.Staged;
        _wasStaged = true;
        StagePath = stagePath;
        OutputHash = outputHash;
        Record = record;
        _ledger.Pass("staged: done");
    }

    public CommittedRelease Commit(string outputHash, string record, byte[]? outputCopy = null)
    {
        EnsureOpen();
        if (State != ReleaseState.Staged || outputHash != OutputHash)
        {
            throw new InvalidOperationException("Only the output that was staged can be committed.");
        }

        var copy = outputCopy is { Length: <= CommittedRelease.MaxCopyBytes } ? outputCopy : null;
        try
        {
            _ledger.Advance(ReleaseState.Committed, _dataset, Entry,
                e => e with { StagePath = StagePath, OutputHash = outputHash, Record = record, CopyHash = BudgetLedger.CopyHash(copy) }, copy);
        }
        catch (LedgerException e) when (e.Fault == LedgerFault.Unreachable)
        {
            EnsureCommitted(e);
        }

        State = ReleaseState.Committed;
        _ledger.Pass("committed: done");
        Close();
        return _ledger.FindEntry(Entry)!;
    }

    public void Free()
    {
        EnsureOpen();
        if (_wasStaged)
        {
            throw new InvalidOperationException("An output existed; the release stays charged.");
        }

        _ledger.Advance(ReleaseState.Freed, _dataset, Entry, e => e);
        State = ReleaseState.Freed;
        _ledger.Pass("freed: done");
        Close();
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_secret);
            _holder.Dispose();
        }
    }

    /// <summary>Destroys the secret. The release is closed for good, so nobody can be about to take its lock.</summary>
    private void Close()
    {
        Dispose();
        _ledger.Files.Remove(ReleaseId);
        _ledger.Pass("secret destroyed");
    }

    /// <summary>After a commit that failed half-way, looks which side it fell on.</summary>
    private void EnsureCommitted(LedgerException fault)
    {
        CommittedRelease? committed;
        try
        {
            committed = _ledger.FindEntry(Entry);
        }
        catch (LedgerException)
        {
            throw new LedgerException(LedgerFault.InDoubt, $"it is not known whether release {ReleaseId} was committed: the ledger failed while it was written, and cannot be read.", fault.Why,
                ["Make the ledger reachable and run again: the release is repaired at no further cost."], fault);
        }

        if (committed is null)
        {
            throw fault;
        }
    }

    private void EnsureOpen()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!State.IsOpen())
        {
            throw new InvalidOperationException("The release is closed.");
        }
    }
}
