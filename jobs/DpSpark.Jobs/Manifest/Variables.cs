using System.Globalization;
using System.Text;

namespace DpSpark.Jobs.Manifest;

/// <summary>The variables of a manifest: <c>${name}</c> from <c>vars</c> and <c>--var</c>, and the run date. <c>$${</c> is a plain <c>${</c>.</summary>
internal sealed class Variables(ManifestOptions options)
{
    /// <summary>Names that are built in, with or without a part after a colon.</summary>
    public const string RunDateName = "run_date";

    private const int MaxExpandedLength = 64 << 10;
    private readonly Dictionary<string, string?> _values = options.Vars.ToDictionary(v => v.Key, v => (string?)v.Value, StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _used = new(StringComparer.Ordinal);

    /// <summary>Variables used so far with their values.</summary>
    public IReadOnlyDictionary<string, string> Used => _used;

    /// <summary>All names, for suggestions.</summary>
    public IReadOnlyList<string> Names => [.. _values.Keys, RunDateName, RunDateName + ":monday", RunDateName + ":month"];

    /// <summary>Defines a variable of the manifest unless the command line gave it; null marks a name whose value was faulty, so that its uses are no further faults.</summary>
    public void Define(string name, string? value) => _values.TryAdd(name, value);

    /// <summary>Whether a name can be written as <c>${name}</c> and is not built in.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && name != RunDateName && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    /// <summary>Replaces the variables of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fault">What is wrong, or null.</param>
    /// <returns>The text, or null when there is a fault, told in <paramref name="fault"/> or known before.</returns>
    public string? Expand(string text, out VariableFault? fault)
    {
        fault = null;
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var rest = text.AsSpan(i);
            if (rest.StartsWith("$${", StringComparison.Ordinal))
            {
                result.Append("${");
                i += 3;
                continue;
            }

            if (!rest.StartsWith("${", StringComparison.Ordinal))
            {
                result.Append(text[i++]);
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0)
            {
                fault = new VariableFault(VariableFaultKind.Unclosed, text[i..]);
                return null;
            }

            var name = text[(i + 2)..end];
            if (Value(name, out fault) is not { } value)
            {
                return null;
            }

            result.Append(value);
            i = end + 1;
            if (result.Length > MaxExpandedLength)
            {
                fault = new VariableFault(VariableFaultKind.TooLong, name);
                return null;
            }
        }

        return result.ToString();
    }

    private string? Value(string name, out VariableFault? fault)
    {
        fault = null;
        if (name == RunDateName || name.StartsWith(RunDateName + ":", StringComparison.Ordinal))
        {
            if (options.RunDate is not { } date)
            {
                fault = new VariableFault(VariableFaultKind.NoRunDate, name);
                return null;
            }

            DateOnly? day = name[RunDateName.Length..] switch
            {
                "" => date,
                ":monday" => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
                ":month" => new DateOnly(date.Year, date.Month, 1),
                _ => null,
            };
            if (day is null)
            {
                fault = new VariableFault(VariableFaultKind.Unknown, name);
                return null;
            }

            return _used[name] = day.Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        if (!_values.TryGetValue(name, out var value))
        {
            fault = new VariableFault(name.StartsWith("snapshot:", StringComparison.Ordinal) ? VariableFaultKind.NotYet : VariableFaultKind.Unknown, name);
            return null;
        }

        if (value is not null)
        {
            _used[name] = value;
        }

        return value;
    }
}

/// <summary>Why a text with variables has no value.</summary>
internal enum VariableFaultKind
{
    Unknown,
    Unclosed,
    NoRunDate,
    NotYet,
    TooLong,
}

/// <summary>A fault of a variable.</summary>
internal sealed record VariableFault(VariableFaultKind Kind, string Name);
