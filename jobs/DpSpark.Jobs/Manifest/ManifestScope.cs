using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark.Jobs.Manifest;

/// <summary>What one reading of a manifest shares: faults, places, variables.</summary>
internal sealed class ManifestScope(string? file, ManifestOptions options)
{
    /// <summary>Faults kept; a text with more is not a manifest gone wrong but another file.</summary>
    private const int MaxDiagnostics = 200;

    private readonly List<Diagnostic> _diagnostics = [];
    private readonly Dictionary<string, SourcePosition> _positions = new(StringComparer.Ordinal);

    public ManifestOptions Options { get; } = options;

    public Variables Variables { get; } = new(options);

    public IReadOnlyDictionary<string, SourcePosition> Positions => _positions;

    public bool HasErrors { get; private set; }

    public void Place(string path, YamlNode node) => _positions.TryAdd(path, new SourcePosition(node.Line, node.Column));

    public void Report(Diagnostic diagnostic)
    {
        HasErrors |= diagnostic.Severity == DiagnosticSeverity.Error;
        if (_diagnostics.Count < MaxDiagnostics)
        {
            _diagnostics.Add(diagnostic with { File = file });
        }
        else if (_diagnostics.Count == MaxDiagnostics)
        {
            _diagnostics.Add(new Diagnostic
            {
                Code = DiagnosticCatalog.TooLarge,
                File = file,
                Line = diagnostic.Line,
                Column = diagnostic.Column,
                Message = $"there are more than {MaxDiagnostics} faults; the others are not shown.",
                Why = "a text with so many faults is rarely a job manifest.",
                Fixes = ["check that this is the right file"],
            });
        }
    }

    public void Error(string code, string path, YamlNode? at, string message, string? why, params string[] fixes) => Add(DiagnosticSeverity.Error, code, path, at, message, why, fixes);

    public void Warning(string code, string path, YamlNode? at, string message, string? why, params string[] fixes) => Add(DiagnosticSeverity.Warning, code, path, at, message, why, fixes);

    /// <summary>The faults by their place, those of one place in the order they were found.</summary>
    public IReadOnlyList<Diagnostic> Sorted() => [.. _diagnostics.OrderBy(d => d.Line).ThenBy(d => d.Column)];

    private void Add(DiagnosticSeverity severity, string code, string path, YamlNode? at, string message, string? why, string[] fixes) => Report(new Diagnostic
    {
        Code = code,
        Severity = severity,
        Line = at?.Line ?? 0,
        Column = at?.Column ?? 0,
        Path = path,
        Message = message,
        Why = why,
        Fixes = fixes,
    });
}
