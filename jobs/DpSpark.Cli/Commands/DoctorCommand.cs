using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using DpSpark.Cli.Output;
using DpSpark.Cli.Samples;
using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark doctor</c>: looks at the machine and runs a tiny test, so that a real run meets no surprise.</summary>
internal static class DoctorCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var temp = new Option<string?>("--temp") { Description = "Folder for temporary files (default: the system's).", HelpName = "DIR" };
        var ledger = new Option<string?>("--ledger") { Description = "A ledger to look at.", HelpName = "FILE" };
        var command = new Command("doctor", "Checks the machine, the temporary folder and a ledger, and runs a tiny test job.") { temp, ledger };
        ReportOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            var reporter = ReportOptions.Create(parsed, host, isJson: false, resultFile: null);
            return reporter.Guard(cancellation =>
            {
                var folder = parsed.GetValue(temp) is { } given ? Path.GetFullPath(given, host.Folder) : null;
                var codes = new List<int>
                {
                    Check(reporter, "machine", () => string.Create(CultureInfo.InvariantCulture,
                        $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB")),
                    Check(reporter, "temp", () => Temp(folder)),
                    Check(reporter, "job", () => Probe(folder, cancellation)),
                };
                if (parsed.GetValue(ledger) is { } file)
                {
                    codes.Add(Check(reporter, "ledger", () => Ledger(Path.GetFullPath(file, host.Folder), host)));
                }

                var worst = codes.FirstOrDefault(c => c != ExitCodes.Ok);
                reporter.Line(worst == ExitCodes.Ok ? "All well." : "Something is missing; see above.");
                return worst;
            });
        });
        return command;
    }

    private static int Check(Reporter reporter, string name, Func<string> look)
    {
        try
        {
            reporter.Line($"ok      {name,-8} {look()}");
            return ExitCodes.Ok;
        }
        catch (DpSparkException e)
        {
            reporter.Line($"fault   {name,-8}");
            reporter.Diagnostics(Faults.Of(e, null));
            return e.ExitCode;
        }
    }

    private static string Temp(string? folder)
    {
        using var spill = TempSpillStore.Open(folder);
        using var file = spill.Create();
        file.Write(new byte[4096]);
        var free = new DriveInfo(spill.Folder).AvailableFreeSpace >> 20;
        return string.Create(CultureInfo.InvariantCulture, $"{Path.GetDirectoryName(spill.Folder)}, {free} MiB free");
    }

    /// <summary>Runs the restaurant sample as a test without noise, in the temporary folder.</summary>
    private static string Probe(string? temp, CancellationToken cancellation)
    {
        using var spill = TempSpillStore.Open(temp);
        var folder = Path.Combine(spill.Folder, "probe");
        SampleFiles.Create("restaurant").WriteTo(folder);
        var job = ManifestReader.Read(Path.Combine(folder, "job.yml")).EnsureJob();
        var result = JobRunner.Run(job, Planner.Plan(job.Request), new RunSettings { Mode = RunMode.Bounded, TempFolder = temp, ToolVersion = CommandLine.Version }, new Silent(), cancellation);
        return string.Create(CultureInfo.InvariantCulture, $"a test of the restaurant sample gave {result.Rows} rows in {result.Elapsed.TotalSeconds:0.0} s");
    }

    private static string Ledger(string file, CliHost host)
    {
        using var ledger = BudgetLedger.Open(file, LedgerOpenMode.Existing, default, host.Time);
        var chain = ledger.Verify();
        return chain.IsOk ? string.Create(CultureInfo.InvariantCulture, $"{file}, chain ok, {chain.Entries} entries")
            : throw new DpSparkException("DPS4010", ExitCodes.Assurance, $"the hash chain of {file} is broken.", null, ["see `dpspark ledger verify`"]);
    }

    private sealed class Silent : IRunObserver
    {
        public void Step(string step, string text)
        {
        }

        public void Progress(StageProgress progress)
        {
        }
    }
}
