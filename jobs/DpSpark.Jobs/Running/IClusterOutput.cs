using DpSpark.Core;

namespace DpSpark.Jobs.Running;

/// <summary>
/// A table, or a folder that only the cluster sees, as the place of a release. The runner keeps the release's own files on this machine; from them it is staged and published here, once it is paid for.
/// Every step can be repeated after a crash.
/// </summary>
public interface IClusterOutput
{
    /// <summary>Makes sure, before anything is spent, that the release can appear: the place is free or may be replaced, and can be written.</summary>
    /// <exception cref="DpSparkException">It cannot.</exception>
    void EnsureFree();

    /// <summary>Brings the rows beside the place, where nobody looks for them.</summary>
    /// <param name="id">The release id.</param>
    /// <param name="folder">Folder with the release's files.</param>
    void Stage(string id, string folder);

    /// <summary>Makes the release visible; does nothing where it is there.</summary>
    /// <param name="id">The release id.</param>
    /// <param name="folder">Folder with the release's files.</param>
    /// <exception cref="DpSparkException">Something else is there that may not be replaced, or the files of the release were altered.</exception>
    void Publish(string id, string folder);
}

/// <summary>A place that only the cluster sees.</summary>
/// <param name="Table">Name of the table; null for a folder.</param>
/// <param name="Path">Address of the folder; null for a table.</param>
/// <param name="Replace">Whether what is there is replaced; otherwise it is refused.</param>
public sealed record ClusterTarget(string? Table, string? Path, bool Replace)
{
    /// <summary>Name or address.</summary>
    public string Uri => Table ?? Path ?? "";
}
