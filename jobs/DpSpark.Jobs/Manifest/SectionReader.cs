using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark.Jobs.Manifest;

/// <summary>A map with fixed keys. Unknown keys and keys of later versions are reported when it is made.</summary>
internal sealed class SectionReader
{
    private readonly YamlMap _map;
    private readonly ManifestSection _section;

    public SectionReader(ManifestScope scope, YamlMap map, YamlNode at, string path, ManifestSection section)
    {
        Scope = scope;
        At = at;
        Path = path;
        _map = map;
        _section = section;
        foreach (var entry in map.Entries)
        {
            Check(entry.Key);
        }
    }

    public ManifestScope Scope { get; }

    public YamlNode At { get; }

    public string Path { get; }

    /// <summary>Whether any key is there that comes later: what is missing may then not be a fault.</summary>
    public bool HasLater { get; private set; }

    /// <summary>Whether any key is there that is not known: what is missing may be misspelt.</summary>
    public bool HasUnknown { get; private set; }

    public static string Join(string path, string key) => path.Length == 0 ? key : path + "." + key;

    public bool Has(string key) => _map.Find(key) is not null;

    public ManifestValue? Get(string key) =>
        _map.Find(key) is { } entry ? new ManifestValue(Scope, entry.Value, entry.Key, Join(Path, key)) : null;

    /// <summary>The value of a key that must be there; reports when it is not.</summary>
    public ManifestValue? Require(string key, string why, params string[] fixes)
    {
        var value = Get(key);
        if (value is null)
        {
            Error(DiagnosticCatalog.MissingKey, $"`{Printable.Text(Join(Path, key))}` is missing.", why, fixes);
        }

        return value;
    }

    /// <summary>Those of some keys that are there.</summary>
    public IReadOnlyList<string> Present(params string[] keys) => [.. keys.Where(Has)];

    public void Error(string code, string message, string? why, params string[] fixes) => Scope.Error(code, Path, At, message, why, fixes);

    private void Check(YamlScalar key)
    {
        var path = Join(Path, key.Text);
        Scope.Place(path, key);
        if (_section.Keys.Contains(key.Text))
        {
            return;
        }

        var name = Printable.Text(key.Text);
        if (_section.Later.Contains(key.Text))
        {
            HasLater = true;
            Scope.Error(DiagnosticCatalog.NotYet, path, key, $"`{Printable.Text(path)}` is not supported yet.", "it belongs to the manifest's language, but this version cannot run it.", "remove the key");
            return;
        }

        HasUnknown = true;
        var meant = Suggestions.For(key.Text, _section.Keys);
        if (meant is not null)
        {
            Scope.Error(DiagnosticCatalog.UnknownKey, path, key, $"unknown key `{name}`. Did you mean `{meant}`?", "an unknown key would otherwise be a wish that nobody hears.", $"write `{meant}`");
            return;
        }

        var elsewhere = ManifestKeys.Sections.Where(s => s != _section && s.Name is not ("replace" or "csv" or "keyset_part" or "keyset_file") && s.Keys.Contains(key.Text)).Select(s => s.Name).ToList();
        Scope.Error(DiagnosticCatalog.UnknownKey, path, key, $"unknown key `{name}`.{(elsewhere.Count == 0 ? "" : $" It belongs in {string.Join(" or ", elsewhere.Select(e => e == "job" ? "the top level" : $"`{e}`"))}.")}",
            "an unknown key would otherwise be a wish that nobody hears.", elsewhere.Count == 0 ? $"remove it; known here: {string.Join(", ", _section.Keys)}" : "move it there");
    }
}
