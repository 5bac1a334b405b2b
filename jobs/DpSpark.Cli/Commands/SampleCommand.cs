using System.CommandLine;
using DpSpark.Cli.Output;
using DpSpark.Cli.Samples;
using DpSpark.Core;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark sample</c>: writes a small job with synthetic data to try.</summary>
internal static class SampleCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var name = new Argument<string>("name") { Description = string.Join(", ", SampleFiles.Names) };
        name.AcceptOnlyFromAmong([.. SampleFiles.Names]);
        var output = new Option<string?>("--output", "-o") { Description = "Folder to write (default: the sample's name).", HelpName = "DIR" };
        var command = new Command("sample", "Writes a sample job with synthetic data.");
        command.Add(name);
        command.Add(output);
        ReportOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            var reporter = ReportOptions.Create(parsed, host, isJson: false, resultFile: null);
            return reporter.Guard(_ =>
            {
                var sample = SampleFiles.Create(parsed.GetValue(name)!);
                var shown = parsed.GetValue(output) ?? sample.Name;
                var folder = Path.GetFullPath(shown, host.Folder);
                if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
                {
                    throw new DpSparkException("DPS2095", ExitCodes.Usage, $"{shown} exists already and is not empty.", "A sample never overwrites files.", ["write it elsewhere with -o DIR"]);
                }

                try
                {
                    sample.WriteTo(folder);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new DpSparkException("DPS6106", ExitCodes.Environment, $"the sample cannot be written to {folder}.", e.Message, ["write it elsewhere with -o DIR"], e);
                }

                reporter.Line($"{shown} written: {string.Join(", ", sample.Files.Select(f => f.Path))}.");
                reporter.Line($"Next: cd {shown}, then `dpspark plan` and `dpspark run`.");
                return ExitCodes.Ok;
            });
        });
        return command;
    }
}
