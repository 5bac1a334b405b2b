using System.CommandLine;
using System.CommandLine.Help;
using System.Reflection;
using DpSpark.Cli.Commands;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli;

/// <summary>Parses the arguments, runs the verb, and turns whatever happens into messages and an exit code.</summary>
internal static class CommandLine
{
    private static readonly string[] s_later =
        ["init", "explain", "diff", "submit", "profile", "tune", "calibrate", "report", "verify", "audit", "selftest"];

    /// <summary>Version of the tool.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="host">The world outside.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, CliHost host)
    {
        if (DriverProgram.IsStartedBySpark(args, host))
        {
            return DriverProgram.Run(args, host);
        }

        var root = Build(host);
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            return Usage(parsed, args, host);
        }

        return parsed.Invoke(new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Build(CliHost host)
    {
        var root = new RootCommand("Differentially private releases from files of rows.");
        root.Add(RunCommand.Create(host));
        root.Add(PlanCommand.Create(host));
        root.Add(ValidateCommand.Create(host));
        root.Add(SampleCommand.Create(host));
        root.Add(SchemaCommand.Create(host));
        root.Add(LedgerCommand.Create(host));
        root.Add(DoctorCommand.Create(host));
        return root;
    }

    private static int Usage(ParseResult parsed, string[] args, CliHost host)
    {
        var verb = args.FirstOrDefault(a => !a.StartsWith('-'));
        var diagnostics = s_later.Contains(verb)
            ? [new Diagnostic { Code = "DPS2008", Message = $"`dpspark {verb}` is not supported yet.", Fixes = ["see `dpspark --help` for what is"] }]
            : parsed.Errors.Select(e => e.Message).Distinct()
                .Select(m => new Diagnostic { Code = "DPS2099", Message = m.TrimEnd('.') + ".", Fixes = ["see `dpspark " + (parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ") + "--help`"] })
                .ToArray();
        var isJson = ValueAfter(args, "--format") == "json";
        var file = ValueAfter(args, "--result-file");
        new Reporter(host, isJson, file is null ? null : Path.GetFullPath(file, host.Folder), Verbosity.Normal, color: false).Finish(new CommandResult
        {
            Outcome = "refused",
            ExitCode = ExitCodes.Usage,
            Diagnostics = diagnostics,
        });
        return ExitCodes.Usage;
    }

    private static string? ValueAfter(string[] args, string option)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == option && i + 1 < args.Length)
            {
                return args[i + 1];
            }

            if (args[i].StartsWith(option + "=", StringComparison.Ordinal))
            {
                return args[i][(option.Length + 1)..];
            }
        }

        return null;
    }
}
