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
using DpSpark.Jobs.Spark;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark doctor</c>: looks at the machine, at Spark and at a ledger, and runs a tiny test, so that a real run meets no surprise.</summary>
internal sealed class DoctorCommand
{
    /// <summary>Less free space than this is a fault: a run that spills would end in the middle.</summary>
    private const int SmallestTempMebibytes = 64;

    private readonly CliHost _host;
    private readonly SparkOptions _spark = new();
    private readonly Option<string?> _temp = new("--temp") { Description = "Folder for temporary files (default: the system's).", HelpName = "DIR" };
    private readonly Option<string?> _ledger = new("--ledger") { Description = "A ledger to look at.", HelpName = "FILE" };
    private readonly Option<string> _format = ReportOptions.Format();

    private DoctorCommand(CliHost host) => _host = host;

    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var doctor = new DoctorCommand(host);
        var command = new Command("doctor", "Checks the machine, the temporary folder, a ledger and Spark, and runs a tiny test job.") { doctor._temp, doctor._ledger, doctor._format };
        doctor._spark.AddTo(command);
        ReportOptions.AddTo(command);
        command.SetAction(doctor.Invoke);
        return command;
    }

    private int Invoke(ParseResult parsed)
    {
        var reporter = ReportOptions.Create(parsed, _host, parsed.GetValue(_format) == "json", resultFile: null);
        return reporter.Guard(cancellation =>
        {
            var (isSpark, spark) = _spark.Asked(parsed, _host);
            using var patient = spark is null ? null : new SparkDoctor(spark);
            var checks = new Checks(reporter);
            var folder = parsed.GetValue(_temp) is { } given ? Path.GetFullPath(given, _host.Folder) : null;
            checks.Look("machine", () => string.Create(CultureInfo.InvariantCulture,
                $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB"));
            checks.Look("temp", () => Temp(folder));
            checks.Look("job", () => Probe(folder, cancellation));
            if (parsed.GetValue(_ledger) is { } file)
            {
                checks.Look("ledger", () => Ledger(Path.GetFullPath(file, _host.Folder), _host));
            }

            if (isSpark || _spark.Engine(parsed) is null)
            {
                // A server that is there needs neither Java nor Spark here; ./spark-submit.sh needs both.
                var isNeeded = isSpark && spark is null;
                checks.Look("java", () => LocalSpark.Java(_host), isNeeded);
                checks.Look("spark", () => LocalSpark.Spark(_host), isNeeded);
                if (isNeeded)
                {
                    checks.Look("worker", () => _spark.Worker(parsed, _host) is { } named ? $"{named.Path} ({named.Reason})" : Found(WorkerPlacement.Find(AppContext.BaseDirectory, isLocal: true)));
                }
            }

            if (patient is not null)
            {
                checks.Chain([("server", patient.Server), ("worker", patient.Worker), ("probe", patient.Probe), ("types", patient.RoundTrip)], cancellation);
            }

            return checks.Finish();
        });
    }

    private static string Found(WorkerPlacement worker) =>
        $"{worker.Path} ({worker.Reason}{(worker.Shipping == WorkerShipping.Installed ? "; other masters need the archive: dotnet build deploy/worker.proj" : "")})";

    /// <summary>What was looked at so far.</summary>
    private sealed class Checks(Reporter reporter)
    {
        private readonly List<CheckResult> _results = [];
        private readonly List<Diagnostic> _faults = [];
        private int _worst = ExitCodes.Ok;

        public bool Look(string name, Func<string> look, bool isNeeded = true)
        {
            try
            {
                Add(new(name, "ok", look()));
                return true;
            }
            catch (DpSparkException e) when (!isNeeded)
            {
                Add(new(name, "note", e.Message + " Only ./spark-submit.sh needs it."));
                return true;
            }
            catch (DpSparkException e)
            {
                Add(new(name, "fault", e.Code));
                _faults.AddRange(Faults.Of(e, null));

                // What is missing is one kind of end, a ledger that was tampered with another.
                _worst = e.ExitCode == ExitCodes.Assurance || _worst == ExitCodes.Assurance ? ExitCodes.Assurance : ExitCodes.Environment;
                return false;
            }
        }

        /// <summary>Steps of which each needs the one before.</summary>
        public void Chain((string Name, Func<CancellationToken, string> Look)[] steps, CancellationToken cancellation)
        {
            var isWell = true;
            foreach (var (name, look) in steps)
            {
                if (isWell)
                {
                    isWell = Look(name, () => look(cancellation));
                }
                else
                {
                    Add(new(name, "skipped", "see the fault before it"));
                }
            }
        }

        public int Finish()
        {
            var code = reporter.Finish(new CommandResult { Outcome = _worst == ExitCodes.Ok ? "healthy" : "unhealthy", ExitCode = _worst, Checks = _results, Diagnostics = _faults });
            reporter.Line(code == ExitCodes.Ok ? "All well." : "Something is missing; see above.");
            return code;
        }

        private void Add(CheckResult result)
        {
            _results.Add(result);
            reporter.Line($"{result.State,-7} {result.Name,-8} {result.Text}");
        }
    }

    private static string Temp(string? folder)
    {
        using var spill = TempSpillStore.Open(folder);
        using var file = spill.Create();
        file.Write(new byte[4096]);
        var free = new DriveInfo(spill.Folder).AvailableFreeSpace >> 20;
        return free < SmallestTempMebibytes
            ? throw new DpSparkException("DPS6101", ExitCodes.Environment, string.Create(CultureInfo.InvariantCulture, $"the folder for temporary files has only {free} MiB left."), "A run that needs more memory than it has writes there.", ["name another folder with --temp"])
            : string.Create(CultureInfo.InvariantCulture, $"{Path.GetDirectoryName(spill.Folder)}, {free} MiB free");
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
