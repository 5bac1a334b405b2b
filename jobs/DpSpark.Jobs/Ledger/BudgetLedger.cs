using System.Security.Cryptography;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>A ledger in one SQLite file. Several processes may use it at once.</summary>
/// <remarks>While releases are open, a secret and a lock file per release lie beside the ledger; see <c>docs/adr/0007-ledger-file-and-secrets.md</c> for why the secret is not in the database.</remarks>
public sealed class BudgetLedger : ILedger
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(200);
    private readonly Lock _gate = new();
    private readonly LedgerStore _store;
    private readonly TimeProvider _time;
    private readonly TimeSpan _wait;

    private BudgetLedger(LedgerStore store, TimeSpan wait, TimeProvider time)
    {
        _store = store;
        _wait = wait;
        _time = time;
        Files = new LedgerFiles(store.FullPath);
    }

#if DEBUG
    /// <summary>Called at every step of the state machine with the step's name, so that a test can end the run there.</summary>
    internal Action<string>? Step { get; set; }
#endif

    /// <summary>Passes a named place where a test may make a fault. Calls of it exist in Debug builds only.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    internal void Pass(string step)
    {
#if DEBUG
        Step?.Invoke(step);
#endif
    }

    internal LedgerFiles Files { get; }

    /// <summary>Opens a ledger file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Whether it is made when it is not there. Its folder must be there.</param>
    /// <param name="wait">How long to wait for a lock, and for another run of the same release.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <exception cref="LedgerException">It cannot be opened, or is no ledger.</exception>
    public static BudgetLedger Open(string path, LedgerOpenMode mode = LedgerOpenMode.OpenOrCreate, TimeSpan wait = default, TimeProvider? time = null) =>
        new(LedgerStore.Open(path, mode, wait), wait, time ?? TimeProvider.System);

    /// <inheritdoc/>
    public ReserveOutcome Reserve(ReservationRequest request, CancellationToken cancellationToken = default)
    {
        if (request.Epsilon.Sign < 0 || request.Delta.Sign < 0)
        {
            throw new ArgumentException("Epsilon and delta are at least 0.", nameof(request));
        }

        var start = _time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (TryReserve(request) is { } outcome)
                {
                    return outcome;
                }
            }

            if (_time.GetElapsedTime(start) >= _wait)
            {
                throw new LedgerException(LedgerFault.Busy, $"the same release of job '{request.JobName}' is running elsewhere.", "Another process holds its reservation.",
                    ["Wait for it: --wait 10m; then this run replays its result at no cost."]);
            }

            cancellationToken.WaitHandle.WaitOne(s_pollInterval);
        }
    }

    /// <inheritdoc/>
    public CommittedRelease? Find(string releaseKey)
    {
        lock (_gate)
        {
            return _store.Read(() => LoadChecked().Holder(releaseKey) is { State: ReleaseState.Committed } release ? Committed(release) : null);
        }
    }

    /// <inheritdoc/>
    public void SetCap(string dataset, ExactDecimal epsilon, ExactDecimal delta, string principal)
    {
        if (epsilon.Sign < 0 || delta.Sign < 0)
        {
            throw new ArgumentException("A cap is at least 0.", nameof(epsilon));
        }

        lock (_gate)
        {
            _store.Write(() =>
            {
                Sweep(LoadChecked());
                return _store.Append(NewEvent(LedgerEvent.Cap, dataset) with { Epsilon = epsilon.ToString(), Delta = delta.ToString(), Principal = principal });
            });
        }
    }

    /// <inheritdoc/>
    public DatasetBudget Show(string dataset)
    {
        lock (_gate)
        {
            return _store.Read(() => _store.Load().Budget(dataset));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<HistoryEntry> History(string dataset, int? last = null)
    {
        lock (_gate)
        {
            var entries = _store.Read(() => _store.Load()).Releases.Where(r => r.Reserved.Dataset == dataset).Reverse();
            return [.. (last is { } most ? entries.Take(most) : entries).Select(r => r.ToHistory())];
        }
    }

    /// <inheritdoc/>
    public ChainReport Verify()
    {
        lock (_gate)
        {
            return _store.Read(() =>
            {
                _store.CheckPages();
                var image = _store.Load();
                foreach (var release in image.Releases.Where(r => r.State == ReleaseState.Committed))
                {
                    var committed = _store.ReadEvent(release.OutputEvent!.Value);
                    if (CopyHash(_store.ReadCopy(release.Number)) != committed.CopyHash)
                    {
                        image.MarkBad(committed.Sequence, release.Number);
                    }
                }

                return image.Report;
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _store.Dispose();
        }
    }

    /// <summary>Appends a change of state of an open release that this process holds.</summary>
    internal LedgerEvent Advance(ReleaseState state, string dataset, long entry, Func<LedgerEvent, LedgerEvent> fill, byte[]? copy = null)
    {
        lock (_gate)
        {
            return _store.Write(() =>
            {
                var added = _store.Append(fill(NewEvent(state.Name(), dataset) with { Entry = entry })).Event;
                if (copy is not null)
                {
                    _store.WriteCopy(entry, copy);
                }

                Pass(state.Name() + ": appended");
                return added;
            });
        }
    }

    /// <summary>The committed release of an entry, or null while it is not committed.</summary>
    internal CommittedRelease? FindEntry(long entry)
    {
        lock (_gate)
        {
            return _store.Read(() => LoadChecked().Releases[(int)entry - 1] is { State: ReleaseState.Committed } release ? Committed(release) : null);
        }
    }

    internal static string? CopyHash(byte[]? copy) => copy is null ? null : Convert.ToHexStringLower(SHA256.HashData(copy));

    /// <returns>Null while another process holds the release.</returns>
    private ReserveOutcome? TryReserve(ReservationRequest request)
    {
        FileStream? holder = null;
        var closed = new List<string>();
        try
        {
            var answer = _store.Write(() =>
            {
                var image = LoadChecked();
                Sweep(image);
                image = CloseAbandoned(image, request, closed);
                var existing = image.Holder(request.ReleaseKey);
                if (existing is { State: ReleaseState.Committed })
                {
                    return new Answer(new ReserveOutcome(null, Committed(existing)), null);
                }

                if (existing is not null)
                {
                    holder = Files.TryLock(existing.ReleaseId);
                    return new Answer(holder is null ? null : new ReserveOutcome(Resume(existing, request, holder), null), null);
                }

                return Refuse(image, request) is { } refusal
                    ? new Answer(null, refusal)
                    : new Answer(new ReserveOutcome(Create(image, request, out holder), null), null);
            });
            closed.ForEach(Files.Remove);
            return answer.Refusal is null ? answer.Outcome : throw answer.Refusal;
        }
        catch
        {
            holder?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes reservations that nobody works on: those past their time, and those that had not begun and are of the same job but other input,
    /// or have lost their secret. A reservation that had not begun is freed, because rows are only decoded after it is marked as running; any other stays charged.
    /// </summary>
    private LedgerImage CloseAbandoned(LedgerImage image, ReservationRequest request, List<string> closed)
    {
        var now = _time.GetUtcNow();
        foreach (var release in image.Releases.Where(r => r.State.IsOpen()))
        {
            var outdated = release.State == ReleaseState.Reserved && release.Reserved.Dataset == request.Dataset && release.Reserved.JobHash == request.JobHash
                && release.Reserved.InputFingerprint != request.InputFingerprint;
            var unusable = release.State == ReleaseState.Reserved && release.Reserved.ReleaseKey == request.ReleaseKey && ReadSecret(release) is null;
            if ((outdated || unusable || release.Expires <= now) && Files.IsAbandoned(release.ReleaseId))
            {
                var state = release.State == ReleaseState.Reserved ? ReleaseState.Freed : ReleaseState.Expired;
                _store.Append(NewEvent(state.Name(), release.Reserved.Dataset) with { Entry = release.Number });
                closed.Add(release.ReleaseId);
            }
        }

        return closed.Count == 0 ? image : LoadChecked();
    }

    private static Exception? Refuse(LedgerImage image, ReservationRequest request)
    {
        var earlier = image.Releases.FindLast(r => r.State != ReleaseState.Freed && r.Reserved.Dataset == request.Dataset && r.Reserved.JobHash == request.JobHash
            && r.Reserved.InputFingerprint != request.InputFingerprint);
        if (earlier is not null && !request.AllowLateData)
        {
            return new LateDataException(request.JobName, earlier.ToHistory());
        }

        if (image.OtherRelation(request.Dataset, request.Adjacency) is { } other)
        {
            return new MixedAdjacencyException(request.JobName, request.Dataset, request.Adjacency, other.ToHistory());
        }

        var budget = image.Budget(request.Dataset);
        return budget.Cap is { } cap && (budget.SpentEpsilon + request.Epsilon > cap.Epsilon || budget.SpentDelta + request.Delta > cap.Delta)
            ? new BudgetExceededException(request.JobName, request.Epsilon, request.Delta, budget, image.BiggestSpenders(request.Dataset, 3))
            : null;
    }

    private Reservation Create(LedgerImage image, ReservationRequest request, out FileStream holder)
    {
        var releaseId = ReleaseIds.Create(request.RunDate);
        var secret = GC.AllocateUninitializedArray<byte>(StreamKeys.SecretBytes, pinned: true);
        RandomNumberGenerator.Fill(secret);
        holder = Files.TryLock(releaseId) ?? throw new IOException("A fresh lock file is locked.");
        Files.WriteSecret(releaseId, secret);
        Pass("reserved: secret written");
        var (added, previous) = _store.Append(NewEvent(ReleaseState.Reserved.Name(), request.Dataset) with
        {
            Entry = image.Releases.Count + 1,
            ReleaseId = releaseId,
            ReleaseKey = request.ReleaseKey,
            JobHash = request.JobHash,
            JobName = request.JobName,
            InputFingerprint = request.InputFingerprint,
            RunId = request.RunId,
            Purpose = request.Purpose,
            Epsilon = request.Epsilon.ToString(),
            Delta = request.Delta.ToString(),
            Adjacency = request.Adjacency == NeighbouringRelation.ReplaceOne ? LedgerEvent.ReplaceOne : null,
            Principal = request.Principal,
            Attempt = 1,
            Expires = LedgerEvent.TimeText(_time.GetUtcNow() + request.Expires),
            Commitment = Convert.ToHexStringLower(StreamKeys.Commitment(secret)),
        });
        Pass("reserved: appended");
        var after = _store.Load();
        return new Reservation(this, after.Releases[^1], secret, holder, Convert.ToHexStringLower(previous), after.Budget(added.Dataset), output: null);
    }

    private Reservation Resume(ReleaseEntry release, ReservationRequest request, FileStream holder)
    {
        // A stage can be committed without drawing anything again; everything before it needs the secret.
        var secret = ReadSecret(release);
        if (secret is null && release.State != ReleaseState.Staged)
        {
            throw SecretLost(release.ReleaseId);
        }

        _store.Append(NewEvent(LedgerEvent.Resumed, release.Reserved.Dataset) with
        {
            Entry = release.Number,
            RunId = request.RunId,
            Principal = request.Principal,
            Attempt = release.Attempts + 1,
            Expires = LedgerEvent.TimeText(_time.GetUtcNow() + request.Expires),
        });
        Pass("resumed: appended");
        var after = LoadChecked();
        var first = release.Reserved.Sequence;
        var previous = first == 1 ? new byte[LedgerEvent.HashBytes] : _store.ReadEvent(first - 1).Hash;
        var output = release.OutputEvent is { } staged ? _store.ReadEvent(staged) : null;
        return new Reservation(this, after.Releases[(int)release.Number - 1], secret, holder, Convert.ToHexStringLower(previous), after.Budget(request.Dataset), output);
    }

    private byte[]? ReadSecret(ReleaseEntry release)
    {
        var secret = GC.AllocateUninitializedArray<byte>(StreamKeys.SecretBytes, pinned: true);
        return Files.TryReadSecret(release.ReleaseId, release.Reserved.Commitment!, secret) ? secret : null;
    }

    internal static LedgerException SecretLost(string releaseId) => new(LedgerFault.SecretLost,
        $"the secret of release {releaseId} is not beside the ledger, or is not the one that was reserved.",
        "Without it the same noise cannot be drawn again, and drawing other noise would spend more than the ledger shows. The reservation stays charged.",
        ["Run on the machine and as the user that began the release.", "Wait until the reservation expires, or name another `purpose`; either is charged anew."]);

    private CommittedRelease Committed(ReleaseEntry release)
    {
        var e = _store.ReadEvent(release.OutputEvent!.Value);
        var copy = _store.ReadCopy(release.Number);
        if (CopyHash(copy) != e.CopyHash)
        {
            throw _store.Damaged("A stored copy of released files is not the one that was committed.", null);
        }

        return new CommittedRelease(release.Number, release.ReleaseId, release.RunId, release.Reserved.Dataset, release.Epsilon, release.Delta, LedgerEvent.Time(e.At), release.Attempts,
            e.OutputHash ?? "", e.Record ?? "", release.StagePath ?? "", copy, Convert.ToHexStringLower(e.Hash));
    }

    private LedgerImage LoadChecked()
    {
        var image = _store.Load();
        return image.FirstBadEvent is { } bad ? throw _store.Damaged($"Its hash chain is broken at event {bad} of {image.Events}: it was changed by something other than DpSpark.", null) : image;
    }

    private void Sweep(LedgerImage image)
    {
        var open = image.Releases.Where(r => r.State.IsOpen()).Select(r => r.ReleaseId).ToHashSet(StringComparer.Ordinal);
        Files.Sweep(open.Contains);
    }

    private LedgerEvent NewEvent(string kind, string dataset) =>
        new() { At = LedgerEvent.TimeText(_time.GetUtcNow()), Kind = kind, Dataset = dataset, Salt = RandomNumberGenerator.GetHexString(32, lowercase: true) };

    /// <summary>What one look at the ledger gave; nothing at all while another process holds the release. A refusal is handed out rather than thrown, so that what was closed
    /// on the way is kept.</summary>
    private sealed record Answer(ReserveOutcome? Outcome, Exception? Refusal);
}
