using System.CommandLine;
using System.Globalization;
using DpSpark.Cli.Output;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Cli.Commands;

/// <summary>The options that verbs about a job share: the manifest, its variables, and how results are written.</summary>
internal sealed class JobOptions
{
    /// <summary>The manifest.</summary>
    public Argument<string> Job { get; } = new("job.yml") { Description = "The job manifest.", DefaultValueFactory = _ => "job.yml", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<DateOnly?> _runDate = new("--run-date") { Description = "Date of the run, 2026-11-20.", HelpName = "date", CustomParser = OptionParsers.Date };

    private readonly Option<string[]> _var = new("--var") { Description = "Sets a variable of the manifest; may be repeated.", HelpName = "k=v", AllowMultipleArgumentsPerToken = false };

    private readonly Option<string> _format = ReportOptions.Format();

    private readonly Option<string?> _resultFile = new("--result-file") { Description = "Writes the result object to a file (4 KB at most).", HelpName = "r.json" };

    private readonly Option<bool> _strict = new("--strict") { Description = "Warnings become errors." };

    /// <summary>Adds all of them to a verb.</summary>
    public void AddTo(Command command)
    {
        Job.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value is ['-', _, ..] option)
            {
                result.AddError($"there is no option `{option}`");
            }
        });
        command.Add(Job);
        command.Add(_runDate);
        command.Add(_var);
        command.Add(_format);
        command.Add(_resultFile);
        command.Add(_strict);
        ReportOptions.AddTo(command);
    }

    /// <summary>Full path of the manifest.</summary>
    public static string PathOf(string job, CliHost host) => Path.GetFullPath(job, host.Folder);

    /// <summary>The manifest as the user named it.</summary>
    public string FileOf(ParseResult parsed) => parsed.GetValue(Job) ?? "job.yml";

    /// <summary>Whether warnings are errors.</summary>
    public bool IsStrict(ParseResult parsed) => parsed.GetValue(_strict);

    /// <summary>The date of the run, or null.</summary>
    public DateOnly? RunDate(ParseResult parsed) => parsed.GetValue(_runDate);

    /// <summary>The variables.</summary>
    /// <exception cref="DpSparkException">One is not <c>k=v</c>.</exception>
    public IReadOnlyDictionary<string, string> Vars(ParseResult parsed)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(_var) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new DpSparkException("DPS2099", ExitCodes.Usage, $"--var '{text}' is not of the form name=value.", null, ["write --var name=value"]);
            }

            result[text[..equals]] = text[(equals + 1)..];
        }

        return result;
    }

    /// <summary>The reporter that the options ask for.</summary>
    public Reporter Reporter(ParseResult parsed, CliHost host) =>
        ReportOptions.Create(parsed, host, parsed.GetValue(_format) == "json", parsed.GetValue(_resultFile) is { } file ? Path.GetFullPath(file, host.Folder) : null);

    /// <summary>Which exit code warnings mean under <c>--strict</c>, or null where there is no warning.</summary>
    public static int? Strict(IReadOnlyList<Diagnostic> diagnostics)
    {
        var warnings = diagnostics.Where(d => d.Severity == DiagnosticSeverity.Warning).ToArray();
        return warnings.Length == 0 ? null : warnings.Any(d => d.Code.StartsWith("DPS2", StringComparison.Ordinal)) ? ExitCodes.Usage : ExitCodes.Goals;
    }
}

/// <summary>Options of every verb: how much is said and in which form.</summary>
internal static class ReportOptions
{
    private static readonly Option<Verbosity> s_verbosity = new("--verbosity", "-v")
    {
        Description = "quiet, minimal, normal, detailed or diagnostic.",
        HelpName = "level",
        DefaultValueFactory = _ => Verbosity.Normal,
        CustomParser = OptionParsers.Verbosity,
    };

    private static readonly Option<bool> s_noColor = new("--no-color") { Description = "No colour (also NO_COLOR)." };

    private static readonly Option<bool> s_noProgress = new("--no-progress") { Description = "No progress bars." };

    /// <summary>A new <c>--format</c>.</summary>
    public static Option<string> Format()
    {
        var format = new Option<string>("--format") { Description = "text, or json on standard output.", HelpName = "text|json", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    /// <summary>Adds the options to a verb.</summary>
    public static void AddTo(Command command)
    {
        command.Add(s_verbosity);
        command.Add(s_noColor);
        command.Add(s_noProgress);
    }

    /// <summary>The reporter that they ask for.</summary>
    public static Reporter Create(ParseResult parsed, CliHost host, bool isJson, string? resultFile) => new(host, isJson, resultFile, parsed.GetValue(s_verbosity),
        host.IsTerminal && !isJson && !parsed.GetValue(s_noColor) && string.IsNullOrEmpty(host.Environment("NO_COLOR")));

    /// <summary>Whether bars are wanted.</summary>
    public static bool Bars(ParseResult parsed, CliHost host, bool isJson) => host.IsTerminal && !isJson && !parsed.GetValue(s_noProgress);
}

/// <summary>Turns the texts of options into values; a text that is none is a usage fault.</summary>
internal static class OptionParsers
{
    /// <summary>A date such as 2026-11-20.</summary>
    public static DateOnly? Date(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (DateOnly.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not a date; write it as 2026-11-20");
        return null;
    }

    /// <summary>A number of bytes such as 1GiB, 512MiB, 2GB or 1000000.</summary>
    public static long? Bytes(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        long? unit = text[digits..].Trim().ToUpperInvariant() switch
        {
            "" or "B" => 1,
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "K" or "KIB" => 1L << 10,
            "M" or "MIB" => 1L << 20,
            "G" or "GIB" => 1L << 30,
            "TIB" => 1L << 40,
            _ => null,
        };
        if (digits is > 0 and < 13 && unit is { } factor && long.Parse(text[..digits], CultureInfo.InvariantCulture) is var number && number <= long.MaxValue / factor && number * factor >= 64 << 20)
        {
            return number * factor;
        }

        result.AddError($"'{text}' is not an amount of memory of at least 64MiB; write it as 1GiB or 512MiB");
        return null;
    }

    /// <summary>A length of time such as 90s, 10m or 1h.</summary>
    public static TimeSpan Duration(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            switch (text[^1])
            {
                case 's':
                    return TimeSpan.FromSeconds(number);
                case 'm':
                    return TimeSpan.FromMinutes(number);
                case 'h':
                    return TimeSpan.FromHours(number);
            }
        }

        result.AddError($"'{text}' is not a length of time; write it as 90s, 10m or 1h");
        return default;
    }

    /// <summary>How much is said.</summary>
    public static Verbosity Verbosity(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        foreach (var value in Enum.GetValues<Verbosity>())
        {
            var name = value.ToString().ToLowerInvariant();
            if (text == name || text == name[..1] || (value == Output.Verbosity.Diagnostic && text == "diag"))
            {
                return value;
            }
        }

        result.AddError($"'{text}' is not a verbosity; write quiet, minimal, normal, detailed or diagnostic");
        return default;
    }

    /// <summary>32 bytes as 64 hex digits.</summary>
    public static string? Key(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text.Length == 64 && text.All(char.IsAsciiHexDigit))
        {
            return text;
        }

        result.AddError("--test-key is not 64 hex digits");
        return null;
    }

    /// <summary>A whole number in a range.</summary>
    public static Func<System.CommandLine.Parsing.ArgumentResult, int?> Whole(int least, int most) => result =>
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"'{result.Tokens[0].Value}' is not a whole number from {least} to {most}"));
        return null;
    };
}
