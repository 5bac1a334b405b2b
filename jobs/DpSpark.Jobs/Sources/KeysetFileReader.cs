using System.Globalization;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Manifest.Keysets;
using DpSpark.Jobs.Sources.Csv;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sources;

/// <summary>Reads the key columns of public files from this machine.</summary>
public sealed class KeysetFileReader : IKeysetFileReader
{
    /// <inheritdoc/>
    public IReadOnlyList<string> ReadColumns(FileKeyset file)
    {
        var input = Find(file);
        return FileFaults.Guard<IReadOnlyList<string>>(input, () =>
        {
            switch (file.Kind)
            {
                case FileKind.Csv:
                    using (var csv = CsvReader.Open(input.Path, [], file.Csv))
                    {
                        return csv.FileColumns;
                    }

                case FileKind.Parquet:
                    using (var parquet = ParquetFile.Open(input.Path))
                    {
                        return [.. parquet.Schema.Fields.Select(f => f.Name)];
                    }

                default:
                    return [.. ReadArrow(input).First().Schema.Fields.Select(f => f.Name)];
            }
        });
    }

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<string?>> ReadRows(FileKeyset file, IReadOnlyList<string> columns)
    {
        var input = Find(file);
        using var batches = Batches(file, input, columns).GetEnumerator();
        while (FileFaults.Guard(input, batches.MoveNext))
        {
            using var batch = batches.Current;
            for (var row = 0; row < batch.Length; row++)
            {
                yield return [.. batch.Columns.Select(c => TextOf(c, row))];
            }
        }
    }

    private static InputFile Find(FileKeyset file)
    {
        var found = InputFiles.Find([file.Path], Path.GetDirectoryName(file.Path) ?? ".");
        return found.Count == 1 ? found[0]
            : throw new SourceFormatException("DPS5113", file.Path, null, "a keyset comes from one file.", null, ["name a single file under `keyset.file`"]);
    }

    private static IEnumerable<RecordBatch> Batches(FileKeyset file, InputFile input, IReadOnlyList<string> columns)
    {
        switch (file.Kind)
        {
            case FileKind.Csv:
                using (var csv = CsvReader.Open(input.Path, columns, file.Csv))
                {
                    while (csv.Read() is { } batch)
                    {
                        yield return batch;
                    }
                }

                break;
            case FileKind.Parquet:
                using (var parquet = ParquetFile.Open(input.Path))
                {
                    foreach (var batch in parquet.ReadBatches(parquet.Project(columns)))
                    {
                        yield return batch;
                    }
                }

                break;
            default:
                foreach (var batch in ReadArrow(input))
                {
                    if (batch.Length > 0)
                    {
                        yield return new RecordBatch(batch.Schema, [.. columns.Select(c => batch.Columns[batch.Schema.IndexOf(c)])], batch.Length, batch.Dispose);
                    }
                }

                break;
        }
    }

    /// <summary>The batches of a stream or file; an empty one first, so that there is always a schema.</summary>
    private static IEnumerable<RecordBatch> ReadArrow(InputFile input)
    {
        using var stream = File.OpenRead(input.Path);
        Span<byte> start = stackalloc byte[6];
        var isFile = stream.ReadAtLeast(start, 6, throwOnEndOfStream: false) == 6 && start.SequenceEqual("ARROW1"u8);
        stream.Position = 0;
        return isFile ? OfFile(input) : OfStream(input);
    }

    private static IEnumerable<RecordBatch> OfFile(InputFile input)
    {
        using var reader = new ArrowFileReader(File.OpenRead(input.Path));
        yield return new RecordBatch(reader.Schema, [], 0);
        for (var i = 0; i < reader.BatchCount; i++)
        {
            yield return reader.ReadBatch(i);
        }
    }

    private static IEnumerable<RecordBatch> OfStream(InputFile input)
    {
        using var reader = new ArrowStreamReader(File.OpenRead(input.Path));
        yield return new RecordBatch(reader.Schema, [], 0);
        while (reader.ReadNext() is { } batch)
        {
            yield return batch;
        }
    }

    internal static string? TextOf(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return null;
        }

        if (array.Dictionary is { } dictionary)
        {
            return TextOf(dictionary, array.IndexAt(row));
        }

        var type = array.Type;
        return type.Kind switch
        {
            TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Utf8View => Encoding.UTF8.GetString(array.BytesAt(row)),
            TypeKind.Bool => array.BoolAt(row) ? "true" : "false",
            TypeKind.Int => array.IntegerAt(row).ToString(CultureInfo.InvariantCulture),
            TypeKind.FloatingPoint => type.BitWidth switch
            {
                64 => array.ValuesAs<double>()[row].ToString("R", CultureInfo.InvariantCulture),
                32 => array.ValuesAs<float>()[row].ToString("R", CultureInfo.InvariantCulture),
                _ => array.ValuesAs<Half>()[row].ToString("R", CultureInfo.InvariantCulture),
            },
            TypeKind.Date => Instant(type.Unit == TimeUnit.Day ? array.ValuesAs<int>()[row] * TimeSpan.TicksPerDay : array.ValuesAs<long>()[row] * TimeSpan.TicksPerMillisecond, "yyyy-MM-dd"),
            TypeKind.Timestamp => Instant(Ticks(array.ValuesAs<long>()[row], type.Unit), "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ"),
            _ => throw new ArrowUnsupportedException($"a keyset column of type {PhysicalTypes.Describe(type)}"),
        };
    }

    private static long Ticks(long value, TimeUnit unit) => unit switch
    {
        TimeUnit.Second => checked(value * TimeSpan.TicksPerSecond),
        TimeUnit.Millisecond => checked(value * TimeSpan.TicksPerMillisecond),
        TimeUnit.Microsecond => checked(value * TimeSpan.TicksPerMicrosecond),
        _ => value / 100,
    };

    private static string Instant(long ticks, string format) => DateTime.UnixEpoch.AddTicks(ticks).ToString(format, CultureInfo.InvariantCulture);
}
