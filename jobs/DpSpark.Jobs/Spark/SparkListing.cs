using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Connect;
using DpSpark.Connect.Plans;

namespace DpSpark.Jobs.Spark;

/// <summary>Files as Spark sees them: names, sizes and times of their last change. Their content is not read.</summary>
internal sealed class SparkListing
{
    private readonly SortedDictionary<string, (long Length, long Modified)> _files = new(StringComparer.Ordinal);

    /// <summary>How many files there are.</summary>
    public int Count => _files.Count;

    /// <summary>Bytes of all files.</summary>
    public long Bytes => _files.Values.Sum(f => f.Length);

    /// <summary>Asks Spark.</summary>
    /// <param name="session">The session.</param>
    /// <param name="paths">Files, folders and patterns as Spark reads them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static SparkListing Of(ConnectSession session, IReadOnlyCollection<string> paths, CancellationToken cancellationToken) => Blocking.Run(async () =>
    {
        var listing = new SparkListing();
        if (paths.Count == 0)
        {
            return listing;
        }

        // Of this source Spark opens no file whose content is not asked for.
        var files = SparkRelation.Read("binaryFile", paths, new Dictionary<string, string> { ["recursiveFileLookup"] = "true" })
            .Select(SparkColumn.Named("path"), SparkColumn.Named("length"), SparkColumn.Call("unix_micros", SparkColumn.Named("modificationTime")).As("modified"));
        await foreach (var batch in session.CollectAsync(files, cancellation: cancellationToken).ConfigureAwait(false))
        {
            using (batch)
            {
                for (var row = 0; row < batch.Length; row++)
                {
                    listing._files[Encoding.UTF8.GetString(batch.Columns[0].BytesAt(row))] = (batch.Columns[1].ValuesAs<long>()[row], batch.Columns[2].ValuesAs<long>()[row]);
                }
            }
        }

        return listing;
    });

    /// <summary>A fingerprint of the files and of what else the rows depend on.</summary>
    /// <param name="texts">The other texts, such as a query.</param>
    public byte[] Fingerprint(params IReadOnlyList<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "dpspark-listing-v1");
        foreach (var text in texts)
        {
            Append(hash, text);
        }

        foreach (var (path, (length, modified)) in _files)
        {
            Append(hash, path);
            Append(hash, string.Create(CultureInfo.InvariantCulture, $"{length} {modified}"));
        }

        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, string text)
    {
        Span<byte> length = stackalloc byte[8];
        var bytes = Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
