#if DEBUG
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Tests.Running;

/// <summary>
/// A run is killed with SIGKILL at every named step and at random moments. Afterwards nothing incomplete can be seen, the ledger shows at least what was spent, and running again
/// ends in exactly one committed release with nothing left behind.
/// </summary>
public sealed class KillTests : IDisposable
{
    private readonly JobFolder _job = new();

    public void Dispose() => _job.Dispose();

    private static readonly string[] s_ledgerSteps =
    [
        "reserved: secret written", "reserved: appended", "running: appended", "running: done", "staged: appended", "staged: done", "committed: appended", "committed: done", "secret destroyed",
    ];

    public static TheoryData<string> Steps() => [.. FailPoints.All.Where(s => s is not ("old-set-aside" or "bounds-found" or "keys-shown" or "publishing")), .. s_ledgerSteps];

    [Theory]
    [MemberData(nameof(Steps))]
    public void Run_KilledAtAStep_IsRepairedByRunningAgain(string step)
    {
        var killed = CommandLineRun.Process(_job.Path, "kill:" + step, "run", "--temp", _job["tmp"]);

        Assert.True(killed.Code is 137 or -1 or 9, $"the run was not killed at {step}: exit code {killed.Code} {killed.Error}");
        AssertSafe();
        AssertRepaired();
    }

    [Fact]
    public void Run_KilledBetweenTheRenames_IsRepairedByRunningAgain()
    {
        _job.Write("out/part-00000.csv", "an older release");
        _job.Edit("format: csv", "format: csv, mode: replace");

        var killed = CommandLineRun.Process(_job.Path, "kill:old-set-aside", "run", "--temp", _job["tmp"]);

        Assert.NotEqual(0, killed.Code);
        Assert.False(Directory.Exists(_job["out"]));
        AssertRepaired();
    }

    [Fact]
    public void Run_KilledAtRandomMoments_IsRepairedByRunningAgain()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        for (var i = 0; i < 20; i++)
        {
            using var job = new JobFolder();
            using var run = CommandLineRun.Start(job.Path, FormattableString.Invariant($"kill-after:{20 + random.Next(600)}"), "run", "--temp", job["tmp"]);
            var output = run.StandardOutput.ReadToEndAsync();
            run.StandardError.ReadToEnd();
            run.WaitForExit();

            AssertSafe(job);
            AssertRepaired(job);
        }
    }

    [Theory]
    [InlineData("engine-started")]
    [InlineData("stage-created")]
    [InlineData("stage-part-written")]
    public void Run_DiskFullInTheMiddle_FailsSafelyAndContinuesLater(string step)
    {
        var full = CommandLineRun.Process(_job.Path, "full:" + step, "run", "--temp", _job["tmp"]);

        Assert.Equal(1, full.Code);
        Assert.Contains("No space left", full.Error, StringComparison.Ordinal);
        AssertSafe();
        AssertRepaired();
    }

    [Fact]
    public void Run_KilledTwice_DrawsTheSameNoise()
    {
        CommandLineRun.Process(_job.Path, "kill:stage-written", "run", "--temp", _job["tmp"]);
        var stage = Directory.EnumerateDirectories(_job.Path, ".out.staging-*").Single();
        var first = PartFiles.Hash(stage);

        CommandLineRun.Process(_job.Path, "kill:stage-written", "run", "--temp", _job["tmp"]);

        Assert.Equal(first, PartFiles.Hash(stage));
        AssertRepaired();
        Assert.Equal(first, PartFiles.Hash(_job["out"]));
    }

    private void AssertSafe() => AssertSafe(_job);

    private void AssertRepaired() => AssertRepaired(_job);

    private static void AssertSafe(JobFolder job)
    {
        if (Directory.Exists(job["out"]))
        {
            Assert.True(File.Exists(job["out", "_SUCCESS"]), "a partial output is visible");
            Assert.Equal(ReleaseState.Committed, Assert.Single(job.History()).State);
        }

        if (Directory.EnumerateDirectories(job.Path, ".out.staging-*").Any())
        {
            Assert.Equal(ExactDecimal.One, job.Budget().SpentEpsilon);
        }
    }

    private static void AssertRepaired(JobFolder job)
    {
        var again = job.Run();

        Assert.True(again.Code == 0, again.Out + again.Error);
        var entry = Assert.Single(job.History(), e => e.State != ReleaseState.Freed);
        Assert.Equal(ReleaseState.Committed, entry.State);
        Assert.Equal(ExactDecimal.One, job.Budget().SpentEpsilon);
        Assert.True(job.Budget().Chain.IsOk);
        Assert.True(File.Exists(job["out", "_SUCCESS"]));
        using var record = System.Text.Json.JsonDocument.Parse(File.ReadAllText(job["out", "_release.json"]));
        Assert.Equal(record.RootElement.GetProperty("output").GetProperty("sha256").GetString(), PartFiles.Hash(job["out"]));
        Assert.Empty(job.Leavings());
        Assert.Equal("replayed", job.Run().Json.GetProperty("outcome").GetString());
    }
}
#endif
