namespace DpSpark.Jobs.Manifest.Yaml;

/// <summary>A node of a manifest with its place in the text; line and column count from 1 and are 0 for nodes made by code.</summary>
internal abstract class YamlNode(int line, int column)
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}

/// <summary>A scalar: its text as written, without quotes, and whether it had them.</summary>
internal sealed class YamlScalar(string text, bool quoted, int line = 0, int column = 0) : YamlNode(line, column)
{
    public string Text { get; } = text;

    public bool Quoted { get; } = quoted;

    /// <summary>YAML's null: nothing, <c>~</c> or <c>null</c> without quotes.</summary>
    public bool IsNull => !Quoted && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
internal sealed class YamlList(int line = 0, int column = 0) : YamlNode(line, column)
{
    public List<YamlNode> Items { get; } = [];
}

/// <summary>A key of a map and its value.</summary>
internal readonly record struct YamlEntry(YamlScalar Key, YamlNode Value);

/// <summary>A map in the order of the text; keys are distinct.</summary>
internal sealed class YamlMap(int line = 0, int column = 0) : YamlNode(line, column)
{
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly List<YamlEntry> _entries = [];

    public IReadOnlyList<YamlEntry> Entries => _entries;

    public YamlEntry? Find(string key) => _index.TryGetValue(key, out var at) ? _entries[at] : null;

    /// <summary>Sets a key, in its old place or at the end.</summary>
    public YamlMap Set(string key, YamlNode value)
    {
        Set(new YamlEntry(new YamlScalar(key, quoted: false), value));
        return this;
    }

    /// <summary>Sets a key with its place in the text.</summary>
    public void Set(YamlEntry entry)
    {
        if (_index.TryAdd(entry.Key.Text, _entries.Count))
        {
            _entries.Add(entry);
        }
        else
        {
            _entries[_index[entry.Key.Text]] = entry;
        }
    }
}
