#if DEBUG
using System.Diagnostics;
using System.Globalization;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Spark.Tests.Faults;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Jobs;

/// <summary>
/// The client is killed while the server runs the very statement that publishes. The statement goes on without it; a run again finds, or makes, one whole release, and pays nothing.
/// </summary>
/// <remarks>Statements that write wait in the middle: their task gets no place, because another session's tasks hold all of them.</remarks>
[Collection(SparkCollection.Name)]
public sealed class KilledPublishTests(SparkServerFixture spark)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <summary>A rename has no middle to wait in: the kill comes a few milliseconds after it was sent, before, while or after it is done.</summary>
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(40)]
    public async Task NewTable_ClientKilledAroundTheRename_IsThereWholeOrNotAtAllAndThenOnce(int milliseconds)
    {
        var server = spark.Server;
        using var job = await SparkOutputTests.JobAsync(server);
        try
        {
            using var client = FaultJob.Client(job["."], server, string.Create(CultureInfo.InvariantCulture, $"soon:publishing,{milliseconds}"));
            var output = client.StandardOutput.ReadToEndAsync();
            var errors = await client.StandardError.ReadToEndAsync();
            await client.WaitForExitAsync();
            Assert.True(client.ExitCode is 0 or 137, errors + await output);

            var seen = (await SparkOutputTests.TablesAsync(server)).Contains("visits_out") ? await SparkOutputTests.RowsAsync(server, "visits_out") : null;
            var rows = await AssertMendedAsync(server, job, "visits_out");

            Assert.True(seen is null || seen.SequenceEqual(rows));
            Assert.Equal(["visits_out"], await SparkOutputTests.TablesAsync(server));
        }
        finally
        {
            await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReplacedTable_ClientKilledWhileRowsAreWritten_HoldsOneReleaseInTheEnd(bool waits)
    {
        var server = spark.Server;
        using var job = await SparkOutputTests.JobAsync(server);
        try
        {
            var first = job.Release(JobOnBoth.SettingsOf(server));
            var before = await SparkOutputTests.RowsAsync(server, "visits_out");
            job.Write("job.yml", SparkOutputTests.Manifest.Replace("table: visits_out,", "table: visits_out, mode: replace,", StringComparison.Ordinal)
                .Replace("dataset: visits", "dataset: visits, purpose: second", StringComparison.Ordinal));

            await KillWhileWritingAsync(server, job, Path.Combine(server.Folder, "warehouse", "visits_out"), waits);

            var rows = await AssertMendedAsync(server, job, "visits_out", releases: 2);
            Assert.NotEqual(before, rows);
            Assert.Equal(first.ReleaseId, job.History("visits")[^1].ReleaseId);
            Assert.Equal(["visits_out"], await SparkOutputTests.TablesAsync(server));
        }
        finally
        {
            await SparkSourceTests.SqlAsync(server, "DROP TABLE IF EXISTS visits_out");
        }
    }

    [SkippableTheory]
    [InlineData("error", true)]
    [InlineData("replace", true)]
    [InlineData("replace", false)]
    public async Task Folder_ClientKilledWhileFilesAreWritten_HoldsOneReleaseInTheEnd(string mode, bool waits)
    {
        var server = spark.Server;
        using var job = await SparkOutputTests.JobAsync(server);
        var address = $"file://{job["cluster"]}/out";
        job.Write("job.yml", SparkOutputTests.Manifest.Replace("table: visits_out,", $"path: \"{address}\", mode: {mode},", StringComparison.Ordinal));

        await KillWhileWritingAsync(server, job, job["cluster/out"], waits);

        await AssertMendedAsync(server, job, $"parquet.`{address}`");
        Assert.True(File.Exists(job["cluster/out/_SUCCESS"]));
    }

    /// <summary>Runs a job until the server is in the middle of what publishes it, kills it there, and lets the server go on.</summary>
    /// <param name="server">The server.</param>
    /// <param name="job">The job.</param>
    /// <param name="target">The folder that is written.</param>
    /// <param name="waits">Whether to wait until the server is done; else what follows runs beside it.</param>
    private static async Task KillWhileWritingAsync(SparkServer server, JobOnBoth job, string target, bool waits)
    {
        using var client = FaultJob.Client(job["."], server, "hold:publishing");
        var output = client.StandardOutput.ReadToEndAsync();
        string? line;
        var lines = new List<string>();
        while ((line = await client.StandardError.ReadLineAsync()) is not null and not "waiting")
        {
            lines.Add(line);
        }

        Assert.True(line is not null, string.Join('\n', lines));
        using var end = new CancellationTokenSource();
        var held = await HoldAllTasksAsync(server, end.Token);
        var unfinished = Path.Combine(target, "_temporary");
        try
        {
            await client.StandardInput.WriteLineAsync();
            await client.StandardInput.FlushAsync();
            await UntilAsync(() => Directory.Exists(unfinished));

            client.Kill();
            await client.WaitForExitAsync();
            await output;
            Assert.Equal(137, client.ExitCode);

            // In the middle of it nothing says that it is complete: no mark, no file with rows.
            Assert.False(File.Exists(Path.Combine(target, "_SUCCESS")));
            Assert.Empty(Directory.EnumerateFiles(target, "*.parquet"));
            Assert.Equal(ReleaseState.Committed, job.History("visits")[0].State);
        }
        finally
        {
            await end.CancelAsync();
            await held;
        }

        if (waits)
        {
            await UntilAsync(() => !Directory.Exists(unfinished) && File.Exists(Path.Combine(target, "_SUCCESS")));
        }
    }

    /// <summary>Tasks that sleep in every place of the server, in a session of their own.</summary>
    /// <returns>Ends when the token was cancelled and the tasks are gone.</returns>
    private static async Task<Task> HoldAllTasksAsync(SparkServer server, CancellationToken cancellation)
    {
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sleep = Task.Run(async () =>
        {
            await using var session = new ConnectSession(ConnectEndpoint.Parse(server.ConnectionString));
            try
            {
                var rows = SparkRelation.Sql("SELECT java_method('java.lang.Thread', 'sleep', 3600000L) FROM range(0, 2, 1, 2)");
                await foreach (var batch in session.CollectAsync(rows, new ExecuteOptions { Progress = p => _ = p.RunningTasks >= 2 && running.TrySetResult() }, cancellation))
                {
                    batch.Dispose();
                }
            }
            catch (OperationCanceledException)
            {
                // Let go.
            }
        }, CancellationToken.None);
        await Task.WhenAny(running.Task, sleep).WaitAsync(s_patience, CancellationToken.None);
        Assert.True(running.Task.IsCompleted, sleep.Exception?.ToString() ?? "the tasks did not sleep");
        return sleep;
    }

    /// <summary>A run again ends in one whole release, charged once; another one has nothing left to do.</summary>
    private static async Task<IReadOnlyList<string>> AssertMendedAsync(SparkServer server, JobOnBoth job, string from, int releases = 1)
    {
        var committed = job.History("visits")[0];
        var next = job.Release(JobOnBoth.SettingsOf(server));
        var rows = await SparkOutputTests.RowsAsync(server, from);
        var again = job.Release(JobOnBoth.SettingsOf(server));

        Assert.Equal((RunOutcome.Replayed, RunOutcome.Replayed), (next.Outcome, again.Outcome));
        Assert.Equal([committed.ReleaseId, committed.ReleaseId], new[] { next.ReleaseId, again.ReleaseId });
        Assert.Equal(3, rows.Count);
        Assert.Equal(rows, await SparkOutputTests.RowsAsync(server, from));
        Assert.All(job.History("visits"), h => Assert.Equal(ReleaseState.Committed, h.State));
        using var ledger = BudgetLedger.Open(job["ledger.db"], LedgerOpenMode.Existing);
        Assert.Equal(ExactDecimal.Parse(releases.ToString(CultureInfo.InvariantCulture)), ledger.Show("visits").SpentEpsilon);
        Assert.True(ledger.Show("visits").Chain.IsOk);
        return rows;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < s_patience, "it did not come to it");
            await Task.Delay(10);
        }
    }
}
#endif
