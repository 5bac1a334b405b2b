using System.IO.Compression;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Sinks;

/// <summary>The data files of a release as one block of bytes, kept with its ledger entry so that they can be put back.</summary>
internal static class OutputCopy
{
    /// <summary>Largest size of the files together that is kept.</summary>
    public const long MaxBytes = 16 << 20;

    /// <summary>Packs the data files of a folder.</summary>
    /// <param name="folder">A complete stage.</param>
    /// <returns>A zip archive, or null when the files are too large to keep.</returns>
    public static byte[]? Pack(string folder)
    {
        var names = PartFiles.In(folder);
        if (names.Sum(n => new FileInfo(Path.Combine(folder, n)).Length) > MaxBytes)
        {
            return null;
        }

        using var result = new MemoryStream();
        using (var archive = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in names)
            {
                var entry = archive.CreateEntry(name, CompressionLevel.Fastest);

                // The time of the archive's making says nothing and would make two archives of one release differ.
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using var to = entry.Open();
                using var from = File.OpenRead(Path.Combine(folder, name));
                from.CopyTo(to);
            }
        }

        return result.ToArray();
    }

    /// <summary>Writes the files of a copy into a folder and waits for the disk.</summary>
    /// <param name="copy">What <see cref="Pack"/> gave.</param>
    /// <param name="folder">An existing folder.</param>
    public static void Unpack(byte[] copy, string folder)
    {
        using var archive = new ZipArchive(new MemoryStream(copy, writable: false), ZipArchiveMode.Read);
        foreach (var entry in archive.Entries)
        {
            // Names come from our own writer; a path in one would mean that the ledger was tampered with.
            if (entry.Name != entry.FullName || entry.Length > MaxBytes)
            {
                throw new InvalidDataException("The copy of the release holds a name that no release has.");
            }

            using var from = entry.Open();
            using var content = new MemoryStream();
            from.CopyTo(content);
            DurableFiles.Write(Path.Combine(folder, entry.Name), content.GetBuffer().AsSpan(0, (int)content.Length));
        }
    }
}
