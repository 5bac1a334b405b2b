using System.CommandLine;
using System.Globalization;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark ledger show|history|verify|cap</c>.</summary>
internal sealed class LedgerCommand
{
    private readonly CliHost _host;
    private readonly Argument<string?> _dataset = new("dataset") { Description = "Name of the dataset (default: the manifest's).", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _ledger = new("--ledger") { Description = "The ledger file (default: the manifest's).", HelpName = "FILE" };
    private readonly Option<string> _job = new("--job") { Description = "The manifest that names the ledger.", HelpName = "job.yml", DefaultValueFactory = _ => "job.yml" };
    private readonly Option<string> _format = ReportOptions.Format();
    private readonly Option<TimeSpan> _wait = new("--wait") { Description = "How long to wait for a lock.", HelpName = "10m", CustomParser = OptionParsers.Duration };
    private readonly Option<int?> _last = new("--last") { Description = "Newest entries only.", HelpName = "n", CustomParser = OptionParsers.Whole(1, int.MaxValue) };
    private readonly Option<string> _epsilon = new("--epsilon") { Description = "Most epsilon that the dataset may spend in all.", HelpName = "E", Required = true };
    private readonly Option<string> _delta = new("--delta") { Description = "Most delta that the dataset may spend in all.", HelpName = "D", DefaultValueFactory = _ => "0" };

    private LedgerCommand(CliHost host) => _host = host;

    /// <summary>The verb with its sub-verbs.</summary>
    public static Command Create(CliHost host)
    {
        var ledger = new LedgerCommand(host);
        var command = new Command("ledger", "What releases have cost.");
        command.Add(ledger.Verb("show", "Cap, spent budget and open reservations of a dataset.", ledger.Show));
        var history = ledger.Verb("history", "Releases of a dataset, newest first.", ledger.History);
        history.Add(ledger._last);
        command.Add(history);
        command.Add(ledger.Verb("verify", "Recomputes the hash chain.", ledger.Verify));
        var cap = ledger.Verb("cap", "Sets the total that a dataset may spend.", ledger.Cap);
        cap.Add(ledger._epsilon);
        cap.Add(ledger._delta);
        command.Add(cap);
        return command;
    }

    private Command Verb(string name, string description, Func<ParseResult, Reporter, int> action)
    {
        var command = new Command(name, description) { _dataset, _ledger, _job, _format, _wait };
        ReportOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            var reporter = ReportOptions.Create(parsed, _host, parsed.GetValue(_format) == "json", resultFile: null);
            return reporter.Guard(_ => action(parsed, reporter));
        });
        return command;
    }

    private int Show(ParseResult parsed, Reporter reporter)
    {
        using var ledger = Open(parsed, LedgerOpenMode.Existing, out var file, out var job);
        var budget = ledger.Show(DatasetOf(parsed, job));
        EnsureKnown(budget, file);
        if (reporter.IsJson)
        {
            reporter.Json(LedgerJson.Show(budget));
            return ChainCode(budget.Chain);
        }

        reporter.Line($"dataset {budget.Dataset}   ledger {file}   chain {ChainWord(budget.Chain)} ({Count(budget.Chain.Entries, "entry", "entries")})");
        reporter.Line("");
        reporter.Line(budget.Cap is { } cap ? $"cap         epsilon {cap.Epsilon}   delta {cap.Delta}   set {Day(cap.When)} by {cap.Principal}" : "cap         none: nothing stops releases from adding up");
        reporter.Line($"spent       epsilon {budget.SpentEpsilon}   delta {budget.SpentDelta}   ({Count(budget.Releases, "release", "releases")}, simple sum)");
        if (budget.Cap is not null)
        {
            reporter.Line($"left        epsilon {budget.RemainingEpsilon}   delta {budget.RemainingDelta}");
        }

        reporter.Line("");
        reporter.Line(budget.Open.Count == 0 ? "open reservations: none" : "open reservations:");
        foreach (var open in budget.Open)
        {
            reporter.Line($"  #{open.Number}  {open.ReleaseId}  {open.State.Name()}  epsilon {open.Epsilon}  delta {open.Delta}  until {Minute(open.Expires)}");
        }

        return ChainCode(budget.Chain);
    }

    private int History(ParseResult parsed, Reporter reporter)
    {
        using var ledger = Open(parsed, LedgerOpenMode.Existing, out var file, out var job);
        var dataset = DatasetOf(parsed, job);
        var entries = ledger.History(dataset, parsed.GetValue(_last));
        if (entries.Count == 0)
        {
            EnsureKnown(ledger.Show(dataset), file);
        }

        if (reporter.IsJson)
        {
            reporter.Json(LedgerJson.History(dataset, entries));
            return ExitCodes.Ok;
        }

        reporter.Line($"{"#",4}    {"when",-16}   {"release",-31}  {"epsilon",-8} {"delta",-8} {"by",-10} status");
        foreach (var entry in entries)
        {
            var status = entry.State.Name() + (entry.Attempts > 1 ? string.Create(CultureInfo.InvariantCulture, $" after {Count(entry.Attempts - 1, "retry", "retries")} (same noise)") : "");
            reporter.Line(string.Create(CultureInfo.InvariantCulture,
                $"{entry.Number,4}    {Minute(entry.When),-16}   {entry.ReleaseId,-31}  {entry.Epsilon.ToString(),-8} {entry.Delta.ToString(),-8} {entry.Principal,-10} {status}"));
        }

        return ExitCodes.Ok;
    }

    private int Verify(ParseResult parsed, Reporter reporter)
    {
        using var ledger = Open(parsed, LedgerOpenMode.Existing, out var file, out _);
        var chain = ledger.Verify();
        if (reporter.IsJson)
        {
            reporter.Json(LedgerJson.Verify(chain));
        }
        else
        {
            reporter.Line($"ledger {file}   chain {ChainWord(chain)} ({Count(chain.Entries, "entry", "entries")}, {Count(chain.Events, "event", "events")})");
        }

        if (!chain.IsOk)
        {
            reporter.Diagnostics([new Diagnostic
            {
                Code = "DPS4010",
                Message = $"the hash chain of the ledger is broken at event {chain.FirstBadEvent}" + (chain.FirstBadEntry is { } entry ? $", entry #{entry}." : "."),
                Why = "Something was changed, removed or inserted after it was written.",
                Fixes = ["compare it with a backup", "raise an alarm: what was spent is not certain any more"],
            }]);
        }

        return ChainCode(chain);
    }

    private int Cap(ParseResult parsed, Reporter reporter)
    {
        var epsilon = Number(parsed.GetValue(_epsilon)!, "--epsilon");
        var delta = Number(parsed.GetValue(_delta)!, "--delta");
        if (delta >= ExactDecimal.One)
        {
            throw Fault("--delta is a probability: at least 0 and below 1.", "write for example --delta 1e-6");
        }

        using var ledger = Open(parsed, LedgerOpenMode.OpenOrCreate, out _, out var job);
        var dataset = DatasetOf(parsed, job);
        ledger.SetCap(dataset, epsilon, delta, Environment.UserName);
        var budget = ledger.Show(dataset);
        if (reporter.IsJson)
        {
            reporter.Json(LedgerJson.Show(budget));
        }
        else
        {
            reporter.Line($"cap of {dataset}: epsilon {epsilon}, delta {delta}. Spent so far: epsilon {budget.SpentEpsilon}, delta {budget.SpentDelta}.");
        }

        return ExitCodes.Ok;
    }

    private BudgetLedger Open(ParseResult parsed, LedgerOpenMode mode, out string path, out JobManifest? job)
    {
        var given = parsed.GetValue(_ledger);
        job = Job(parsed, isNeeded: given is null);
        path = given is null ? JobRunner.LedgerPathOf(job!, null) : Path.GetFullPath(given, _host.Folder);
        return BudgetLedger.Open(path, mode, parsed.GetValue(_wait), _host.Time);
    }

    private JobManifest? Job(ParseResult parsed, bool isNeeded)
    {
        var file = parsed.GetValue(_job) ?? "job.yml";
        var path = JobOptions.PathOf(file, _host);
        var isNamed = parsed.GetResult(_job) is { Implicit: false };
        if (!isNeeded && !isNamed && (parsed.GetValue(_dataset) is not null || !File.Exists(path)))
        {
            return null;
        }

        // A manifest that needs variables or a date still names its ledger: a date that no release has stands in.
        return ManifestReader.Read(path, new ManifestOptions { RunDate = DateOnly.MinValue, KeysetFiles = new KeysetFileReader() }).EnsureJob();
    }

    private string DatasetOf(ParseResult parsed, JobManifest? job) => parsed.GetValue(_dataset) ?? job?.Ledger?.Dataset
        ?? throw Fault("no dataset is named.", "write `dpspark ledger show DATASET`, or name a manifest with --job");

    private static void EnsureKnown(DatasetBudget budget, string file)
    {
        if (budget.Cap is null && budget.Releases == 0 && budget.Open.Count == 0)
        {
            throw new DpSparkException("DPS4031", ExitCodes.Usage, $"the ledger {file} does not know a dataset '{budget.Dataset}'.", "It has no cap and no release.",
                ["check the spelling: it is `ledger.dataset` of the manifest"]);
        }
    }

    private static ExactDecimal Number(string text, string option) => ExactDecimal.TryParse(text, out var value) && value.Sign >= 0 ? value
        : throw Fault($"{option} is not a number of at least 0.", $"write for example {option} 1.0");

    private static DpSparkException Fault(string message, string fix) => new("DPS2099", ExitCodes.Usage, message, null, [fix]);

    private static int ChainCode(ChainReport chain) => chain.IsOk ? ExitCodes.Ok : ExitCodes.Assurance;

    private static string ChainWord(ChainReport chain) => chain.IsOk ? "ok" : "broken";

    private static string Count(long n, string one, string many) => TablePreview.Grouped(n) + " " + (n == 1 ? one : many);

    private static string Minute(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
