using System.CommandLine;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark validate</c>: whether a manifest is well-formed and can be planned. Opens no data.</summary>
internal static class ValidateCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var job = new JobOptions();
        var command = new Command("validate", "Checks a job manifest; opens no data.");
        job.AddTo(command);
        command.SetAction(parsed =>
        {
            var reporter = job.Reporter(parsed, host);
            return reporter.Guard(_ =>
            {
                var loaded = LoadedJob.Load(parsed, job, host, requireLedger: false);
                if (job.IsStrict(parsed) && JobOptions.Strict(loaded.Diagnostics) is { } strict)
                {
                    return reporter.Finish(CommandResult.Fault(strict, [.. loaded.Diagnostics.Select(d => d with { Severity = DiagnosticSeverity.Error })]));
                }

                if (!reporter.IsJson)
                {
                    reporter.Line($"{loaded.Job.File}: valid.");
                }

                return reporter.Finish(new CommandResult { Outcome = "valid", ExitCode = ExitCodes.Ok, Diagnostics = loaded.Diagnostics });
            });
        });
        return command;
    }
}
