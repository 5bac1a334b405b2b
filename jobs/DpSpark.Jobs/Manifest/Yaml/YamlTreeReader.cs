using System.Text.RegularExpressions;
using DpSpark.Jobs.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DpSpark.Jobs.Manifest.Yaml;

/// <summary>
/// Text to tree. Reads parser events rather than YamlDotNet's document model, which recurses on the nesting of the text: a hostile manifest must end in a diagnostic, not in a stack overflow.
/// </summary>
internal static partial class YamlTreeReader
{
    /// <summary>Deepest nesting that is read; a complete job needs 7.</summary>
    public const int MaxDepth = 24;

    /// <summary>Characters read at most.</summary>
    public const int MaxCharacters = 4 << 20;

    /// <summary>Reads one document.</summary>
    /// <param name="text">The text.</param>
    /// <param name="report">Receives faults.</param>
    /// <returns>The root, or null when there is none or a fault stopped the reading.</returns>
    public static YamlNode? Read(string text, Action<Diagnostic> report)
    {
        if (text.Length > MaxCharacters)
        {
            report(At(DiagnosticCatalog.TooLarge, 1, 1, $"the manifest has more than {MaxCharacters / (1 << 20)} Mi characters.",
                "a manifest describes a job; larger ones are data.", "move long lists of keys to a file and name it with `keyset: { file: … }`"));
            return null;
        }

        var control = text.AsSpan().IndexOfAnyExceptInRange(' ', '\uFFFF');
        for (var from = 0; control >= 0; control = Next(text, from))
        {
            var at = from + control;
            if (text[at] is not ('\t' or '\n' or '\r'))
            {
                var (line, column) = PositionOf(text, at);
                report(At(DiagnosticCatalog.NotText, line, column, "the manifest holds a control character and is not text.", "a job manifest is YAML in UTF-8.",
                    "check that this is the manifest and not a data file"));
                return null;
            }

            from = at + 1;
        }

        var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        try
        {
            return Build(parser, report);
        }
        catch (YamlException fault)
        {
            report(Syntax(text, fault.Message, fault.Start));
            return null;
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException or FormatException or OverflowException)
        {
            // Some broken texts make the scanner throw what it throws for its own faults; they are broken texts all the same.
            report(Syntax(text, "syntax error", parser.Current?.End ?? Mark.Empty));
            return null;
        }

        static int Next(string text, int from) => text.AsSpan(from).IndexOfAnyExceptInRange(' ', '\uFFFF');
    }

    private static YamlNode? Build(Parser parser, Action<Diagnostic> report)
    {
        YamlNode? root = null;
        var documents = 0;
        var open = new Stack<YamlNode>();
        var keys = new Stack<YamlScalar?>();
        while (parser.MoveNext())
        {
            var current = parser.Current!;
            var line = (int)current.Start.Line;
            var column = (int)current.Start.Column;
            YamlNode node;
            switch (current)
            {
                case DocumentStart when documents++ > 0:
                    report(At(DiagnosticCatalog.YamlFeature, line, column, "a second document starts here; a job manifest is one document.", null, "remove the `---` line or move the rest to a file of its own"));
                    return null;
                case AnchorAlias or NodeEvent { Anchor.IsEmpty: false }:
                    report(At(DiagnosticCatalog.YamlFeature, line, column, "anchors and aliases (`&name`, `*name`) are not part of a job manifest.",
                        "a reader must see what a job releases where it is written.", "write the value out", "use `vars` and `${name}` for texts that repeat", "put quotes around a text that starts with `&` or `*`"));
                    return null;
                case NodeEvent { Tag.IsEmpty: false }:
                    report(At(DiagnosticCatalog.YamlFeature, line, column, "tags (`!name`) are not part of a job manifest.", null, "remove the tag", "put quotes around a text that starts with `!`"));
                    return null;
                case Scalar scalar:
                    node = new YamlScalar(scalar.Value, scalar.Style != ScalarStyle.Plain, line, column);
                    break;
                case SequenceStart:
                    node = new YamlList(line, column);
                    break;
                case MappingStart:
                    node = new YamlMap(line, column);
                    break;
                case SequenceEnd or MappingEnd:
                    open.Pop();
                    keys.Pop();
                    continue;
                default:
                    continue;
            }

            if (!Attach(node, open, keys, ref root, report))
            {
                return null;
            }

            if (node is YamlScalar)
            {
                continue;
            }

            if (open.Count >= MaxDepth)
            {
                report(At(DiagnosticCatalog.TooLarge, line, column, $"the manifest is nested more than {MaxDepth} levels deep.", "no key of a job goes that deep.", "close a bracket or remove indentation"));
                return null;
            }

            open.Push(node);
            keys.Push(null);
        }

        return root;
    }

    private static bool Attach(YamlNode node, Stack<YamlNode> open, Stack<YamlScalar?> keys, ref YamlNode? root, Action<Diagnostic> report)
    {
        if (open.Count == 0)
        {
            root = node;
            return true;
        }

        if (open.Peek() is YamlList list)
        {
            list.Items.Add(node);
            return true;
        }

        var map = (YamlMap)open.Peek();
        var key = keys.Pop();
        if (key is null)
        {
            if (node is not YamlScalar name)
            {
                report(At(DiagnosticCatalog.WrongType, node.Line, node.Column, "a key is a list or a map; keys are texts.", null, "put quotes around a value that starts with `[` or `{`"));
                return false;
            }

            if (name is { Text: "<<", Quoted: false })
            {
                report(At(DiagnosticCatalog.YamlFeature, name.Line, name.Column, "merge keys (`<<`) are not part of a job manifest.", "a reader must see what a job releases where it is written.", "write the keys out"));
                return false;
            }

            keys.Push(name);
            return true;
        }

        keys.Push(null);
        if (JoinsDecimal(map, key, node) is { } joined)
        {
            map.Set(joined);
            return true;
        }

        if (map.Find(key.Text) is { } first)
        {
            report(At(DiagnosticCatalog.DuplicateKey, key.Line, key.Column, $"key `{Printable.Text(key.Text)}` is written twice; first in line {first.Key.Line}.", "it would not be clear which one counts.", "remove one of them"));
            return true;
        }

        map.Set(new YamlEntry(key, node));
        return true;
    }

    /// <summary>
    /// Inside of braces YAML ends a text at a comma, so that <c>{ type: decimal(9,2) }</c> arrives as <c>type: decimal(9</c> and an empty key <c>2)</c>. People write it so, and it can mean
    /// nothing else: the two are put together again.
    /// </summary>
    private static YamlEntry? JoinsDecimal(YamlMap map, YamlScalar key, YamlNode value)
    {
        if (key.Quoted || value is not YamlScalar { IsNull: true } || map.Entries.Count == 0 || map.Entries[^1] is not { Value: YamlScalar { Quoted: false } first } last
            || !DecimalStart().IsMatch(first.Text) || !DecimalEnd().IsMatch(key.Text))
        {
            return null;
        }

        return new YamlEntry(last.Key, new YamlScalar(first.Text + "," + key.Text, quoted: false, first.Line, first.Column));
    }

    [GeneratedRegex(@"\Adecimal\([0-9]{1,3}\z")]
    private static partial Regex DecimalStart();

    [GeneratedRegex(@"\A[0-9]{1,3}\)\z")]
    private static partial Regex DecimalEnd();

    private static Diagnostic Syntax(string text, string message, Mark place)
    {
        // A tab in the indentation is the usual cause, and the parser may notice it far from there.
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var tab = lines[i].IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && string.IsNullOrWhiteSpace(lines[i][..tab]) && lines[i].AsSpan().Trim().Length > 0)
            {
                return At(DiagnosticCatalog.Syntax, i + 1, tab + 1, "this line is indented with a tab; YAML is indented with spaces.", "a tab has no width in YAML.", "replace the tab with spaces");
            }
        }

        var what = message.Trim().TrimEnd('.');
        return At(DiagnosticCatalog.Syntax, Math.Max(1, (int)place.Line), Math.Max(1, (int)place.Column),
            $"this is not YAML: {(what.Length == 0 ? "syntax error" : Printable.Text(char.ToLowerInvariant(what[0]) + what[1..], 200))}.", "the text could not be read from here on.",
            "check indentation, brackets and quotes here and in the line before", "put quotes around texts that hold `: `, `#`, `{`, `[`, `*` or `&`");
    }

    private static Diagnostic At(string code, int line, int column, string message, string? why, params string[] fixes) =>
        new() { Code = code, Line = line, Column = column, Message = message, Why = why, Fixes = fixes };

    private static (int Line, int Column) PositionOf(string text, int index)
    {
        var before = text.AsSpan(0, index);
        var lastBreak = before.LastIndexOf('\n');
        return (before.Count('\n') + 1, index - lastBreak);
    }
}
