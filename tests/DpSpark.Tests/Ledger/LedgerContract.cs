using DpSpark.Core;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using static DpSpark.Tests.Ledger.LedgerFolder;

namespace DpSpark.Tests.Ledger;

/// <summary>What every ledger promises.</summary>
public abstract class LedgerContract : IDisposable
{
    /// <summary>Opens the one ledger of this test; every call a connection of its own.</summary>
    protected abstract ILedger OpenLedger(TimeSpan wait = default);

    /// <summary>Moves the ledger's clock.</summary>
    protected abstract void Advance(TimeSpan time);

    public abstract void Dispose();

    [Fact]
    public void Reserve_FirstTime_GivesAFreshSecretAndCharges()
    {
        using var ledger = OpenLedger();

        using var r = ledger.Reserve(Request(epsilon: "0.8", delta: "1e-8") with { RunDate = new DateOnly(2026, 11, 20) }).Reservation!;

        Assert.Equal((1, 1, ReleaseState.Reserved), (r.Entry, r.Attempts, r.State));
        Assert.Matches("^rel-[0-9a-f]{16}-2026-11-20$", r.ReleaseId);
        Assert.Equal(32, r.Secret.Length);
        Assert.Contains(r.Secret.ToArray(), b => b != 0);
        Assert.Equal(Convert.ToHexStringLower(StreamKeys.Commitment(r.Secret.Span)), r.SecretCommitment);
        Assert.Equal(TimeSpan.FromHours(6), r.Expires - r.Reserved);
        var budget = ledger.Show("d");
        Assert.Equal(("0.8", "1e-8", 1), (budget.SpentEpsilon.ToString(), budget.SpentDelta.ToString(), budget.Releases));
        Assert.Equal(ReleaseState.Reserved, Assert.Single(budget.Open).State);
    }

    [Theory]
    [InlineData(NeighbouringRelation.AddOrRemoveOne, NeighbouringRelation.ReplaceOne)]
    [InlineData(NeighbouringRelation.ReplaceOne, NeighbouringRelation.AddOrRemoveOne)]
    public void Reserve_OtherNeighbouringRelationOfOneDataset_IsRefusedAndNotCharged(NeighbouringRelation first, NeighbouringRelation second)
    {
        using var ledger = OpenLedger();
        Finish(ledger.Reserve(Request("k1") with { Adjacency = first }).Reservation!);

        var e = Assert.Throws<MixedAdjacencyException>(() => ledger.Reserve(Request("k2") with { Adjacency = second }));

        Assert.Equal(("DPS4004", ExitCodes.Budget, 1, "d"), (e.Code, e.ExitCode, e.Earlier.Number, e.Dataset));
        Assert.Equal(1, ledger.Show("d").Releases);
        ledger.Reserve(Request("k3") with { Adjacency = first }).Reservation!.Dispose();
        ledger.Reserve(Request("k4", dataset: "other") with { Adjacency = second }).Reservation!.Dispose();
    }

    [Fact]
    public void Reserve_OtherRelationAfterAllWasFreed_IsFree()
    {
        using var ledger = OpenLedger();
        using (var r = ledger.Reserve(Request("k1")).Reservation!)
        {
            r.Free();
        }

        using var other = ledger.Reserve(Request("k2") with { Adjacency = NeighbouringRelation.ReplaceOne }).Reservation!;

        Assert.Equal(1, ledger.Show("d").Releases);
    }

    [Fact]
    public void Reserve_TwoReleases_ShareNeitherSecretNorId()
    {
        using var ledger = OpenLedger();

        using var a = ledger.Reserve(Request("k1")).Reservation!;
        using var b = ledger.Reserve(Request("k2")).Reservation!;

        Assert.NotEqual(a.Secret.ToArray(), b.Secret.ToArray());
        Assert.NotEqual(a.ReleaseId, b.ReleaseId);
        Assert.Equal((1, 2), (a.Entry, b.Entry));
    }

    [Fact]
    public void Commit_ThenReserve_ReplaysAtNoCost()
    {
        using var ledger = OpenLedger();
        byte[] copy = [1, 2, 3];
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            r.MarkRunning();
            r.MarkStaged("stage", "sha", "{}");
            var committed = r.Commit("sha", "{\"final\":true}", copy);
            Assert.Equal((r.ReleaseId, "sha", "{\"final\":true}", "stage"), (committed.ReleaseId, committed.OutputHash, committed.Record, committed.StagePath));
        }

        var replay = ledger.Reserve(Request()).Replay!;

        Assert.Equal((1, "sha", "{\"final\":true}", "stage", 1), (replay.Entry, replay.OutputHash, replay.Record, replay.StagePath, replay.Attempts));
        Assert.Equal(copy, replay.OutputCopy);
        Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
        Assert.Equal(replay.ReleaseId, ledger.Find("k1")!.ReleaseId);
        Assert.Null(ledger.Find("k2"));
    }

    [Fact]
    public void Commit_CopyOverTheLimit_IsLeftOut()
    {
        using var ledger = OpenLedger();
        Finish(ledger.Reserve(Request("k1")).Reservation!, new byte[CommittedRelease.MaxCopyBytes + 1]);
        Finish(ledger.Reserve(Request("k2")).Reservation!, new byte[CommittedRelease.MaxCopyBytes]);

        Assert.Null(ledger.Find("k1")!.OutputCopy);
        Assert.Equal(CommittedRelease.MaxCopyBytes, ledger.Find("k2")!.OutputCopy!.Length);
    }

    [Theory]
    [InlineData(ReleaseState.Reserved)]
    [InlineData(ReleaseState.Running)]
    [InlineData(ReleaseState.Staged)]
    public void Reserve_AfterACrash_ResumesWithTheSameSecret(ReleaseState reached)
    {
        byte[] secret;
        string id;
        using (var ledger = OpenLedger())
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            (secret, id) = (r.Secret.ToArray(), r.ReleaseId);
            MoveTo(r, reached);
        }

        using var next = OpenLedger();
        using var resumed = next.Reserve(Request() with { RunId = "run-2" }).Reservation!;

        Assert.Equal(secret, resumed.Secret.ToArray());
        Assert.Equal((id, 1, 2, reached), (resumed.ReleaseId, resumed.Entry, resumed.Attempts, resumed.State));
        Assert.Equal(reached == ReleaseState.Staged ? ("stage", "sha", "{}") : (null, null, null), (resumed.StagePath, resumed.OutputHash, resumed.Record));
        Assert.Equal("1", next.Show("d").SpentEpsilon.ToString());
        Assert.Equal("run-2", Assert.Single(next.History("d")).RunId);
        if (reached != ReleaseState.Staged)
        {
            resumed.MarkRunning();
            resumed.MarkStaged("stage", "sha", "{}");
        }

        Assert.Equal(2, resumed.Commit("sha", "{}").Attempts);
    }

    [Fact]
    public void MarkRunning_StageWasLost_ComputesAgain()
    {
        using var ledger = OpenLedger();
        ledger.Reserve(Request()).Reservation!.Also(r => MoveTo(r, ReleaseState.Staged)).Dispose();

        using var resumed = ledger.Reserve(Request()).Reservation!;
        resumed.MarkRunning();
        resumed.MarkStaged("stage-2", "sha", "{}");

        Assert.Throws<InvalidOperationException>(resumed.Free);
        Assert.Equal("stage-2", resumed.Commit("sha", "{}").StagePath);
    }

    [Fact]
    public void Reserve_HeldElsewhere_IsBusy()
    {
        using var first = OpenLedger();
        using var second = OpenLedger();
        using var r = first.Reserve(Request()).Reservation!;

        var e = Assert.Throws<LedgerException>(() => second.Reserve(Request()));

        Assert.Equal((LedgerFault.Busy, ExitCodes.Busy, "DPS4013"), (e.Fault, e.ExitCode, e.Code));
        Finish(r);
        Assert.NotNull(second.Reserve(Request()).Replay);
    }

    [Fact]
    public async Task Reserve_HeldElsewhere_WaitsAndReplays()
    {
        using var first = OpenLedger();
        using var second = OpenLedger(TimeSpan.FromMinutes(1));
        using var r = first.Reserve(Request()).Reservation!;

        var waiting = Task.Run(() => second.Reserve(Request()));
        Finish(r);

        Assert.NotNull((await waiting).Replay);
    }

    [Fact]
    public void Reserve_WaitIsCancelled_Ends()
    {
        using var first = OpenLedger();
        using var second = OpenLedger(TimeSpan.FromMinutes(10));
        using var r = first.Reserve(Request()).Reservation!;
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        Assert.ThrowsAny<OperationCanceledException>(() => second.Reserve(Request(), cancel.Token));
    }

    [Fact]
    public async Task Reserve_ManyAtOnce_OneGetsIt()
    {
        OpenLedger().Dispose();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            using var ledger = OpenLedger(TimeSpan.FromSeconds(60));
            var outcome = ledger.Reserve(Request());
            if (outcome.Reservation is { } r)
            {
                Finish(r);
            }

            return outcome;
        })));

        Assert.Single(outcomes, o => o.Reservation is not null);
        using var after = OpenLedger();
        Assert.Equal("1", after.Show("d").SpentEpsilon.ToString());
        Assert.True(after.Verify().IsOk);
    }

    [Theory]
    [InlineData("1", "1e-9", "1.0", "0.000000001", true)]
    [InlineData("1", "1e-9", "1.0000000000000000000000000001", "1e-9", false)]
    [InlineData("1", "1e-9", "1", "1.0000000000000001e-9", false)]
    [InlineData("0", "0", "0", "0", true)]
    [InlineData("0", "0", "1e-300", "0", false)]
    public void Reserve_AtTheEdgeOfTheCap_IsExact(string capEpsilon, string capDelta, string epsilon, string delta, bool fits)
    {
        using var ledger = OpenLedger();
        ledger.SetCap("d", ExactDecimal.Parse(capEpsilon), ExactDecimal.Parse(capDelta), "owner");

        if (fits)
        {
            using var r = ledger.Reserve(Request(epsilon: epsilon, delta: delta)).Reservation!;
            Assert.Equal("0", r.Budget.RemainingEpsilon.ToString());
        }
        else
        {
            Assert.Throws<BudgetExceededException>(() => ledger.Reserve(Request(epsilon: epsilon, delta: delta)));
            Assert.Empty(ledger.History("d"));
        }
    }

    [Fact]
    public void Reserve_OverTheCap_SaysHowMuchIsLeftAndWhoSpentIt()
    {
        using var ledger = OpenLedger();
        ledger.SetCap("d", ExactDecimal.Parse("1"), ExactDecimal.Parse("1e-6"), "owner");
        Finish(ledger.Reserve(Request("k1", "0.3")).Reservation!);
        Finish(ledger.Reserve(Request("k2", "0.2") with { JobName = "spend" }).Reservation!);
        using var open = ledger.Reserve(Request("k3", "0.1")).Reservation!;
        using var other = ledger.Reserve(Request("k4", "5", dataset: "elsewhere")).Reservation!;

        var e = Assert.Throws<BudgetExceededException>(() => ledger.Reserve(Request("k5", "0.5", "1e-9")));

        Assert.Equal(("DPS4001", ExitCodes.Budget), (e.Code, e.ExitCode));
        Assert.Equal(("0.5", "0.4", "1e-9", "9.97e-7"), (e.RequestedEpsilon.ToString(), e.RemainingEpsilon.ToString(), e.RequestedDelta.ToString(), e.RemainingDelta.ToString()));
        Assert.Contains("short by epsilon 0.1)", e.Message, StringComparison.Ordinal);
        Assert.Equal([new Spender("visits", 2, ExactDecimal.Parse("0.4"), ExactDecimal.Parse("2e-9")), new Spender("spend", 1, ExactDecimal.Parse("0.2"), ExactDecimal.Parse("1e-9"))], e.BiggestSpenders);
        Assert.Equal("0.6", ledger.Show("d").SpentEpsilon.ToString());
    }

    [Fact]
    public void SetCap_Again_TheLastOneHolds()
    {
        using var ledger = OpenLedger();
        Assert.Null(ledger.Show("d").Cap);
        Finish(ledger.Reserve(Request(epsilon: "2")).Reservation!);
        ledger.SetCap("d", ExactDecimal.Parse("3.0"), ExactDecimal.Zero, "a");
        ledger.SetCap("d", ExactDecimal.Parse("1.50"), ExactDecimal.Parse("1e-5"), "b");

        var budget = ledger.Show("d");

        Assert.Equal(("1.5", "1e-5", "b"), (budget.Cap!.Epsilon.ToString(), budget.Cap.Delta.ToString(), budget.Cap.Principal));
        Assert.Equal("0", budget.RemainingEpsilon.ToString());
        Assert.Null(ledger.Show("other").Cap);
    }

    [Fact]
    public void Free_BeforeAnyOutput_CostsNothing()
    {
        using var ledger = OpenLedger();
        ledger.Reserve(Request()).Reservation!.Also(r => MoveTo(r, ReleaseState.Running)).Free();

        Assert.Equal("0", ledger.Show("d").SpentEpsilon.ToString());
        Assert.Equal(ReleaseState.Freed, Assert.Single(ledger.History("d")).State);
        using var again = ledger.Reserve(Request()).Reservation!;
        Assert.Equal((2, 1), (again.Entry, again.Attempts));
    }

    [Fact]
    public void Reservation_StepsOutOfOrder_AreRefused()
    {
        using var ledger = OpenLedger();
        using var r = ledger.Reserve(Request()).Reservation!;

        Assert.Throws<InvalidOperationException>(() => r.MarkStaged("s", "sha", "{}"));
        Assert.Throws<InvalidOperationException>(() => r.Commit("sha", "{}"));
        MoveTo(r, ReleaseState.Staged);
        Assert.Throws<InvalidOperationException>(() => r.Commit("other", "{}"));
        Assert.Throws<InvalidOperationException>(r.Free);
        r.Commit("sha", "{}");
        Assert.Throws<ObjectDisposedException>(() => r.Secret);
        Assert.Throws<ObjectDisposedException>(r.MarkRunning);
    }

    [Fact]
    public void Reserve_InputChanged_IsRefusedUnlessAllowed()
    {
        using var ledger = OpenLedger();
        Finish(ledger.Reserve(Request("k1", job: "j", input: "in1")).Reservation!);

        var e = Assert.Throws<LateDataException>(() => ledger.Reserve(Request("k2", job: "j", input: "in2")));
        using var allowed = ledger.Reserve(Request("k2", job: "j", input: "in2") with { AllowLateData = true }).Reservation!;

        Assert.Equal(("DPS4003", ExitCodes.Budget, 1), (e.Code, e.ExitCode, e.Earlier.Number));
        Assert.DoesNotContain("in2", e.Message + e.Why, StringComparison.Ordinal);
        Assert.Equal("2", ledger.Show("d").SpentEpsilon.ToString());
    }

    [Theory]
    [InlineData(ReleaseState.Reserved, false)]
    [InlineData(ReleaseState.Running, true)]
    [InlineData(ReleaseState.Staged, true)]
    public void Reserve_InputChangedAfterACrash_IsLateDataOnceRowsWereRead(ReleaseState reached, bool late)
    {
        using var ledger = OpenLedger();
        ledger.Reserve(Request("k1", job: "j", input: "in1")).Reservation!.Also(r => MoveTo(r, reached)).Dispose();

        if (late)
        {
            Assert.Throws<LateDataException>(() => ledger.Reserve(Request("k2", job: "j", input: "in2")));
        }
        else
        {
            using var r = ledger.Reserve(Request("k2", job: "j", input: "in2")).Reservation!;
        }

        Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
    }

    [Theory]
    [InlineData(ReleaseState.Reserved, ReleaseState.Freed, "1")]
    [InlineData(ReleaseState.Running, ReleaseState.Expired, "2")]
    [InlineData(ReleaseState.Staged, ReleaseState.Expired, "2")]
    public void Reserve_PastTheExpiry_KeepsWhatMayHaveBeenSpent(ReleaseState reached, ReleaseState closed, string spent)
    {
        using var ledger = OpenLedger();
        ledger.Reserve(Request()).Reservation!.Also(r => MoveTo(r, reached)).Dispose();
        Advance(TimeSpan.FromHours(6));

        using var again = ledger.Reserve(Request()).Reservation!;

        Assert.Equal((2, 1, ReleaseState.Reserved), (again.Entry, again.Attempts, again.State));
        Assert.Equal([ReleaseState.Reserved, closed], ledger.History("d").Select(h => h.State));
        Assert.Equal(spent, ledger.Show("d").SpentEpsilon.ToString());
    }

    [Fact]
    public void Reserve_PastTheExpiryButHolderAlive_DoesNotExpire()
    {
        using var ledger = OpenLedger();
        using var working = ledger.Reserve(Request("k1")).Reservation!;
        working.MarkRunning();
        Advance(TimeSpan.FromDays(1));

        using var other = ledger.Reserve(Request("k2")).Reservation!;

        Assert.Equal(ReleaseState.Running, ledger.History("d")[^1].State);
        Finish(working);
        Assert.Equal(ReleaseState.Committed, ledger.History("d")[^1].State);
    }

    [Fact]
    public void Reserve_RefusalWhileOthersExpire_KeepsTheExpiry()
    {
        using var ledger = OpenLedger();
        ledger.SetCap("d", ExactDecimal.One, ExactDecimal.One, "o");
        ledger.Reserve(Request("k1")).Reservation!.Also(r => r.MarkRunning()).Dispose();
        Advance(TimeSpan.FromHours(7));

        Assert.Throws<BudgetExceededException>(() => ledger.Reserve(Request("k2")));

        Assert.Equal(ReleaseState.Expired, Assert.Single(ledger.History("d")).State);
    }

    [Fact]
    public void History_Last_IsNewestFirst()
    {
        using var ledger = OpenLedger();
        foreach (var key in (string[])["k1", "k2", "k3"])
        {
            Finish(ledger.Reserve(Request(key)).Reservation!);
        }

        Finish(ledger.Reserve(Request("x", dataset: "other")).Reservation!);

        Assert.Equal([3, 2], ledger.History("d", 2).Select(h => h.Number));
        Assert.Equal([3, 2, 1], ledger.History("d").Select(h => h.Number));
        Assert.Equal(new ChainReport(true, 4, 16), ledger.Verify());
    }

    /// <summary>Takes a reservation through its states.</summary>
    private static void MoveTo(IReservation reservation, ReleaseState state)
    {
        if (state is ReleaseState.Running or ReleaseState.Staged)
        {
            reservation.MarkRunning();
        }

        if (state == ReleaseState.Staged)
        {
            reservation.MarkStaged("stage", "sha", "{}");
        }
    }
}

internal static class ReservationExtensions
{
    public static IReservation Also(this IReservation reservation, Action<IReservation> action)
    {
        action(reservation);
        return reservation;
    }
}
