using DpSpark.Cli;
using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Tests.Running;

/// <summary>Every row of the table of situations: what happens, and what is spent.</summary>
public sealed class ReleaseSituationsTests : IDisposable
{
    private readonly JobFolder _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Run_FirstTime_ReleasesAndSpendsOnce()
    {
        var run = _job.Run();

        Assert.Equal((0, "released", 3), (run.Code, run.Json.GetProperty("outcome").GetString(), run.Json.GetProperty("rows").GetInt32()));
        Assert.Equal(["_SUCCESS", "_release.json", "part-00000.csv"], Directory.EnumerateFiles(_job["out"]).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));
        Assert.Equal(ReleaseState.Committed, Assert.Single(_job.History()).State);
        Assert.Equal(ExactDecimal.One, _job.Budget().SpentEpsilon);
        Assert.Empty(_job.Leavings());
    }

    [Fact]
    public void Run_Again_ReplaysAtNoCost()
    {
        var first = _job.Run();
        var written = File.GetLastWriteTimeUtc(_job["out", "part-00000.csv"]);

        var again = _job.Run();
        var asSkipped = _job.Run("--replay-exit-code", "99");

        Assert.Equal((0, "replayed"), (again.Code, again.Json.GetProperty("outcome").GetString()));
        Assert.Equal(first.Json.GetProperty("release_id").GetString(), again.Json.GetProperty("release_id").GetString());
        Assert.Equal((99, 99), (asSkipped.Code, asSkipped.Json.GetProperty("exit_code").GetInt32()));
        Assert.Equal(written, File.GetLastWriteTimeUtc(_job["out", "part-00000.csv"]));
        Assert.Single(_job.History());
    }

    [Theory]
    [InlineData("name: visits", "description: only words\nname: visits   # a comment")]
    [InlineData("epsilon: \"1.0\"", "epsilon: 1")]
    [InlineData("max_value: 10,", "max_value: 10.00,")]
    public void Run_AfterAnEditWithoutMeaning_Replays(string from, string to)
    {
        _job.Run();
        _job.Edit(from, to);

        var again = _job.Run();

        Assert.Equal("replayed", again.Json.GetProperty("outcome").GetString());
    }

    [Fact]
    public void Run_OutputRemoved_IsPutBackFromTheLedgersCopy()
    {
        _job.Run();
        var before = PartFiles.Hash(_job["out"]);
        var record = File.ReadAllText(_job["out", "_release.json"]);
        Directory.Delete(_job["out"], recursive: true);

        var again = _job.Run();

        Assert.Equal((0, "replayed"), (again.Code, again.Json.GetProperty("outcome").GetString()));
        Assert.Equal(before, PartFiles.Hash(_job["out"]));
        Assert.Equal(record, File.ReadAllText(_job["out", "_release.json"]));
        Assert.True(File.Exists(_job["out", "_SUCCESS"]));
    }

    [Fact]
    public void Run_AnotherPlace_GetsTheSameRelease()
    {
        _job.Run();
        _job.Edit("path: out/", "path: elsewhere/deep/");

        var again = _job.Run();

        Assert.Equal("replayed", again.Json.GetProperty("outcome").GetString());
        Assert.Equal(PartFiles.Hash(_job["out"]), PartFiles.Hash(_job["elsewhere", "deep"]));
        Assert.Single(_job.History());
    }

    [Fact]
    public void Run_OutputAltered_RaisesAnAlarmAndTouchesNothing()
    {
        _job.Run();
        File.AppendAllText(_job["out", "part-00000.csv"], "9,9,9\n");

        var again = _job.Run();

        Assert.Equal(ExitCodes.Assurance, again.Code);
        Assert.EndsWith("9,9,9\n", File.ReadAllText(_job["out", "part-00000.csv"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_InputChanged_IsRefusedUnlessTheJobAllowsIt()
    {
        _job.Run();
        File.AppendAllText(_job["visits.csv"], "v99,1,2\n");
        _job.Edit("path: out/", "path: out2/");
        var refused = _job.Run();
        _job.Edit("name: visits", "name: visits\non_late_data: release_again");

        var allowed = _job.Run();

        Assert.Equal((ExitCodes.Budget, "refused"), (refused.Code, refused.Json.GetProperty("outcome").GetString()));
        Assert.Equal((0, "released"), (allowed.Code, allowed.Json.GetProperty("outcome").GetString()));
        Assert.Equal(ExactDecimal.Parse("2"), _job.Budget().SpentEpsilon);
    }

    [Fact]
    public void Run_JobEdited_IsANewReleaseThatTheFolderMustMakeRoomFor()
    {
        _job.Run();
        _job.Edit("max_value: 10,", "max_value: 20,");
        var occupied = _job.Run();
        _job.Edit("format: csv", "format: csv, mode: replace");

        var replaced = _job.Run();

        Assert.Equal(ExitCodes.Usage, occupied.Code);
        Assert.Equal((0, "released"), (replaced.Code, replaced.Json.GetProperty("outcome").GetString()));
        Assert.Equal(2, _job.History().Count);
        Assert.Empty(_job.Leavings());
    }

    [Fact]
    public void Run_OverTheCap_IsRefusedBeforeAnythingIsWritten()
    {
        Assert.Equal(0, CommandLineRun.In(_job.Path, "ledger", "cap", "visits", "--epsilon", "0.5").Code);

        var run = _job.Run();

        Assert.Equal((ExitCodes.Budget, "refused"), (run.Code, run.Json.GetProperty("outcome").GetString()));
        Assert.Equal("DPS4001", run.Json.GetProperty("diagnostics")[0].GetProperty("code").GetString());
        Assert.False(Directory.Exists(_job["out"]));
        Assert.Empty(_job.History());
        Assert.Empty(_job.Leavings());
    }

    [Fact]
    public void Run_AnotherPurpose_IsAnotherRelease()
    {
        _job.Run();
        _job.Edit("dataset: visits }", "dataset: visits, purpose: audit }");
        _job.Edit("path: out/", "path: out2/");

        var other = _job.Run();

        Assert.Equal("released", other.Json.GetProperty("outcome").GetString());
        Assert.Equal(2, _job.History().Count);
    }

#if DEBUG
    [Fact]
    public void Run_WhileTheSameReleaseRuns_IsBusy()
    {
        using var first = CommandLineRun.Start(_job.Path, "wait:engine-started", "run", "--temp", _job["tmp"]);
        Assert.Equal("waiting", first.StandardError.ReadLine());

        var second = _job.Run();
        first.Kill();
        first.WaitForExit();
        var third = _job.Run();

        Assert.Equal(ExitCodes.Busy, second.Code);
        Assert.Equal("released", third.Json.GetProperty("outcome").GetString());
        Assert.Equal(2, Assert.Single(_job.History()).Attempts);
    }
#endif

    [Fact]
    public void Run_CancelledBeforeAnythingWasWritten_SpendsNothing()
    {
        var run = CommandLineRun.In(_job.Path, AlreadyInterrupted, "run", "--format", "json", "--temp", _job["tmp"]);

        Assert.Equal((ExitCodes.Cancelled, "cancelled"), (run.Code, run.Json.GetProperty("outcome").GetString()));
        Assert.False(Directory.Exists(_job["out"]));
    }

#if DEBUG
    [SkippableTheory]
    [InlineData("SIGINT")]
    [InlineData("SIGTERM")]
    public void Run_SignalWhileTheEngineHangs_EndsWithinTwoSecondsAndRunningAgainReleases(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "skipped: Unix signals");
        using var run = CommandLineRun.Start(_job.Path, "wait:engine-started", "run", "--temp", _job["tmp"]);
        Assert.Equal("waiting", run.StandardError.ReadLine());

        using (var kill = System.Diagnostics.Process.Start("kill", ["-" + signal[3..], run.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            Assert.True(run.WaitForExit(TimeSpan.FromSeconds(4)), "the run did not end");
        }

        Assert.Equal(ExitCodes.Cancelled, run.ExitCode);
        Assert.Equal("released", _job.Run().Json.GetProperty("outcome").GetString());
    }
#endif

    [Fact]
    public void Record_OfARelease_HoldsWhatAReaderNeedsAndNothingOfTheInput()
    {
        _job.Run();
        var text = File.ReadAllText(_job["out", "_release.json"]);
        using var record = System.Text.Json.JsonDocument.Parse(text);
        var root = record.RootElement;

        Assert.Equal("dpspark/release/v1", root.GetProperty("$schema").GetString());
        Assert.Equal("pure DP", root.GetProperty("guarantee").GetProperty("definition").GetString());
        Assert.StartsWith("sha256:", root.GetProperty("guarantee").GetProperty("secret_commitment").GetString(), StringComparison.Ordinal);
        Assert.Equal(PartFiles.Hash(_job["out"]), root.GetProperty("output").GetProperty("sha256").GetString());
        // A count and a sum of one column: two soft bins, which both numbers are read off.
        Assert.Equal(4, root.GetProperty("draws").GetArrayLength());
        Assert.Equal(1, root.GetProperty("ledger").GetProperty("entry").GetInt64());
        Assert.DoesNotContain("fingerprint", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("rows_read", text, StringComparison.Ordinal);
    }

    [Fact]
    public void RunLog_AskedFor_IsForItsOwnerAloneAndNeverInTheOutput()
    {
        var inside = _job.Run("--run-log", "out/log.json");
        var run = _job.Run("--run-log", "log.json");

        Assert.Equal(ExitCodes.Usage, inside.Code);
        Assert.Equal(0, run.Code);
        Assert.Contains("\"rows_read\": 60", File.ReadAllText(_job["log.json"]), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_job["log.json"]));
        }
    }

    private static Interruption AlreadyInterrupted()
    {
        var interruption = new Interruption(null);
        interruption.Cancel();
        return interruption;
    }
}
