using System.Text;
using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads job manifests. Opens no data, except keyset files, which are public. Every fault of a text is reported at once; no text makes it throw.</summary>
public static class ManifestReader
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; diagnostics name it as given.</param>
    /// <param name="options">Variables, run date, reader of keyset files; may be null.</param>
    public static ManifestResult Read(string path, ManifestOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ManifestOptions();
        string folder;
        byte[] bytes;
        try
        {
            var full = Path.GetFullPath(path);
            folder = options.Folder ?? Path.GetDirectoryName(full)!;
            using var stream = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (stream.Length > 4L * YamlTreeReader.MaxCharacters)
            {
                return Fault(path, DiagnosticCatalog.TooLarge, "the file is too large to be a job manifest.", "a manifest describes a job; this may be a data file.", "check the path");
            }

            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            var missing = fault is FileNotFoundException or DirectoryNotFoundException;
            return Fault(path, DiagnosticCatalog.CannotRead, missing ? "there is no such file." : "the file cannot be read.", "a run needs its job manifest.",
                missing ? "check the path" : "check that it is a file and may be read", "write one with `dpspark sample restaurant`");
        }

        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Fault(path, DiagnosticCatalog.NotText, "the file is not UTF-8 text.", "a job manifest is YAML in UTF-8.", "save it as UTF-8", "check that this is the manifest and not a data file");
        }

        return ReadText(text, options with { Folder = folder }, path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="options">Variables, run date, folder of relative paths; may be null.</param>
    /// <param name="file">Name of the file for diagnostics, or null.</param>
    public static ManifestResult ReadText(string text, ManifestOptions? options = null, string? file = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new ManifestOptions();
        var scope = new ManifestScope(file, options);
        var root = YamlTreeReader.Read(text.StartsWith('\uFEFF') ? text[1..] : text, scope.Report);
        if (root is YamlMap map)
        {
            return ReadTree(map, scope, options, file);
        }

        if (!scope.HasErrors)
        {
            var empty = root is null or YamlScalar { IsNull: true };
            scope.Error(DiagnosticCatalog.WrongType, "", root ?? new YamlScalar("", false, 1, 1), empty ? "the manifest is empty." : "the manifest is not a map of keys.", "a job says what to read, whom to protect and what to release.",
                "start with `version: 1`, or with `dpspark sample restaurant`");
        }

        return new ManifestResult(null, scope.Sorted());
    }

    /// <summary>Reads a tree made by code.</summary>
    internal static ManifestResult ReadTree(YamlMap map, ManifestOptions options) => ReadTree(map, new ManifestScope(null, options), options, null);

    private static ManifestResult ReadTree(YamlMap map, ManifestScope scope, ManifestOptions options, string? file)
    {
        var folder = Path.GetFullPath(options.Folder ?? Directory.GetCurrentDirectory());
        var job = new JobReader(scope, map, folder, file).Read();
        return new ManifestResult(scope.HasErrors ? null : job, scope.Sorted());
    }

    private static ManifestResult Fault(string path, string code, string message, string why, params string[] fixes) =>
        new(null, [new Diagnostic { Code = code, File = path, Message = message, Why = why, Fixes = fixes }]);
}
