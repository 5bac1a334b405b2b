using System.Diagnostics;
using DpSpark.Arrow;
using DpSpark.Jobs.Sinks.Parquet;
using DpSpark.Jobs.Sources.Parquet;
using DpSpark.Testing;
using DpSpark.Tests.Sinks.Parquet;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Sources.Parquet;

/// <summary>Damaged files end in rows or in the reader's own exceptions, in bounded time and memory. Seed 20261124; DPSPARK_LONG=1 runs 10^5 mutations.</summary>
public sealed class ParquetMutationTests
{
    private const int Seed = 20_261_124;

    /// <summary>Runs may legally expand to very many rows; no more are read of a mutated file.</summary>
    private const long MaxRows = 200_000;
    private const long MaxAllocated = 64 << 20;
    private static readonly ParquetReadOptions s_options = new() { MaxPageBytes = 1 << 20, BatchRows = 4096 };
    private static readonly int s_rounds = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1" ? 100_000 : 4000;

    [Fact]
    public void Read_MutatedOwnFiles_EndsInRowsOrAFault()
    {
        var random = new Random(Seed);
        var files = Enumerable.Range(0, 8).Select(i =>
        {
            var (schema, columns) = ParquetSamples.Table(random, 60 * i);
            return ParquetSamples.Write(schema, columns, [60 * i], new ParquetWriteOptions
            {
                RowGroupRows = 150,
                PageRows = 40,
                Compression = i % 2 == 0 ? ParquetCompression.Snappy : ParquetCompression.None,
            });
        }).ToList();

        Mutate(files, random);
    }

    [SkippableFact]
    public void Read_MutatedVectors_EndsInRowsOrAFault()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);

        var files = VectorIndex.Read(SharedFiles.PathOf("vectors", "parquet"))
            .Where(v => v.Expect != "error")
            .Select(v => File.ReadAllBytes(v.FullPath))
            .Where(f => f.Length is > 12 and < 20_000)
            .ToList();

        Mutate(files, new Random(Seed));
    }

    private static void Mutate(List<byte[]> files, Random random)
    {
        var faults = 0;
        for (var round = 0; round < s_rounds; round++)
        {
            var bytes = Mutant(files[random.Next(files.Count)], random);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            var keep = random.Next(2) == 0;
            try
            {
                Drain(bytes, s_options with { KeepDictionaries = keep, VerifyChecksums = random.Next(8) == 0 });
            }
            catch (ArrowFormatException)
            {
                faults++;
            }
            catch (Exception e)
            {
                Assert.Fail($"round {round}: {e}");
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"round {round} took {watch.Elapsed}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < MaxAllocated, $"round {round} allocated too much");
        }

        Assert.InRange(faults, s_rounds / 10, s_rounds);
    }

    private static byte[] Mutant(byte[] original, Random random)
    {
        var bytes = (byte[])original.Clone();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = random.Next(2) == 0 ? (byte)0xFF : (byte)0x80;
                    break;
                case 3:
                    // The footer decides most: aim there.
                    bytes[Math.Max(0, bytes.Length - 9 - random.Next(Math.Min(400, bytes.Length - 8)))] = (byte)random.Next(256);
                    break;
                case 4:
                    var length = Math.Min(random.Next(1, 16), bytes.Length - at);
                    bytes.AsSpan(random.Next(bytes.Length - length + 1), length).CopyTo(bytes.AsSpan(at));
                    break;
                default:
                    bytes.AsSpan(at, Math.Min(random.Next(1, 8), bytes.Length - at)).Clear();
                    break;
            }
        }

        return bytes;
    }

    private static void Drain(byte[] bytes, ParquetReadOptions options)
    {
        using var file = ParquetFile.Open(new MemoryStream(bytes), options);
        for (var column = 0; column < Math.Min(file.Schema.Fields.Count, 40); column++)
        {
            // Column after column, so that one fault does not hide the others.
            try
            {
                Drain(file, column);
            }
            catch (ArrowFormatException) when (column + 1 < file.Schema.Fields.Count)
            {
            }
        }
    }

    private static void Drain(ParquetFile file, int column)
    {
        var rows = 0L;
        foreach (var group in file.RowGroups)
        {
            _ = group.StatisticsOf(column);
            using var reader = group.Open([column]);
            while (rows < MaxRows && reader.Read() is { } batch)
            {
                using (batch)
                {
                    ParquetSamples.Digest(batch.Columns);
                    rows += batch.Length;
                }
            }
        }
    }
}
