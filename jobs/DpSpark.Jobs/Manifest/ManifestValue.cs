using System.Globalization;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark.Jobs.Manifest;

/// <summary>A value of the manifest with its path. Reads it as what is expected and reports a fault, once, when it is something else.</summary>
/// <param name="scope">The reading.</param>
/// <param name="node">The value.</param>
/// <param name="at">Where faults point: the key, or the value itself in a list.</param>
/// <param name="path">Path of the value.</param>
internal sealed class ManifestValue(ManifestScope scope, YamlNode node, YamlNode at, string path)
{
    public ManifestScope Scope { get; } = scope;

    public YamlNode Node { get; } = node;

    public YamlNode At { get; } = at;

    public string Path { get; } = path;

    public bool IsMap => Node is YamlMap;

    public bool IsList => Node is YamlList;

    public bool IsScalar => Node is YamlScalar;

    private string Key => Printable.Text(Path.Length == 0 ? "the manifest" : Path);

    public void Error(string code, string message, string? why, params string[] fixes) => Scope.Error(code, Path, At, message, why, fixes);

    /// <summary>A fault inside of a text of one line: it points at a character of it.</summary>
    public void ErrorInText(string code, int position, string message, string? why, params string[] fixes)
    {
        var at = Node is YamlScalar { Line: > 0 } scalar && scalar.Text.AsSpan(0, Math.Min(position, scalar.Text.Length)).IndexOfAny('\n', '\\') < 0
            ? new YamlScalar(scalar.Text, scalar.Quoted, scalar.Line, scalar.Column + position + (scalar.Quoted ? 1 : 0))
            : At;
        Scope.Error(code, Path, at, message, why, fixes);
    }

    public void Warning(string code, string message, string? why, params string[] fixes) => Scope.Warning(code, Path, At, message, why, fixes);

    /// <summary>The text of a scalar with its variables replaced; null after a fault.</summary>
    /// <param name="expected">What belongs here, for the message: <c>a text</c>.</param>
    /// <param name="example">An example.</param>
    public string? Text(string expected = "a text", string example = "text")
    {
        if (Node is not YamlScalar scalar || scalar.IsNull)
        {
            Error(DiagnosticCatalog.WrongType, $"`{Key}` is {Kind()}; it takes {expected}.", null, $"write {expected}, e.g. `{example}`");
            return null;
        }

        return Expand(scalar);
    }

    /// <summary>The text of a scalar, or null for YAML's null; <paramref name="fault"/> tells a fault from a null.</summary>
    public string? TextOrNull(out bool fault)
    {
        fault = false;
        if (Node is YamlScalar { IsNull: true })
        {
            return null;
        }

        var text = Text("a single value");
        fault = text is null;
        return text;
    }

    /// <summary>One of some words; null after a fault.</summary>
    public string? Word(IReadOnlyList<string> words, IReadOnlyList<string>? later = null)
    {
        var list = string.Join(", ", words);
        if (Text(words.Count == 1 ? $"the word {list}" : $"one of {list}", words[0]) is not { } text)
        {
            return null;
        }

        if (words.Contains(text))
        {
            return text;
        }

        if (later?.Contains(text) == true)
        {
            Error(DiagnosticCatalog.NotYet, $"`{Key}: {Printable.Text(text)}` is not supported yet.", "it belongs to the manifest's language, but this version cannot run it.", $"use one of {list}");
            return null;
        }

        var meant = Suggestions.For(text, words);
        Error(DiagnosticCatalog.UnknownWord, $"`{Key}` is `{Printable.Text(text)}`; it takes {list}.{(meant is null ? "" : $" Did you mean `{meant}`?")}", null, $"write `{meant ?? words[0]}`");
        return null;
    }

    /// <summary>true or false; null after a fault.</summary>
    public bool? Flag() => Word(["true", "false"]) is { } word ? word == "true" : null;

    /// <summary>A whole number from 1 to 2^31-1; null after a fault.</summary>
    /// <param name="why">What the number does.</param>
    public int? Count(string why)
    {
        if (Text("a whole number of at least 1", "4") is not { } text)
        {
            return null;
        }

        if (ExactDecimal.TryParse(text, out var number) && number.Scale == 0 && number >= ExactDecimal.One && number.Unscaled <= int.MaxValue)
        {
            return (int)number.Unscaled;
        }

        Error(DiagnosticCatalog.OutOfDomain, $"`{Key}` is {Printable.Text(text)}; use a whole number from 1 to {int.MaxValue}.", why, "write a whole number of at least 1");
        return null;
    }

    /// <summary>An exact decimal; null after a fault.</summary>
    /// <param name="example">An example.</param>
    public ExactDecimal? Number(string example)
    {
        if (Text("a number", example) is not { } text)
        {
            return null;
        }

        if (ExactDecimal.TryParse(text, out var number))
        {
            return number;
        }

        var special = text.TrimStart('-', '+', '.').ToUpperInvariant() is "NAN" or "INF" or "INFINITY" or "∞";
        Error(special ? DiagnosticCatalog.OutOfDomain : DiagnosticCatalog.WrongType, $"`{Key}` is {Printable.Text(text)}, which is not {(special ? "a finite" : "a decimal")} number.",
            special ? "noise and bounds are computed from exact, finite numbers." : "the text is read as an exact decimal: digits, a point, perhaps an exponent.", $"write a number such as `{example}`");
        return null;
    }

    /// <summary>A map with fixed keys; null after a fault. Unknown keys are reported here.</summary>
    public SectionReader? Section(ManifestSection section)
    {
        if (Node is YamlMap map)
        {
            return new SectionReader(Scope, map, At, Path, section);
        }

        var example = section.Keys[0] + ": …";
        Error(DiagnosticCatalog.WrongType, $"`{Key}` is {Kind()}; it takes keys such as {string.Join(", ", section.Keys.Take(4))}.", null, $"write `{Printable.Text(Path)}: {{ {example} }}`");
        return null;
    }

    /// <summary>The entries of a map with free keys; null after a fault.</summary>
    public IReadOnlyList<(string Key, ManifestValue Value)>? Entries(string expected)
    {
        if (Node is not YamlMap map)
        {
            Error(DiagnosticCatalog.WrongType, $"`{Key}` is {Kind()}; it takes {expected}.", null, $"write {expected}");
            return null;
        }

        var entries = new List<(string, ManifestValue)>(map.Entries.Count);
        foreach (var entry in map.Entries)
        {
            var at = SectionReader.Join(Path, entry.Key.Text);
            Scope.Place(at, entry.Key);
            entries.Add((entry.Key.Text, new ManifestValue(Scope, entry.Value, entry.Key, at)));
        }

        return entries;
    }

    /// <summary>The items of a list; null after a fault.</summary>
    /// <param name="expected">What belongs here.</param>
    /// <param name="single">Whether one value stands for a list of one.</param>
    public IReadOnlyList<ManifestValue>? Items(string expected, bool single = false)
    {
        if (Node is YamlList list)
        {
            var items = new List<ManifestValue>(list.Items.Count);
            for (var i = 0; i < list.Items.Count; i++)
            {
                var at = string.Create(CultureInfo.InvariantCulture, $"{Path}[{i}]");
                Scope.Place(at, list.Items[i]);
                items.Add(new ManifestValue(Scope, list.Items[i], list.Items[i], at));
            }

            return items;
        }

        if (single && Node is YamlScalar { IsNull: false })
        {
            return [this];
        }

        Error(DiagnosticCatalog.WrongType, $"`{Key}` is {Kind()}; it takes {expected}.", null, $"write {expected}");
        return null;
    }

    private string Kind() => Node switch
    {
        YamlMap => "a map of keys",
        YamlList => "a list",
        YamlScalar { IsNull: true } => "empty",
        _ => "a single value",
    };

    private string? Expand(YamlScalar scalar)
    {
        var text = Scope.Variables.Expand(scalar.Text, out var fault);
        if (fault is null)
        {
            return text;
        }

        var name = Printable.Text(fault.Name);
        switch (fault.Kind)
        {
            case VariableFaultKind.NoRunDate:
                Error(DiagnosticCatalog.RunDate, $"`${{{name}}}` needs the date of the run.", "it has no default, so that a release never depends on the clock.", "add `--run-date 2026-11-20`");
                break;
            case VariableFaultKind.Unclosed:
                Error(DiagnosticCatalog.Variable, "`${` has no `}`.", "`${name}` is replaced by the variable's text.", "close it", "write `$${` for a plain `${`");
                break;
            case VariableFaultKind.NotYet:
                Error(DiagnosticCatalog.NotYet, $"`${{{name}}}` is not supported yet.", "it belongs to the manifest's language, but this version cannot run it.", "name the file or folder itself");
                break;
            case VariableFaultKind.TooLong:
                Error(DiagnosticCatalog.TooLarge, $"the text is too long once `${{{name}}}` is replaced.", "variables are short texts.", "shorten the variable");
                break;
            default:
                var meant = Suggestions.For(fault.Name, Scope.Variables.Names);
                Error(DiagnosticCatalog.Variable, $"`${{{name}}}` is not defined.{(meant is null ? "" : $" Did you mean `${{{meant}}}`?")}", "only names of `vars`, of `--var` and the built-in run_date, run_date:monday, run_date:month are replaced.",
                    $"add it under `vars`, or `--var {name}=…`");
                break;
        }

        return null;
    }
}
