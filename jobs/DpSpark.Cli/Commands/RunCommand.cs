using System.CommandLine;
using System.Globalization;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Spark;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark run</c>.</summary>
internal sealed class RunCommand
{
    private static readonly string[] s_submitOptions = ["--master", "--deploy-mode", "--properties-file", "--archives"];

    private readonly CliHost _host;
    private readonly JobOptions _job = new();
    private readonly Option<string> _engine = new("--engine") { Description = "Where to run (default: local; spark where --remote or SPARK_REMOTE names a server).", HelpName = "local|spark", DefaultValueFactory = _ => "local" };
    private readonly Option<string?> _remote = new("--remote") { Description = "Run on the Spark Connect server there.", HelpName = "sc://host:port" };
    private readonly Option<string[]> _conf = new("--conf") { Description = "A setting of the Spark session; may be repeated.", HelpName = "k=v", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _worker = new("--worker") { Description = "Worker for Spark: an archive to send, or a path on the executors (default: the one beside dpspark).", HelpName = "FILE" };
    private readonly Option<string[]>[] _submit = [.. s_submitOptions.Select(n => new Option<string[]>(n) { Hidden = true })];
    private readonly Option<long?> _memory = new("--memory") { Description = "Most memory of the engine (default: half of the machine's).", HelpName = "1GiB", CustomParser = OptionParsers.Bytes };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads (default: all cores).", HelpName = "n", CustomParser = OptionParsers.Whole(1, 1024) };
    private readonly Option<string?> _temp = new("--temp") { Description = "Folder for temporary files (default: the system's).", HelpName = "DIR" };
    private readonly Option<string?> _runLog = new("--run-log") { Description = "True row counts and timings, for the operator's eyes only.", HelpName = "FILE" };
    private readonly Option<string?> _ledger = new("--ledger") { Description = "The ledger, in place of the manifest's.", HelpName = "FILE" };
    private readonly Option<TimeSpan> _wait = new("--wait") { Description = "How long to wait for a lock.", HelpName = "10m", CustomParser = OptionParsers.Duration };
    private readonly Option<string?> _runId = new("--run-id") { Description = "Id of the run, chosen by the scheduler.", HelpName = "id" };
    private readonly Option<string?> _target = new("--target") { Description = "Name of the environment, for example prod.", HelpName = "name" };
    private readonly Option<string?> _output = new("--output", "-o") { Description = "The output folder, in place of the manifest's.", HelpName = "DIR" };
    private readonly Option<string?> _testMode = new("--test-mode") { Description = "A run that is no release: raw, bounded or seeded.", HelpName = "mode" };
    private readonly Option<string?> _testKey = new("--test-key") { Description = "Key of --test-mode seeded.", HelpName = "64 hex digits", CustomParser = OptionParsers.Key };
    private readonly Option<int?> _replayExitCode = new("--replay-exit-code") { Description = "Exit code of a replay (default 0).", HelpName = "n", CustomParser = OptionParsers.Whole(0, 255) };

    private RunCommand(CliHost host) => _host = host;

    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var run = new RunCommand(host);
        var command = new Command("run", "Releases a job, or finds that it was released already.");
        run._job.AddTo(command);
        foreach (var option in new Option[]
        {
            run._engine, run._remote, run._conf, run._worker, run._memory, run._threads, run._temp, run._runLog, run._ledger, run._wait, run._runId, run._target, run._output, run._testMode, run._testKey, run._replayExitCode,
        }.Concat(run._submit))
        {
            command.Add(option);
        }

        run._testMode.AcceptOnlyFromAmong("raw", "bounded", "seeded");
        command.SetAction(run.Invoke);
        return command;
    }

    private int Invoke(ParseResult parsed)
    {
        var reporter = _job.Reporter(parsed, _host);
        LoadedJob? loaded = null;
        return reporter.Guard(cancellation =>
        {
            var settings = Settings(parsed);
            loaded = LoadedJob.Load(parsed, _job, _host, requireLedger: settings.Mode == RunMode.Release && settings.LedgerFile is null);
            if (_job.IsStrict(parsed) && JobOptions.Strict(loaded.Diagnostics) is { } strict)
            {
                return reporter.Finish(CommandResult.Fault(strict, AsErrors(loaded.Diagnostics)));
            }

            var steps = new StepPrinter(reporter, _host.Time, ReportOptions.Bars(parsed, _host, reporter.IsJson));
            var result = JobRunner.Run(loaded.Job, loaded.Plan, settings, steps, cancellation);
            return Finish(reporter, parsed, loaded, result);
        }, e => loaded?.Locate(e) ?? Diagnostic.FromException(e));
    }

    private RunSettings Settings(ParseResult parsed)
    {
        var mode = parsed.GetValue(_testMode) switch { "raw" => RunMode.Raw, "bounded" => RunMode.Bounded, "seeded" => RunMode.Seeded, _ => RunMode.Release };
        var key = parsed.GetValue(_testKey) is { } hex ? Convert.FromHexString(hex) : null;
        if (mode == RunMode.Seeded != (key is not null))
        {
            throw Usage("--test-mode seeded and --test-key go together.", "The key is what the noise is drawn from.", "write --test-mode seeded --test-key with 64 hex digits");
        }

        if (mode != RunMode.Release && parsed.GetValue(_target) == "prod")
        {
            throw Usage("a test cannot be run with --target prod.", "Its output has no privacy guarantee.", "leave --target away, or leave --test-mode away");
        }

        return new RunSettings
        {
            Mode = mode,
            Spark = Spark(parsed),
            TestKey = key,
            MemoryBytes = parsed.GetValue(_memory),
            Threads = parsed.GetValue(_threads),
            TempFolder = FullPath(parsed.GetValue(_temp)),
            RunLog = FullPath(parsed.GetValue(_runLog)),
            LedgerFile = FullPath(parsed.GetValue(_ledger)),
            Wait = parsed.GetValue(_wait),
            RunId = parsed.GetValue(_runId),
            OutputPath = FullPath(parsed.GetValue(_output)),
            ToolVersion = CommandLine.Version,
            Time = _host.Time,
        };
    }

    /// <summary>The Spark that is asked for, or null for this process. What is written on the command line wins over the environment.</summary>
    private SparkSettings? Spark(ParseResult parsed)
    {
        var engine = parsed.GetResult(_engine) is { Implicit: false } ? parsed.GetValue(_engine) : null;
        if (engine is not (null or "local" or "spark"))
        {
            throw Usage($"there is no engine '{engine}'.", null, "write --engine local or --engine spark");
        }

        if (_submit.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } submit)
        {
            throw Usage($"{submit.Name} starts a Spark application, which `dpspark run` does not do.", "It uses a Spark Connect server that is already there.",
                "write ./spark-submit.sh in place of dpspark run, or name a server with --remote sc://host:port");
        }

        var given = parsed.GetValue(_remote);
        var asked = new (string Name, bool IsThere)[] { ("--remote", given is not null), ("--conf", parsed.GetValue(_conf) is { Length: > 0 }), ("--worker", parsed.GetValue(_worker) is not null) }
            .FirstOrDefault(o => o.IsThere).Name;
        var remote = given ?? (_host.Environment("SPARK_REMOTE") is { Length: > 0 } named ? named : null);
        if (engine == "local" || (engine is null && remote is null))
        {
            return asked is null ? null : throw Usage($"{asked} is for runs on Spark.", engine == "local" ? "The job is to run in this process." : "No Spark is named.", "name a server with --remote sc://host:port, or leave it away");
        }

        if (remote is null)
        {
            throw Usage("--engine spark names no Spark.", null, "name a Spark Connect server with --remote sc://host:port or SPARK_REMOTE, or use ./spark-submit.sh");
        }

        return new SparkSettings
        {
            Remote = remote,
            Token = _host.Environment("SPARK_CONNECT_AUTHENTICATE_TOKEN"),
            Settings = Conf(parsed),
            Worker = (parsed.GetValue(_worker) ?? _host.Environment("DPSPARK_WORKER")) is { Length: > 0 } worker ? WorkerPlacement.Parse(worker, _host.Folder) : null,
        };
    }

    private Dictionary<string, string> Conf(ParseResult parsed)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(_conf) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Usage("--conf is not of the form name=value.", null, "write --conf spark.sql.shuffle.partitions=400");
            }

            settings[text[..equals]] = text[(equals + 1)..];
        }

        return settings;
    }

    private int Finish(Reporter reporter, ParseResult parsed, LoadedJob loaded, RunResult result)
    {
        var diagnostics = loaded.Diagnostics.ToList();
        if (result is { Outcome: RunOutcome.Released, Budget: { Cap: null } budget })
        {
            diagnostics.Add(new Diagnostic
            {
                Code = "DPS4030",
                Severity = DiagnosticSeverity.Warning,
                Message = $"dataset '{budget.Dataset}' has no cap: nothing stops its releases from adding up.",
                Why = $"It has spent epsilon {budget.SpentEpsilon}, delta {budget.SpentDelta} so far.",
                Fixes = [$"set one: dpspark ledger cap {budget.Dataset} --epsilon E --delta D"],
            });
        }

        var code = result.Outcome == RunOutcome.Replayed ? parsed.GetValue(_replayExitCode) ?? ExitCodes.Ok : ExitCodes.Ok;
        Print(reporter, result);
        return reporter.Finish(new CommandResult
        {
            Outcome = result.Outcome.ToString().ToLowerInvariant(),
            ExitCode = code,
            ReleaseId = result.ReleaseId,
            RunId = result.RunId,
            Dataset = result.Budget?.Dataset,
            Epsilon = result.Epsilon.ToString(),
            Delta = result.Delta.ToString(),
            Rows = result.Rows,
            Output = result.OutputPath,
            Record = result.RecordPath,
            Diagnostics = diagnostics,
        });
    }

    private void Print(Reporter reporter, RunResult result)
    {
        if (reporter.IsJson)
        {
            return;
        }

        if (result.Outcome == RunOutcome.Replayed)
        {
            reporter.Line($"Already released: {result.ReleaseId} (same job, same input). Nothing was run, nothing was spent.");
            reporter.Line($"Output    {Shown(result.OutputPath)}", Verbosity.Normal);
            return;
        }

        if (result.Table is { } table && reporter.Verbosity >= Verbosity.Normal)
        {
            reporter.Text.WriteLine();
            TablePreview.Write(table, reporter.Text);
            reporter.Text.WriteLine();
        }

        var rows = $"{TablePreview.Grouped(result.Rows)} {(result.Rows == 1 ? "row" : "rows")}";
        var time = result.Elapsed.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        reporter.Line(result.Outcome == RunOutcome.Tested ? $"Tested    {rows}   {time}   no guarantee: not a release" : $"Released  {result.ReleaseId}   {rows}   {time}");
        if (result.Budget is { } budget)
        {
            reporter.Line($"Spent     epsilon {result.Epsilon}  delta {result.Delta}"
                + (budget.RemainingEpsilon is { } left ? $"     remaining for {budget.Dataset} epsilon {left}  delta {budget.RemainingDelta}" : ""));
        }

        reporter.Line($"Record    {Shown(result.RecordPath)}");
    }

    private static List<Diagnostic> AsErrors(IEnumerable<Diagnostic> diagnostics) =>
        [.. diagnostics.Select(d => d.Severity == DiagnosticSeverity.Warning ? d with { Severity = DiagnosticSeverity.Error } : d)];

    private string Shown(string path)
    {
        var relative = Path.GetRelativePath(_host.Folder, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path, _host.Folder);

    private static DpSparkException Usage(string message, string? why, string fix) => new("DPS2099", ExitCodes.Usage, message, why, [fix]);
}
