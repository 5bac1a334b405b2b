using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DpSpark.Jobs.Manifest.Yaml;

/// <summary>Tree to text that reads back as the same tree: short maps and lists on one line, longer ones indented.</summary>
internal static partial class YamlTreeWriter
{
    private const int MaxLine = 110;

    public static string Write(YamlMap map)
    {
        var text = new StringBuilder();
        WriteMap(map, 0, text);
        return text.Length == 0 ? "{}\n" : text.ToString();
    }

    private static void WriteMap(YamlMap map, int indent, StringBuilder text)
    {
        foreach (var entry in map.Entries)
        {
            text.Append(' ', indent).Append(Scalar(entry.Key)).Append(':');
            WriteValue(entry.Value, indent, text, fewest: indent == 0 ? 3 : int.MaxValue);
        }
    }

    private static void WriteValue(YamlNode value, int indent, StringBuilder text, int fewest)
    {
        var flow = Flow(value);
        var isSmall = value is not YamlMap map || map.Entries.Count < fewest;
        if ((indent + flow.Length <= MaxLine && isSmall && !(indent == 0 && value is YamlList { Items: [YamlMap, ..] })) || value is YamlScalar || flow is "[]" or "{}")
        {
            text.Append(' ').Append(flow).Append('\n');
            return;
        }

        text.Append('\n');
        if (value is YamlMap inner)
        {
            WriteMap(inner, indent + 2, text);
            return;
        }

        foreach (var item in ((YamlList)value).Items)
        {
            text.Append(' ', indent + 2).Append("- ").Append(Flow(item)).Append('\n');
        }
    }

    private static string Flow(YamlNode node)
    {
        var text = new StringBuilder();
        WriteFlow(node, text);
        return text.ToString();
    }

    private static void WriteFlow(YamlNode node, StringBuilder text)
    {
        switch (node)
        {
            case YamlScalar scalar:
                text.Append(Scalar(scalar));
                break;
            case YamlList list:
                text.Append('[');
                for (var i = 0; i < list.Items.Count; i++)
                {
                    text.Append(i == 0 ? "" : ", ");
                    WriteFlow(list.Items[i], text);
                }

                text.Append(']');
                break;
            case YamlMap map:
                text.Append(map.Entries.Count == 0 ? "{" : "{ ");
                for (var i = 0; i < map.Entries.Count; i++)
                {
                    text.Append(i == 0 ? "" : ", ").Append(Scalar(map.Entries[i].Key)).Append(": ");
                    WriteFlow(map.Entries[i].Value, text);
                }

                text.Append(map.Entries.Count == 0 ? "}" : " }");
                break;
            default:
                throw new InvalidOperationException("A node of the manifest's tree is of no known kind.");
        }
    }

    private static string Scalar(YamlScalar scalar)
    {
        if (scalar.IsNull)
        {
            return "null";
        }

        if (PlainText().IsMatch(scalar.Text) && (!scalar.Quoted || !ReadsAsOther(scalar.Text)))
        {
            return scalar.Text;
        }

        var text = new StringBuilder("\"");
        foreach (var c in scalar.Text)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\t' => text.Append("\\t"),
                '\r' => text.Append("\\r"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }

    /// <summary>Whether other YAML readers would take the text, without quotes, for a number, a truth value, a date or null.</summary>
    private static bool ReadsAsOther(string text) =>
        text[0] is '-' or '.' or '+' || char.IsAsciiDigit(text[0]) || text.ToLowerInvariant() is "true" or "false" or "yes" or "no" or "on" or "off" or "null" or "y" or "n";

    [GeneratedRegex(@"\A(?:[A-Za-z0-9_./][A-Za-z0-9_./+-]*|-[0-9.][0-9.eE+-]*)\z")]
    private static partial Regex PlainText();
}
