using System.Diagnostics;
using DpSpark.Connect;
using DpSpark.Core;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks;
using DpSpark.Jobs.Spark;
using DpSpark.Spark.Tests.Jobs;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>
/// What can break while a release is computed on a cluster: each fault ends in the numbers of an attempt that nothing disturbed, charged once, or in an error with nothing to be seen and the
/// budget as it was reserved.
/// </summary>
[Collection(FaultCollection.Name)]
public sealed class LostTaskTests(FaultClusterFixture spark)
{
    private const string Bound = "bound";
    private const string Release = "release";

    [SkippableTheory]
    [InlineData(Bound)]
    [InlineData(Release)]
    public void Run_WorkerKilledMidTask_IsTheSame(string step)
    {
        var server = spark.Server;
        using var job = new FaultJob();
        spark.Gates.Hold(step);

        job.AssertReleasedAsUndisturbed(FaultJob.SettingsOf(server), () => TaskGates.Kill(spark.Gates.WaitUntilHeld(step)));
    }

    [Trait("Category", "Cluster")]
    [SkippableFact]
    public void Run_ExecutorKilledWhileItBounds_IsTheSame()
    {
        var server = spark.Server;
        using var job = new FaultJob();
        spark.Gates.Hold(Bound);

        job.AssertReleasedAsUndisturbed(FaultJob.SettingsOf(server), () => TaskGates.Kill(TaskGates.ExecutorOf(spark.Gates.WaitUntilHeld(Bound))));
    }

    [Trait("Category", "Cluster")]
    [SkippableFact]
    public void Release_ShuffleOutputLostAfterSuccess_IsComputedAgainAndChargedOnce()
    {
        var server = spark.Server;
        using var job = new FaultJob();
        spark.Gates.Hold(Release);
        var before = 0;

        // Both executors have finished bounding when the first task of the next step runs: what they computed goes with one of them.
        job.AssertReleasedAsUndisturbed(FaultJob.SettingsOf(server), () =>
        {
            var worker = spark.Gates.WaitUntilHeld(Release);
            before = spark.Gates.Seen(Bound);
            TaskGates.Kill(TaskGates.ExecutorOf(worker));
        });

        Assert.InRange(spark.Gates.Seen(Bound), before + 1, int.MaxValue);
    }

    [Trait("Category", "Cluster")]
    [SkippableFact]
    public async Task Run_SpeculativeCopyWins_IsTheSame()
    {
        _ = spark.Server;
        await using var server = await spark.StartServerAsync(new Dictionary<string, string>
        {
            ["spark.speculation"] = "true",
            ["spark.speculation.interval"] = "100ms",
            ["spark.speculation.quantile"] = "0.1",
            ["spark.speculation.multiplier"] = "1.01",
            ["spark.speculation.minTaskRuntime"] = "100ms",
        });
        using var job = new FaultJob();
        spark.Gates.Hold(Bound);
        var held = 0;

        // Nobody lets the held task go: only its copy on the other worker can end the step.
        job.AssertReleasedAsUndisturbed(FaultJob.SettingsOf(server), () => held = spark.Gates.WaitUntilHeld(Bound));

        using var worker = Process.GetProcessById(held);
        Assert.False(worker.HasExited);
    }

    [SkippableFact]
    public async Task Run_ConnectStreamCut_IsTakenUpAgain()
    {
        var server = spark.Server;
        await using var proxy = new CutProxy(server.Address);
        using var job = new FaultJob();
        spark.Gates.Hold(Release);

        job.AssertReleasedAsUndisturbed(FaultJob.SettingsOf(server) with { Remote = $"sc://{proxy.Address}/;token={server.Token}" }, () =>
        {
            spark.Gates.WaitUntilHeld(Release);
            for (var cut = 0; cut < 3; cut++)
            {
                var before = proxy.Accepted;
                proxy.Cut();
                TaskGates.WaitUntil(() => proxy.Accepted > before, "the client did not come back");
            }

            spark.Gates.LetGo();
        });
    }

    [Trait("Category", "Cluster")]
    [SkippableFact]
    public async Task Release_ServerKilled_FailsWithNothingVisibleAndContinuesOnAnother()
    {
        var server = spark.Server;
        using var job = new FaultJob();
        var expected = job.Undisturbed();
        await using var doomed = await SparkServer.StartAsync(new() { DriverMemory = "768m", Environment = new Dictionary<string, string> { ["DPSPARK_TASK_GATE"] = spark.Gates.Folder } });
        spark.Gates.Hold(Bound);

        var run = Task.Run(() => job.Release(FaultJob.SettingsOf(doomed) with { Retry = new RetryPolicy { MaxRetries = 4 } }));
        FaultJob.During(run, () => spark.Gates.WaitUntilHeld(Bound));
        doomed.Kill();
        var fault = await Assert.ThrowsAsync<DpSparkException>(() => run);

        Assert.Equal(("DPS6001", ExitCodes.Environment), (fault.Code, fault.ExitCode));
        job.AssertNothingVisible();
        job.AssertRepaired(FaultJob.SettingsOf(server), expected);
    }

    [Trait("Category", "Cluster")]
    [SkippableFact]
    public void Release_ClientKilledWhileSparkComputes_ContinuesWithTheSameReservation()
    {
        var server = spark.Server;
        using var job = new FaultJob();
        var expected = job.Undisturbed();
        spark.Gates.Hold(Bound);

        using var client = FaultJob.Client(job.Folder, server, "");
        try
        {
            spark.Gates.WaitUntilHeld(Bound);
        }
        finally
        {
            client.Kill();
            client.WaitForExit();
            spark.Gates.LetGo();
        }

        job.AssertNothingVisible();
        job.AssertRepaired(FaultJob.SettingsOf(server), expected);
    }

    [SkippableFact]
    public void Release_CtrlCWhileSparkComputes_InterruptsTheOperationAndGivesTheBudgetBack()
    {
        Skip.If(OperatingSystem.IsWindows(), "skipped: Unix signals");
        var server = spark.Server;
        using var job = new FaultJob();
        spark.Gates.Hold(Bound);

        using var client = FaultJob.Client(job.Folder, server, "");
        var output = client.StandardOutput.ReadToEndAsync();
        var error = client.StandardError.ReadToEndAsync();
        spark.Gates.WaitUntilHeld(Bound);
        using (var kill = Process.Start("kill", ["-INT", client.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            Assert.True(client.WaitForExit(TimeSpan.FromMinutes(1)), "the client did not end");
        }

        // Nobody lets the held task go: it ends because the server was told to.
        Assert.True(client.ExitCode == ExitCodes.Cancelled, $"exit code {client.ExitCode}: {output.Result} {error.Result}");
        spark.Gates.WaitUntilCancelled(Bound);
        job.AssertGivenBack();
        Assert.Equal(RunOutcome.Released, job.Release(FaultJob.SettingsOf(server)).Outcome);
    }

    [SkippableTheory]
    [InlineData("staged", true)]
    [InlineData("staged", false)]
    [InlineData("committed", true)]
    [InlineData("published", true)]
    public void Release_ClientKilledAtAStep_IsRepairedWithTheSameBytes(string step, bool onSpark)
    {
        var server = spark.Server;
        using var job = new FaultJob();

        using (var client = FaultJob.Client(job.Folder, server, "kill:" + step))
        {
            var output = client.StandardOutput.ReadToEndAsync();
            var error = client.StandardError.ReadToEnd();
            client.WaitForExit();
            Assert.True(client.ExitCode == 137, $"the client was not killed at {step}: exit code {client.ExitCode} {error} {output.Result}");
        }

        var stages = Directory.EnumerateDirectories(job.Folder, ".out.staging-*").ToArray();
        Assert.Equal(step == "published", Directory.Exists(job["out"]));
        Assert.Equal(step == "published" ? 0 : 1, stages.Length);
        job.AssertRepaired(onSpark ? FaultJob.SettingsOf(server) : null, PartFiles.Hash(stages.FirstOrDefault() ?? job["out"]));
    }
}
