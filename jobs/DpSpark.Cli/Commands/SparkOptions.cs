using System.CommandLine;
using DpSpark.Core;
using DpSpark.Jobs.Spark;

namespace DpSpark.Cli.Commands;

/// <summary>The options that say which Spark, shared by the verbs that use one.</summary>
internal sealed class SparkOptions
{
    private static readonly string[] s_submitOptions = ["--master", "--deploy-mode", "--properties-file", "--archives"];

    private readonly Option<string> _engine = new("--engine") { Description = "Where to run (default: local; spark where --remote or SPARK_REMOTE names a server).", HelpName = "local|spark", DefaultValueFactory = _ => "local" };
    private readonly Option<string?> _remote = new("--remote") { Description = "Run on the Spark Connect server there.", HelpName = "sc://host:port" };
    private readonly Option<string[]> _conf = new("--conf") { Description = "A setting of the Spark session; may be repeated.", HelpName = "k=v", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _worker = new("--worker") { Description = "Worker for Spark: an archive to send, or a path on the executors (default: the one beside dpspark).", HelpName = "FILE" };
    private readonly Option<string[]>[] _submit = [.. s_submitOptions.Select(n => new Option<string[]>(n) { Hidden = true })];

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _engine, _remote, _conf, _worker }.Concat(_submit))
        {
            command.Add(option);
        }
    }

    /// <summary>How long a run may take to end when it is interrupted: a server somewhere else has to be told first. Null where there is none.</summary>
    public TimeSpan? Patience(ParseResult parsed, CliHost host) =>
        parsed.GetValue(_remote) is not null || host.Environment("SPARK_REMOTE") is { Length: > 0 } ? TimeSpan.FromSeconds(10) : null;

    /// <summary>The Spark that is asked for, or null for this process. What is written on the command line wins over the environment.</summary>
    /// <exception cref="DpSparkException">The options contradict each other or name no server (DPS2099).</exception>
    public SparkSettings? Settings(ParseResult parsed, CliHost host)
    {
        var (isSpark, settings) = Asked(parsed, host);
        return !isSpark || settings is not null ? settings
            : throw Usage("--engine spark names no Spark.", null, "name a Spark Connect server with --remote sc://host:port or SPARK_REMOTE, or use ./spark-submit.sh");
    }

    /// <summary>Whether Spark is asked for, and the server that is named; <c>--engine spark</c> alone names none.</summary>
    /// <exception cref="DpSparkException">The options contradict each other (DPS2099).</exception>
    public (bool IsSpark, SparkSettings? Settings) Asked(ParseResult parsed, CliHost host)
    {
        var engine = Engine(parsed);
        if (engine is not (null or "local" or "spark"))
        {
            throw Usage($"there is no engine '{engine}'.", null, "write --engine local or --engine spark");
        }

        if (_submit.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } submit)
        {
            throw Usage($"{submit.Name} starts a Spark application, which `dpspark {parsed.CommandResult.Command.Name}` does not do.", "It uses a Spark Connect server that is already there.",
                "write ./spark-submit.sh in place of dpspark run, or name a server with --remote sc://host:port");
        }

        var given = parsed.GetValue(_remote);
        var asked = new (string Name, bool IsThere)[] { ("--remote", given is not null), ("--conf", parsed.GetValue(_conf) is { Length: > 0 }), ("--worker", parsed.GetValue(_worker) is not null) }
            .FirstOrDefault(o => o.IsThere).Name;
        var remote = given ?? (host.Environment("SPARK_REMOTE") is { Length: > 0 } named ? named : null);
        if (engine == "local" || (engine is null && remote is null))
        {
            return asked is null ? (false, null)
                : throw Usage($"{asked} is for runs on Spark.", engine == "local" ? "The job is to run in this process." : "No Spark is named.", "name a server with --remote sc://host:port, or leave it away");
        }

        return remote is null ? (true, null) : (true, new SparkSettings
        {
            Remote = remote,
            Token = host.Environment("SPARK_CONNECT_AUTHENTICATE_TOKEN"),
            Settings = Conf(parsed),
            Worker = Worker(parsed, host),
        });
    }

    /// <summary>The engine that is written on the command line, or null.</summary>
    public string? Engine(ParseResult parsed) => parsed.GetResult(_engine) is { Implicit: false } ? parsed.GetValue(_engine) : null;

    /// <summary>The worker that is named, or null.</summary>
    /// <exception cref="DpSparkException">It is not there (DPS6004).</exception>
    public WorkerPlacement? Worker(ParseResult parsed, CliHost host) =>
        (parsed.GetValue(_worker) ?? host.Environment("DPSPARK_WORKER")) is { Length: > 0 } worker ? WorkerPlacement.Parse(worker, host.Folder) : null;

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

    private static DpSparkException Usage(string message, string? why, string fix) => new("DPS2099", ExitCodes.Usage, message, why, [fix]);
}
