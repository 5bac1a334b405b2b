using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Core;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Quality;
using DpSpark.Jobs.Records;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Jobs.Running;

/// <summary>
/// Takes a release from its files to its folder: contract, fingerprint, reservation, engine, stage, commit, publication. Whatever ends a run in between, running again finishes
/// the same release with the same noise, and what was spent is never more than once.
/// </summary>
/// <remarks>
/// The order is what makes it safe. Budget is reserved before the first row is decoded; the ledger's commit comes before anything can be seen; the folder appears by one rename.
/// Everything after the reservation is a function of (job, input, secret, release id), so an attempt that finds another's leavings may throw them away and compute them again.
/// </remarks>
public sealed class ReleaseRunner
{
    private readonly IRunEngine _engine;
    private readonly Func<ILedger> _ledger;
    private readonly TimeProvider _time;

    /// <summary>Makes a runner.</summary>
    /// <param name="engine">Where it computes.</param>
    /// <param name="ledger">Opens the ledger; called once per run, never for a test.</param>
    /// <param name="time">The clock.</param>
    public ReleaseRunner(IRunEngine engine, Func<ILedger> ledger, TimeProvider time)
    {
        _engine = engine;
        _ledger = ledger;
        _time = time;
    }

    /// <summary>Runs a job, or finds that it was released already.</summary>
    /// <param name="request">The run.</param>
    /// <param name="observer">Is told what happens.</param>
    /// <param name="cancellationToken">Ends the run; the reservation is given back where nothing that depends on the data was written.</param>
    /// <exception cref="DpSparkException">Every fault that has a code.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public RunResult Run(RunRequest request, IRunObserver observer, CancellationToken cancellationToken)
    {
        var run = new Attempt(observer, new OutputFolder(request.Output.Path), ReleaseKey.OfJob(request), _time.GetUtcNow(), Stopwatch.StartNew()) { Request = request };
        RunLogFile.EnsureAllowed(request.RunLog, run.Output.FullPath);
        using var spill = TempSpillStore.Open(request.TempFolder);
        var source = _engine.Open(request, cancellationToken);
        observer.Step("contract", source.Description + ", columns ok");
        if (request.Output.Cluster is not null)
        {
            run = run with { Cluster = _engine.Output(request, cancellationToken) };
        }

        return request.Mode == RunMode.Release ? Release(run, source, spill, cancellationToken) : Test(run, source, spill, cancellationToken);
    }

    private RunResult Release(Attempt run, IRunSource source, TempSpillStore spill, CancellationToken cancellationToken)
    {
        var target = run.Request.Ledger ?? throw new ArgumentException("A release needs a ledger.", nameof(run));
        var fingerprint = source.Fingerprint(run.Request.Threads, cancellationToken);
        var key = ReleaseKey.Of(run.JobHash, fingerprint);
        using var ledger = _ledger();
        var reserve = new ReservationRequest
        {
            ReleaseKey = key,
            JobHash = run.JobHash,
            JobName = run.Request.Plan.Request.Name,
            InputFingerprint = Convert.ToHexStringLower(fingerprint),
            Dataset = target.Dataset,
            Epsilon = run.Request.Plan.Epsilon,
            Delta = run.Request.Plan.Delta,
            Adjacency = run.Request.Plan.Request.Adjacency,
            Principal = run.Request.Principal,
            RunId = run.RunId,
            Purpose = target.Purpose,
            RunDate = run.Request.RunDate,
            Expires = target.Expires ?? TimeSpan.FromHours(6),
            AllowLateData = target.AllowLateData,
        };
        if (ledger.Find(key) is { } earlier)
        {
            return Replay(run, Repeat(ledger, reserve, cancellationToken) ?? earlier, ledger);
        }

        run.Output.EnsureFree(run.MayReplace);
        run.Output.EnsureWritable();
        run.Cluster?.EnsureFree();
        _engine.Prepare(cancellationToken);
        FailPoints.Hit("before-reserve");
        var outcome = ledger.Reserve(reserve, cancellationToken);
        if (outcome.Replay is { } committed)
        {
            return Replay(run, committed, ledger);
        }

        using var reservation = outcome.Reservation!;
        FailPoints.Hit("reserved");
        run.Observer.Step("reserve", Invariant(
            $"{target.Dataset}  epsilon {run.Request.Plan.Epsilon} delta {run.Request.Plan.Delta}   reservation {reservation.ReleaseId}  until {reservation.Expires.UtcDateTime:HH:mm}"));
        return Finish(run, Work(run, reservation, source, spill, cancellationToken), reservation, ledger);
    }

    /// <summary>Asks for a committed release the way a new one is asked for, which also removes the secret that a crash right after its commit left.</summary>
    private static CommittedRelease? Repeat(ILedger ledger, ReservationRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return ledger.Reserve(request, cancellationToken).Replay;
        }
        catch (LedgerException e) when (e.Fault is LedgerFault.Unreachable or LedgerFault.Locked)
        {
            // A ledger that can only be read still tells what was released.
            return null;
        }
    }

    /// <summary>Brings a reservation to a finished stage: the one an earlier attempt left, or a new one with the same noise.</summary>
    private Staged Work(Attempt run, IReservation reservation, IRunSource source, TempSpillStore spill, CancellationToken cancellationToken)
    {
        var stage = run.Output.StagePath(reservation.ReleaseId);
        if (reservation.State == ReleaseState.Staged && reservation.StagePath == stage && Directory.Exists(stage) && PartFiles.Hash(stage) == reservation.OutputHash)
        {
            run.Observer.Step("resume", "the release was staged by an earlier attempt");
            return new Staged(reservation.OutputHash!, reservation.Record!, null);
        }

        // Rows may have been written by an earlier attempt: then the budget stays spent whatever happens to this one.
        var mayFree = reservation.State == ReleaseState.Reserved;
        try
        {
            reservation.MarkRunning();
            FailPoints.Hit("running");
            var result = Compute(run, source, spill, new RunKey(reservation.Secret.ToArray(), Encoding.UTF8.GetBytes(reservation.ReleaseId)), cancellationToken);
            mayFree = false;
            return WriteStage(run, reservation, result, cancellationToken);
        }
        catch (Exception e) when (mayFree && !run.HasDrawn && e is OperationCanceledException or DpSparkException { ExitCode: ExitCodes.Contract })
        {
            reservation.Free();
            throw;
        }
    }

    private ReleaseResult Compute(Attempt run, IRunSource source, TempSpillStore spill, RunKey key, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var backend = _engine.Backend(new LocalOptions { MemoryBytes = run.Request.MemoryBytes, Threads = run.Request.Threads, SpillStore = spill });
            FailPoints.Hit("engine-started");
            if (run.Request.Plan.Bounds is { Found: null })
            {
                run.Request = run.Request with { Plan = FindBounds(run, backend, source, key, cancellationToken) };
            }

            var result = SelectionFlow.Run(backend, run.Request.Plan, source, key, run.Request.Mode, new Relay(run.Observer), (round, keys) => Shown(run, source, round, keys), cancellationToken);
            FailPoints.Hit("engine-done");
            if (run.Request.Quality is { } quality && run.Request.Plan.Spec.Nodes.Count > 0)
            {
                result = result with { Table = QualityColumns.Add(result.Table, run.Request.Plan.Spec, quality) };
            }

            result = result with { Table = ColumnMetadata.Add(result.Table, run.Request.Plan, run.Request.Mode == RunMode.Release) };
            source.EnsureUnchanged();
            cancellationToken.ThrowIfCancellationRequested();
            run.Observer.Step("noise", Invariant($"{result.Table.Length} {(result.Table.Length == 1 ? "key" : "keys")} x {run.Request.Plan.Spec.Nodes.Count} values"));
            return result;
        }
        catch (IOException e)
        {
            throw Failed("the run could not go on: a temporary file or a file of the source could not be used.", e,
                ["free some space, or give another folder with --temp DIR", "run again: the same release continues, with the same noise"]);
        }
        catch (AggregateException e) when (e.Flatten().InnerExceptions[0] is DpSparkException or OperationCanceledException)
        {
            throw e.Flatten().InnerExceptions[0];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key.Secret);
        }
    }

    /// <summary>The first pass: noisy histograms, and the plan of the rest made with the bounds that they show. The same key draws the same noise, so an attempt after a crash finds the same bounds.</summary>
    private static ReleasePlan FindBounds(Attempt run, IBackend backend, IRunSource source, RunKey key, CancellationToken cancellationToken)
    {
        var counts = backend.Run(FirstPass.PlanOf(run.Request.Plan), source, key, run.Request.Mode, new Relay(run.Observer), cancellationToken);
        source.EnsureUnchanged();
        cancellationToken.ThrowIfCancellationRequested();
        run.HasDrawn = true;
        using var table = counts.Table;
        var plan = FirstPass.Resolve(run.Request.Plan, table, run.Request.Mode is RunMode.Release or RunMode.Seeded);
        run.Observer.Step("bounds", string.Join(", ", plan.Bounds!.Found!.Select(f => f.Question.Aggregate is null ? $"{f.Question.Name} {f.Upper}" : $"{f.Question.Name} [{f.Lower}, {f.Upper}]")));
        FailPoints.Hit("bounds-found");
        return plan;
    }

    /// <summary>After a round of selection: its keys are a function of (input, secret), so an attempt after a crash shows the same ones.</summary>
    private static void Shown(Attempt run, IRunSource source, int round, int keys)
    {
        run.HasDrawn = true;
        source.EnsureUnchanged();
        run.Observer.Step("select", Invariant($"round {round} of {run.Request.Plan.Rounds.Count}: {keys} {(keys == 1 ? "key" : "keys")}"));
        FailPoints.Hit("keys-shown");
    }

    private Staged WriteStage(Attempt run, IReservation reservation, ReleaseResult result, CancellationToken cancellationToken)
    {
        var input = run.Record(reservation.ReleaseId, result, _engine.Info, _time.GetUtcNow()) with
        {
            Attempts = reservation.Attempts,
            SecretCommitment = reservation.SecretCommitment,
            Ledger = new RecordLedger(run.Request.Ledger!.Dataset, reservation.Entry, reservation.PreviousHash, reservation.Hash),
        };
        run.Output.RemoveForeignStage(reservation.StagePath, reservation.ReleaseId);
        var (hash, record) = Stage(run, reservation.ReleaseId, OutputFolder.RecordName, input, result, cancellationToken);
        run.Cluster?.Stage(reservation.ReleaseId, run.Output.StagePath(reservation.ReleaseId));
        run.Observer.Step("write", run.Request.Output.Uri + " (staged)");
        reservation.MarkStaged(run.Output.StagePath(reservation.ReleaseId), hash, record);
        FailPoints.Hit("staged");
        return new Staged(hash, record, result);
    }

    private static (string Hash, string Record) Stage(Attempt run, string id, string recordName, RecordInput input, ReleaseResult result, CancellationToken cancellationToken)
    {
        try
        {
            var stage = run.Output.CreateStage(id);
            PartFiles.Write(stage, result.Table, run.Request.Output.Format, run.Request.Mode != RunMode.Release, cancellationToken);
            var hash = PartFiles.Hash(stage)!;
            var record = ReleaseRecord.Write(input with { OutputSha256 = hash });
            DurableFiles.Write(Path.Combine(stage, recordName), record);
            DurableFiles.SyncFolder(stage);
            FailPoints.Hit("stage-written");
            return (hash, Encoding.UTF8.GetString(record));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            TryRemoveStage(run, id);
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw Failed("the release could not be written beside its place.", e, ["free some space where output.path is", "run again: the same release continues, with the same noise"]);
        }
    }

    private RunResult Finish(Attempt run, Staged staged, IReservation reservation, ILedger ledger)
    {
        var stage = run.Output.StagePath(reservation.ReleaseId);
        var copy = OutputCopy.Pack(stage);
        var committed = reservation.Commit(staged.Hash, staged.Record, copy);
        FailPoints.Hit("committed");
        run.Observer.Step("commit", Invariant($"ledger entry #{committed.Entry}, release {committed.ReleaseId}"));
        Publish(run, committed.ReleaseId, committed);
        if (staged.Result is { } result)
        {
            RunLogFile.Write(run.Request.RunLog, committed.ReleaseId, result.Log, run.Clock.Elapsed);
        }

        return run.Result(RunOutcome.Released, committed, ledger) with { Table = staged.Result?.Table };
    }

    private static RunResult Replay(Attempt run, CommittedRelease committed, ILedger ledger)
    {
        var record = Encoding.UTF8.GetBytes(committed.Record);
        switch (run.Output.Inspect(record, committed.OutputHash, committed.ReleaseId))
        {
            case OutputState.ThisRelease:
                run.Output.EnsureSuccess();
                run.Output.RemoveLeavings(committed.ReleaseId);
                run.Cluster?.Publish(committed.ReleaseId, run.Output.FullPath);
                return run.Result(RunOutcome.Replayed, committed, ledger);
            case OutputState.Altered when run.Cluster is null:
                throw new DpSparkException("DPS4020", ExitCodes.Assurance, $"{run.Request.Output.Uri} holds release {committed.ReleaseId}, but its files are not those that were released.",
                    "Their hash is not the one in the ledger: somebody changed, added or removed files.",
                    ["find out who changed it; `dpspark ledger history` shows what was released", "move the folder away and run again: the released files are put back"]);
            case OutputState.OtherRelease or OutputState.Foreign when !run.MayReplace:
                throw run.Output.Occupied();
        }

        run.Output.EnsureWritable();
        PutBack(run, committed, record);
        return run.Result(RunOutcome.Replayed, committed, ledger);
    }

    /// <summary>Makes a committed release visible: from the stage that a crash left, else from the ledger's copy.</summary>
    private static void PutBack(Attempt run, CommittedRelease committed, byte[] record)
    {
        var id = committed.ReleaseId;
        var stage = run.Output.StagePath(id);
        if (!Directory.Exists(stage) || PartFiles.Hash(stage) != committed.OutputHash || !HasRecord(stage, record))
        {
            var other = committed.StagePath != stage && Directory.Exists(committed.StagePath) && PartFiles.Hash(committed.StagePath) == committed.OutputHash;
            if (!other && committed.OutputCopy is null)
            {
                throw new DpSparkException("DPS4021", ExitCodes.Assurance, $"release {id} was committed, but its files are gone and the ledger keeps no copy of them.",
                    "Releases of more than 16 MiB are not kept; their noise cannot be drawn again, because its secret was destroyed at the commit.",
                    ["put the files back from a backup", "make a new release: give the ledger section another `purpose`, and pay again"]);
            }

            try
            {
                run.Output.CreateStage(id);
                if (other)
                {
                    PartFiles.Copy(committed.StagePath, stage);
                }
                else
                {
                    OutputCopy.Unpack(committed.OutputCopy!, stage);
                }

                DurableFiles.Write(Path.Combine(stage, OutputFolder.RecordName), record);
                DurableFiles.SyncFolder(stage);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                TryRemoveStage(run, id);
                throw Failed("the release could not be put back.", e, ["free some space where output.path is", "run again"]);
            }

            if (PartFiles.Hash(stage) != committed.OutputHash)
            {
                run.Output.RemoveStage(id);
                throw new DpSparkException("DPS4022", ExitCodes.Assurance, $"the ledger's copy of release {id} is damaged.", "Its hash is not the one in its entry.",
                    ["run `dpspark ledger verify`", "put the ledger back from a backup"]);
            }

            run.Observer.Step("restore", run.Request.Output.Uri + " put back from the ledger's copy");
        }

        Publish(run, id, committed);
        run.Output.RemoveForeignStage(committed.StagePath, id);
    }

    private static void Publish(Attempt run, string id, CommittedRelease committed)
    {
        try
        {
            run.Output.Publish(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another start may have published the same stage a moment ago: then all is well.
            if (run.Output.Inspect(Encoding.UTF8.GetBytes(committed.Record), committed.OutputHash, id) != OutputState.ThisRelease)
            {
                throw Failed($"release {id} is paid for, but could not be moved into its place.", e,
                    ["make room at output.path and let the account that runs dpspark write there", "run again: the release is published, nothing is spent"]);
            }
        }

        run.Cluster?.Publish(id, run.Output.FullPath);
    }

    private RunResult Test(Attempt run, IRunSource source, TempSpillStore spill, CancellationToken cancellationToken)
    {
        const string id = "test";
        run.Output.EnsureFree(run.Request.Output.Replace);
        run.Output.EnsureWritable();
        _engine.Prepare(cancellationToken);
        run.Observer.Step("test", run.Request.Mode.ToString().ToLowerInvariant() + ": no ledger, no guarantee, not to be published");
        var secret = run.Request.TestKey?.ToArray() ?? RandomNumberGenerator.GetBytes(32);
        var result = Compute(run, source, spill, new RunKey(secret, Encoding.UTF8.GetBytes(id)), cancellationToken);
        var input = run.Record(id, result, _engine.Info, _time.GetUtcNow()) with { TestMode = run.Request.Mode.ToString().ToLowerInvariant() };
        Stage(run, id, OutputFolder.TestRecordName, input, result, cancellationToken);
        try
        {
            run.Output.Publish(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("the test's output could not be moved into its place.", e, ["look at output.path", "run again"]);
        }

        RunLogFile.Write(run.Request.RunLog, id, result.Log, run.Clock.Elapsed);
        return run.Tested(id, result);
    }

    private static bool HasRecord(string stage, byte[] record)
    {
        var path = Path.Combine(stage, OutputFolder.RecordName);
        return File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(record);
    }

    private static void TryRemoveStage(Attempt run, string id)
    {
        try
        {
            run.Output.RemoveStage(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next attempt removes it before it writes its own.
        }
    }

    private static DpSparkException Failed(string message, Exception cause, IReadOnlyList<string> fixes) =>
        new("DPS6103", ExitCodes.FailedSafe, message, cause.Message, fixes, cause);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>A finished stage.</summary>
    private sealed record Staged(string Hash, string Record, ReleaseResult? Result);

    private sealed class Relay(IRunObserver observer) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => observer.Progress(value);
    }
}
