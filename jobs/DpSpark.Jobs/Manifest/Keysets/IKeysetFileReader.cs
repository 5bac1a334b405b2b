namespace DpSpark.Jobs.Manifest.Keysets;

/// <summary>Reads the key columns of public files, so that the manifest needs no reader of its own.</summary>
public interface IKeysetFileReader
{
    /// <summary>Names of the columns of a file.</summary>
    /// <param name="file">The file; its path is absolute.</param>
    /// <exception cref="Core.DpSparkException">It cannot be read.</exception>
    IReadOnlyList<string> ReadColumns(FileKeyset file);

    /// <summary>Rows of a file, lazily.</summary>
    /// <param name="file">The file; its path is absolute.</param>
    /// <param name="columns">Columns to read, in this order.</param>
    /// <returns>A text per column: numbers in the invariant culture, <c>true</c> or <c>false</c>, dates as <c>2026-11-20</c>, times as <c>2026-11-20T05:00:00Z</c>; null for null.</returns>
    /// <exception cref="Core.DpSparkException">It cannot be read.</exception>
    IEnumerable<IReadOnlyList<string?>> ReadRows(FileKeyset file, IReadOnlyList<string> columns);
}
