using System.Text.Json;

namespace DpSpark.Vectors.Formats;

/// <summary>One case of an index: a file and what reading it must give.</summary>
/// <param name="Folder">The folder of the index.</param>
/// <param name="File">Path below the folder; names the case.</param>
/// <param name="Expect">ok, error, ok-or-error or ok-or-unsupported.</param>
/// <param name="Json">The whole entry.</param>
public sealed record VectorEntry(string Folder, string File, string Expect, JsonElement Json)
{
    /// <summary>Full path of the file.</summary>
    public string FullPath => Path.Combine(Folder, File);

    /// <summary>A text property, or null.</summary>
    /// <param name="name">Its name.</param>
    public string? Text(string name) => Json.TryGetProperty(name, out var x) && x.ValueKind == JsonValueKind.String ? x.GetString() : null;

    /// <summary>A number, or null.</summary>
    /// <param name="name">Its name.</param>
    public long? Number(string name) => Json.TryGetProperty(name, out var x) && x.ValueKind == JsonValueKind.Number ? x.GetInt64() : null;

    /// <inheritdoc/>
    public override string ToString() => File;
}

/// <summary>Reads the list of the cases of a folder.</summary>
public static class VectorIndex
{
    /// <summary>Name of the list within a folder of vectors.</summary>
    public const string FileName = "index.json";

    /// <summary>Reads the index of a folder.</summary>
    /// <param name="folder">A folder that holds an <c>index.json</c>.</param>
    public static IReadOnlyList<VectorEntry> Read(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, FileName)));
        var root = document.RootElement.Clone();
        if (root.GetProperty("formatVersion").GetInt32() != 1)
        {
            throw new InvalidDataException("The index is not of format version 1.");
        }

        return [.. root.GetProperty("vectors").EnumerateArray().Select(
            e => new VectorEntry(folder, e.GetProperty("file").GetString()!, e.GetProperty("expect").GetString()!, e))];
    }
}
