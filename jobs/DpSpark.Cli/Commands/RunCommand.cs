using System.CommandLine;
using System.Globalization;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Running;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark run</c>.</summary>
internal sealed class RunCommand
{
    private readonly CliHost _host;
    private readonly JobOptions _job = new();
    private readonly SparkOptions _spark = new();
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
        run._spark.AddTo(command);
        foreach (var option in new Option[]
        {
            run._memory, run._threads, run._temp, run._runLog, run._ledger, run._wait, run._runId, run._target, run._output, run._testMode, run._testKey, run._replayExitCode,
        })
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
        }, e => loaded?.Locate(e) ?? Diagnostic.FromException(e), _spark.Patience(parsed, _host));
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
            Spark = _spark.Settings(parsed, _host),
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
            Output = result.ClusterOutput ?? result.OutputPath,
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
            reporter.Line($"Output    {result.ClusterOutput ?? Shown(result.OutputPath)}", Verbosity.Normal);
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
