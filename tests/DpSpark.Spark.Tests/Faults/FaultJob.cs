using System.Diagnostics;
using System.Globalization;
using System.Text;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks;
using DpSpark.Jobs.Spark;
using DpSpark.Spark.Tests.Jobs;
using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>A job with enough units that every slice of its shuffles has rows, and what must be true of it when something broke.</summary>
internal sealed class FaultJob : IDisposable
{
    private const int Units = 3000;
    private const int Days = 40;
    private readonly JobOnBoth _job;

    public FaultJob()
    {
        _job = new JobOnBoth(string.Create(CultureInfo.InvariantCulture, $$"""
            version: 1
            name: visits
            source: { csv: visits.csv, columns: { who: string, day: int, spend: double } }
            privacy_unit: { id: who, max_partitions_contributed: 2, max_contributions_per_partition: 1 }
            partition_by: [day]
            keyset: { values: { day: [{{string.Join(", ", Enumerable.Range(1, Days))}}] }, source: calendar }
            aggregates: [{ count: "*", as: visits }, { sum: spend, min_value: 0, max_value: 10, as: spend }]
            privacy: { epsilon: "1.0", delta: "0", noise: laplace }
            output: { path: out/, format: csv }
            ledger: { file: ledger.db, dataset: visits }

            """));
        var rows = new StringBuilder("who,day,spend\n");
        for (var i = 0; i < 4 * Units; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"v{i % Units},{1 + (i * 7 % Days)},{i % 11}.5\n");
        }

        _job.Write("visits.csv", rows.ToString());
    }

    public string Folder => _job[""];

    public string this[string name] => _job[name];

    public RunResult Release(SparkSettings? spark) => _job.Release(spark);

    /// <summary>A seeded test on Spark, whatever happens on the way, gives the files of the local engine.</summary>
    public void AssertSameAsHere(SparkSettings spark, Action meanwhile)
    {
        _job.Here("here");
        var run = Task.Run(() => _job.OnSpark(spark, "there"));
        During(run, meanwhile);
        run.GetAwaiter().GetResult();
        _job.AssertSame("here", "there");
    }

    /// <summary>
    /// Reserves and stops there, as a crash would, and lets a twin of the job go on with that reservation in this process, where nothing disturbs it.
    /// </summary>
    /// <returns>Hash of what the twin released: with the same secret, every attempt must give it.</returns>
    public string Undisturbed()
    {
        using (var client = Start(Folder, ["run", "job.yml"], "kill:running"))
        {
            var output = client.StandardOutput.ReadToEndAsync();
            var error = client.StandardError.ReadToEnd();
            client.WaitForExit();
            Assert.True(client.ExitCode == 137, $"the client did not stop after reserving: exit code {client.ExitCode} {error} {output.Result}");
        }

        var release = Assert.Single(_job.History("visits")).ReleaseId;
        using var twin = new JobOnBoth();
        twin.Copy(Folder);
        Assert.Equal(release, twin.Release(null).ReleaseId);
        return PartFiles.Hash(twin["out"])!;
    }

    /// <summary>A release on Spark, whatever happens on the way, has the numbers of an attempt that nothing disturbed, and is charged once.</summary>
    public void AssertReleasedAsUndisturbed(SparkSettings spark, Action meanwhile)
    {
        var expected = Undisturbed();
        var run = Task.Run(() => _job.Release(spark));
        During(run, meanwhile);

        Assert.Equal(RunOutcome.Released, run.GetAwaiter().GetResult().Outcome);
        Assert.Equal(expected, PartFiles.Hash(this["out"]));
        AssertRepaired(spark, expected);
    }

    /// <summary>With the worker of this build, which has gates: the cluster of these tests is on this machine, which nobody but them can know.</summary>
    public static SparkSettings SettingsOf(SparkServer server) => JobOnBoth.SettingsOf(server) with { Worker = new WorkerPlacement(WorkerShipping.Installed, WorkerArchive.Plain) };

    /// <summary>Does something while a run is under way; a run that ended too early says why.</summary>
    public static void During(Task run, Action meanwhile)
    {
        try
        {
            meanwhile();
        }
        catch (TimeoutException) when (run.IsFaulted)
        {
            run.GetAwaiter().GetResult();
        }
    }

    /// <summary>Nothing can be seen, nothing is charged, and the reservation was given back.</summary>
    public void AssertGivenBack()
    {
        Assert.False(Directory.Exists(this["out"]), "a run that did not commit left an output");
        Assert.Empty(Directory.EnumerateDirectories(Folder, ".out.staging-*"));
        Assert.Equal([ReleaseState.Freed], _job.History("visits").Select(h => h.State));
        Assert.Equal(ExactDecimal.Zero, Budget().SpentEpsilon);
    }

    /// <summary>Nothing that is not a whole release can be seen, and what was reserved is still charged.</summary>
    public void AssertNothingVisible()
    {
        Assert.False(Directory.Exists(this["out"]), "a run that did not commit left an output");
        Assert.DoesNotContain(_job.History("visits"), h => h.State == ReleaseState.Committed);
        Assert.Equal(ExactDecimal.One, Budget().SpentEpsilon);
    }

    /// <summary>Running again ends in one committed release, charged once, with the bytes that its record tells; and then there is nothing left to do.</summary>
    /// <param name="spark">The Spark to run on; null for this process.</param>
    /// <param name="staged">Hash of what an earlier attempt had staged, or null.</param>
    public void AssertRepaired(SparkSettings? spark, string? staged = null)
    {
        var before = _job.History("visits").Select(h => h.ReleaseId).ToArray();
        var result = _job.Release(spark);

        var entry = Assert.Single(_job.History("visits"));
        Assert.Equal(ReleaseState.Committed, entry.State);
        Assert.All(before, id => Assert.Equal(id, entry.ReleaseId));
        Assert.Equal(result.ReleaseId, entry.ReleaseId);
        Assert.Equal(ExactDecimal.One, Budget().SpentEpsilon);
        Assert.True(Budget().Chain.IsOk);
        Assert.True(File.Exists(this["out/_SUCCESS"]));
        using var record = System.Text.Json.JsonDocument.Parse(File.ReadAllText(this["out/_release.json"]));
        var hash = PartFiles.Hash(this["out"]);
        Assert.Equal(record.RootElement.GetProperty("output").GetProperty("sha256").GetString(), hash);
        Assert.Equal(staged ?? hash, hash);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName), n => n!.StartsWith('.') || n.EndsWith(".secret", StringComparison.Ordinal));
        Assert.Equal(RunOutcome.Replayed, _job.Release(null).Outcome);
    }

    /// <summary>The command line as a process of its own, with a fault in it.</summary>
    /// <param name="folder">Folder of <c>job.yml</c>.</param>
    /// <param name="server">The Spark to run on.</param>
    /// <param name="fault">The fault, or nothing.</param>
    /// <param name="worker">The worker; null for the one of this build.</param>
    public static Process Client(string folder, SparkServer server, string fault, string? worker = null)
    {
        return Start(folder, ["run", "job.yml", "--remote", server.ConnectionString, "--worker", worker ?? WorkerPlacement.Find(AppContext.BaseDirectory, isLocal: true).Path], fault);
    }

    public void Dispose() => _job.Dispose();

    private static Process Start(string folder, string[] args, string fault)
    {
        // Tests that run in the background of a shell inherit an ignored SIGINT; the command line under test is one that a person started.
        string[] program = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet"] : ["dotnet"];
        var start = new ProcessStartInfo(program[0], [.. program[1..], Path.Combine(AppContext.BaseDirectory, "DpSpark.FaultHost.dll"), .. args])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DPSPARK_FAULT"] = fault;
        return Process.Start(start)!;
    }

    private DatasetBudget Budget()
    {
        using var ledger = BudgetLedger.Open(this["ledger.db"], LedgerOpenMode.Existing);
        return ledger.Show("visits");
    }
}
