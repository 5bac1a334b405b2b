using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sinks.Csv;
using DpSpark.Jobs.Sinks.Parquet;

namespace DpSpark.Jobs.Sinks;

/// <summary>The data files of a release. The same table gives the same files with the same bytes; how many there are depends on the number of released rows alone.</summary>
internal static class PartFiles
{
    /// <summary>Rows of one file; a multiple of 8, so that validity bits are cut between bytes.</summary>
    internal const int RowsPerFile = 1 << 22;

    /// <summary>Writes the files and waits for the disk.</summary>
    /// <param name="folder">An existing folder without part files.</param>
    /// <param name="table">The released rows.</param>
    /// <param name="format">Format of the files.</param>
    /// <param name="isTest">Whether the names say that this is a test and no release.</param>
    /// <param name="cancellationToken">Looked at before each file.</param>
    public static void Write(string folder, RecordBatch table, FileKind format, bool isTest, CancellationToken cancellationToken)
    {
        var files = Math.Max(1, (table.Length + RowsPerFile - 1) / RowsPerFile);
        for (var i = 0; i < files; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = Path.Combine(folder, NameOf(i, format, isTest));
            using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
            var start = i * RowsPerFile;
            var part = files == 1 ? table : BatchSlice.Of(table, start, Math.Min(RowsPerFile, table.Length - start));
            WriteOne(stream, part, format);
            stream.Flush(flushToDisk: true);
            FailPoints.Hit("stage-part-written");
        }
    }

    /// <summary>Names of the data files in a folder: all that readers of the folder would take for data.</summary>
    /// <param name="folder">An output folder.</param>
    public static IReadOnlyList<string> In(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(p => Path.GetFileName(p)!).Where(n => n[0] is not ('_' or '.')).Order(StringComparer.Ordinal)];

    /// <summary>The hash of a set of data files: SHA-256 over the sorted lines "sha256 of the file, two blanks, name".</summary>
    /// <param name="folder">An output folder.</param>
    /// <returns>Lower-case hex digits; null when the folder holds something beside files.</returns>
    public static string? Hash(string folder)
    {
        var lines = new List<string>();
        foreach (var name in In(folder))
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                return null;
            }

            using var stream = File.OpenRead(path);
            lines.Add(Convert.ToHexStringLower(SHA256.HashData(stream)) + "  " + name + "\n");
        }

        lines.Sort(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }

    /// <summary>Copies the data files of a folder and waits for the disk.</summary>
    /// <param name="from">A complete stage.</param>
    /// <param name="to">An existing folder.</param>
    public static void Copy(string from, string to)
    {
        foreach (var name in In(from))
        {
            using var source = File.OpenRead(Path.Combine(from, name));
            using var target = new FileStream(Path.Combine(to, name), FileMode.CreateNew, FileAccess.Write, FileShare.None);
            source.CopyTo(target);
            target.Flush(flushToDisk: true);
        }
    }

    private static string NameOf(int index, FileKind format, bool isTest) => string.Create(CultureInfo.InvariantCulture,
        $"{(isTest ? "test-part-" : "part-")}{index:D5}.{format switch { FileKind.Parquet => "parquet", FileKind.Csv => "csv", _ => "arrow" }}");

    private static void WriteOne(Stream stream, RecordBatch part, FileKind format)
    {
        switch (format)
        {
            case FileKind.Csv:
                using (var writer = new CsvWriter(stream, part.Schema, leaveOpen: true))
                {
                    writer.Write(part);
                }

                break;
            case FileKind.Arrow:
                using (var writer = new ArrowFileWriter(stream, part.Schema, leaveOpen: true))
                {
                    writer.Write(part);
                    writer.Finish();
                }

                break;
            default:
                using (var writer = new ParquetWriter(stream, part.Schema, leaveOpen: true))
                {
                    writer.Write(part);
                    writer.Finish();
                }

                break;
        }
    }
}
