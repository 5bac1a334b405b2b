using System.CommandLine;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark plan</c>: what a job would cost and how exact it would be. Opens no data.</summary>
internal static class PlanCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var job = new JobOptions();
        var output = new Option<string?>("--output", "-o") { Description = "Where plan.json goes (default: beside the manifest).", HelpName = "FILE" };
        var command = new Command("plan", "Shows cost, noise and error of a job; opens no data.");
        job.AddTo(command);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var reporter = job.Reporter(parsed, host);
            return reporter.Guard(_ =>
            {
                var loaded = LoadedJob.Load(parsed, job, host, requireLedger: false);
                var failed = job.IsStrict(parsed) ? JobOptions.Strict(loaded.Diagnostics) : null;
                var file = parsed.GetValue(output) is { } given ? Path.GetFullPath(given, host.Folder) : Path.Combine(loaded.Job.Folder, "plan.json");
                var json = PlanJson.Write(loaded.Plan);
                Write(file, json);
                if (reporter.IsJson)
                {
                    reporter.Diagnostics(loaded.Diagnostics);
                    host.Out.Write(System.Text.Encoding.UTF8.GetString(json));
                    return failed ?? ExitCodes.Ok;
                }

                reporter.Line(PlanText.Write(loaded.Plan).TrimEnd('\n'));
                reporter.Line("");
                var diagnostics = failed is null ? loaded.Diagnostics : [.. loaded.Diagnostics.Select(d => d with { Severity = DiagnosticSeverity.Error })];
                var code = reporter.Finish(new CommandResult
                {
                    Outcome = failed is null ? "planned" : "refused",
                    ExitCode = failed ?? ExitCodes.Ok,
                    Epsilon = loaded.Plan.Epsilon.ToString(),
                    Delta = loaded.Plan.Delta.ToString(),
                    Diagnostics = diagnostics,
                });
                reporter.Line(failed is null
                    ? $"Plan OK. Nothing was read, nothing was spent.   {Path.GetFileName(file)} written."
                    : "Warnings are errors (--strict). Nothing was read, nothing was spent.");
                return code;
            });
        });
        return command;
    }

    private static void Write(string file, byte[] json)
    {
        try
        {
            File.WriteAllBytes(file, json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DpSparkException("DPS6104", ExitCodes.Environment, $"the plan cannot be written to {file}.", e.Message, ["name another file with -o FILE"], e);
        }
    }
}
