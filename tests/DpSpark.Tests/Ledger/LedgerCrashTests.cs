using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using static DpSpark.Tests.Ledger.LedgerFolder;

namespace DpSpark.Tests.Ledger;

/// <summary>Secrets and crashes: what lies on the disk at every step, and what the next start makes of it.</summary>
public sealed class LedgerCrashTests
{
#if DEBUG
    private static readonly string[] s_steps =
    [
        "reserved: secret written", "reserved: appended", "running: appended", "running: done", "staged: appended", "staged: done",
        "committed: appended", "committed: done", "secret destroyed",
    ];
#endif

    [Fact]
    public void Commit_Afterwards_NoFileHoldsTheSecret()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        ledger.SetCap("d", ExactDecimal.Parse("10"), ExactDecimal.One, "o");
        using var r = ledger.Reserve(Request()).Reservation!;
        var secret = r.Secret.ToArray();
        Assert.Equal([$"ledger.db-{r.ReleaseId}.secret"], folder.FilesWith(secret));

        Finish(r);

        Assert.Empty(folder.FilesWith(secret));
        Assert.Equal(["ledger.db"], folder.Names());
    }

    [Fact]
    public void Free_Afterwards_NoFileHoldsTheSecret()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        var r = ledger.Reserve(Request()).Reservation!;
        var secret = r.Secret.ToArray();

        r.Free();

        Assert.Empty(folder.FilesWith(secret));
        Assert.Equal(["ledger.db"], folder.Names());
    }

    [Fact]
    public void Expiry_Afterwards_NoFileHoldsTheSecret()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        byte[] secret;
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            r.MarkRunning();
            secret = r.Secret.ToArray();
        }

        folder.Time.Advance(TimeSpan.FromHours(7));
        Finish(ledger.Reserve(Request("k2")).Reservation!);

        Assert.Empty(folder.FilesWith(secret));
        Assert.Equal(["ledger.db"], folder.Names());
    }

    [Fact]
    public void Secret_File_IsForItsOwnerAlone()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        using var r = ledger.Reserve(Request()).Reservation!;

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.File + "-" + r.ReleaseId + ".secret"));
        }
    }

#if DEBUG
    [Fact]
    public void Crash_AtEveryStep_EndsInOneCommittedReleaseChargedOnce()
    {
        using var folder = new LedgerFolder();
        var snapshots = new List<(string Step, LedgerFolder Folder, string SpentBefore)>();
        byte[] secret;
        using (var ledger = folder.Open())
        {
            ledger.SetCap("d", ExactDecimal.One, ExactDecimal.One, "o");
            ledger.Step = step => snapshots.Add((step, folder.Snapshot(), step));
            var r = ledger.Reserve(Request()).Reservation!;
            secret = r.Secret.ToArray();
            Finish(r);
        }

        Assert.Equal(s_steps, snapshots.Select(s => s.Step));
        foreach (var (step, after, _) in snapshots)
        {
            using (after)
            {
                using var ledger = after.Open();
                Assert.True(ledger.Verify().IsOk, step);
                var outcome = ledger.Reserve(Request());
                if (outcome.Reservation is { } r)
                {
                    Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
                    if (!step.StartsWith("reserved", StringComparison.Ordinal))
                    {
                        Assert.Equal(secret, r.Secret.ToArray());
                        Assert.Equal(2, r.Attempts);
                    }

                    if (r.State == ReleaseState.Staged)
                    {
                        r.Commit(r.OutputHash!, r.Record!);
                    }
                    else
                    {
                        Finish(r);
                    }
                }
                else
                {
                    Assert.Equal("{\"r\":2}", outcome.Replay!.Record);
                }

                Assert.Equal(ReleaseState.Committed, Assert.Single(ledger.History("d")).State);
                Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());
                Assert.Empty(after.FilesWith(secret));
                Assert.Equal(["ledger.db"], after.Names());
            }
        }
    }

    [Fact]
    public void Crash_InsideATransaction_LeavesTheStateBefore()
    {
        foreach (var step in s_steps.Where(s => s.EndsWith("appended", StringComparison.Ordinal) || s.EndsWith("written", StringComparison.Ordinal)))
        {
            using var folder = new LedgerFolder();
            using (var ledger = folder.Open())
            {
                ledger.Step = s => _ = s == step ? throw new TimeoutException() : 0;
                Assert.Throws<TimeoutException>(() => Finish(ledger.Reserve(Request()).Reservation!));
            }

            GC.Collect(); // the reservation that was thrown away holds its lock until its handle goes
            GC.WaitForPendingFinalizers();
            folder.Commit(Request("other"));
            using var after = folder.Open();
            Assert.True(after.Verify().IsOk);
            Assert.Equal(step.StartsWith("reserved", StringComparison.Ordinal) ? "1" : "2", after.Show("d").SpentEpsilon.ToString());
        }
    }
#endif

    [Fact]
    public void Resume_SecretLost_IsRefusedAndStaysCharged()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        string path;
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            r.MarkRunning();
            path = folder.File + "-" + r.ReleaseId + ".secret";
        }

        File.WriteAllBytes(path, new byte[32]);
        Assert.Equal(LedgerFault.SecretLost, Assert.Throws<LedgerException>(() => ledger.Reserve(Request())).Fault);
        File.Delete(path);
        Assert.Equal(LedgerFault.SecretLost, Assert.Throws<LedgerException>(() => ledger.Reserve(Request())).Fault);
        Assert.Equal("1", ledger.Show("d").SpentEpsilon.ToString());

        folder.Time.Advance(TimeSpan.FromHours(6));
        using var anew = ledger.Reserve(Request()).Reservation!;
        Assert.Equal("2", ledger.Show("d").SpentEpsilon.ToString());
    }

    [Fact]
    public void Resume_SecretLostBeforeItBegan_BeginsAnewAtNoCost()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            File.Delete(folder.File + "-" + r.ReleaseId + ".secret");
        }

        using var anew = ledger.Reserve(Request()).Reservation!;

        Assert.Equal((2, "1"), (anew.Entry, ledger.Show("d").SpentEpsilon.ToString()));
    }

    [Fact]
    public void Resume_SecretLostAfterStaging_CommitsTheStage()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        using (var r = ledger.Reserve(Request()).Reservation!)
        {
            r.MarkRunning();
            r.MarkStaged("stage", "sha", "{}");
            File.Delete(folder.File + "-" + r.ReleaseId + ".secret");
        }

        using var resumed = ledger.Reserve(Request()).Reservation!;

        Assert.Equal(LedgerFault.SecretLost, Assert.Throws<LedgerException>(resumed.MarkRunning).Fault);
        Assert.Equal("stage", resumed.Commit("sha", "{}").StagePath);
    }

    [Fact]
    public void Reserve_OrphanedFiles_AreRemoved_OthersAreNot()
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        using var open = ledger.Reserve(Request("open")).Reservation!;
        string[] orphans = ["ledger.db-rel-0123456789abcdef.secret", "ledger.db-rel-0123456789abcdef.lock"];
        string[] strangers = ["ledger.db-notes.secret", "other.db-rel-0123456789abcdef.secret", "rel-0123456789abcdef.secret"];
        foreach (var name in orphans.Concat(strangers))
        {
            File.WriteAllText(Path.Combine(folder.Root, name), "x");
        }

        Finish(ledger.Reserve(Request("k2")).Reservation!);

        Assert.Equal(["ledger.db", $"ledger.db-{open.ReleaseId}.lock", $"ledger.db-{open.ReleaseId}.secret", .. strangers], folder.Names().OrderBy(n => strangers.Contains(n)).ThenBy(n => Array.IndexOf(strangers, n)));
    }
}
