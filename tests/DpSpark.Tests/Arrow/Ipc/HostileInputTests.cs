using System.Buffers.Binary;
using DpSpark.Arrow;
using DpSpark.Arrow.Compression;
using DpSpark.Arrow.Ipc;
using DpSpark.Testing;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Arrow.Ipc;

public class HostileInputTests
{
    /// <summary>Mutations of each valid vector; DPSPARK_LONG=1 tries a hundred times as many.</summary>
    private static readonly int s_rounds = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1" ? 4000 : 40;

    private static readonly ArrowReaderOptions s_limits = new() { MaxBodyBytes = 64 << 20, MaxBatchRows = 100_000 };

    [SkippableFact]
    public void Arrow_MutatedVectors_AreReadOrRefusedCleanly()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var (read, refused) = (0, 0);
        Mutate("arrow", 4000, (entry, data) =>
        {
            try
            {
                ReadEverything(data, entry.Text("kind") == "file");
                read++;
            }
            catch (ArrowFormatException)
            {
                refused++;
            }
        });

        // Both must occur, or the mutations test nothing.
        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused");
    }

    [SkippableFact]
    public void Codecs_MutatedVectors_AreReadOrRefusedCleanly()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var refused = 0;
        Mutate("codecs", 20_000, (entry, data) =>
        {
            try
            {
                Decompress(entry.Text("codec")!, data);
            }
            catch (ArrowFormatException)
            {
                refused++;
            }
        });

        Assert.True(refused > 100, $"{refused} refused");
    }

    [Fact]
    public void Stream_BodyThatNeverComes_TakesLittleMemory()
    {
        using var stream = new MemoryStream();
        using (var writer = new ArrowStreamWriter(stream, new([new Field("a", ArrowType.Int64)]), leaveOpen: true))
        {
            writer.Start();
            var start = (int)stream.Position;
            writer.Write([ArrowArrays.Int64(new long[100])], 100);
            var bytes = stream.GetBuffer().AsSpan(start);
            var at = bytes.IndexOf(BitConverter.GetBytes(800L + 0));
            Assert.True(at > 0);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[at..], 2_000_000_000);
        }

        stream.Position = 0;
        using var reader = new ArrowStreamReader(stream);
        _ = reader.Schema;
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ArrowFormatException>(reader.ReadNext);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 << 20);
        Assert.Null(reader.ReadNext());
    }

    [Fact]
    public void Stream_EveryTruncation_IsAnErrorExceptBetweenMessages()
    {
        using var stream = new MemoryStream();
        var ends = new List<long>();
        using (var writer = new ArrowStreamWriter(stream, new([new Field("a", ArrowType.Utf8)]), leaveOpen: true))
        {
            writer.Start();
            ends.Add(stream.Position);
            for (var i = 0; i < 2; i++)
            {
                writer.Write([ArrowArrays.Utf8(["x", null, "yz"])], 3);
                ends.Add(stream.Position);
            }
        }

        var bytes = stream.ToArray();
        for (var length = 0; length <= bytes.Length; length++)
        {
            var ok = true;
            try
            {
                ReadEverything(bytes[..length], file: false);
            }
            catch (ArrowFormatException)
            {
                ok = false;
            }

            Assert.Equal(ends.Contains(length), ok);
        }
    }

    private static void Mutate(string kind, int maxBytes, Action<VectorEntry, byte[]> run)
    {
        var random = new Random(20260801);
        foreach (var entry in VectorIndex.Read(SharedFiles.PathOf("vectors", kind)).Where(e => e.Expect.StartsWith("ok", StringComparison.Ordinal)))
        {
            var original = File.ReadAllBytes(entry.FullPath);
            if (original.Length == 0 || original.Length > maxBytes)
            {
                continue;
            }

            for (var round = 0; round < s_rounds; round++)
            {
                var data = original.ToArray();
                for (var i = random.Next(4); i >= 0; i--)
                {
                    var at = random.Next(data.Length);
                    switch (random.Next(4))
                    {
                        case 0:
                            data[at] ^= (byte)(1 << random.Next(8));
                            break;
                        case 1:
                            data[at] = (byte)random.Next(256);
                            break;
                        case 2:
                            BitConverter.GetBytes(random.Next(2) == 0 ? -1L : int.MaxValue).AsSpan(0, Math.Min(random.Next(1, 9), data.Length - at)).CopyTo(data.AsSpan(at));
                            break;
                        default:
                            data = random.Next(8) == 0 ? data[..Math.Max(1, at)] : data;
                            break;
                    }
                }

                try
                {
                    run(entry, data);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"{entry.File}, round {round}: {e.GetType().Name}", e);
                }
            }
        }
    }

    private static void ReadEverything(byte[] data, bool file)
    {
        if (file)
        {
            using var files = new ArrowFileReader(data, s_limits);
            for (var i = 0; i < files.BatchCount; i++)
            {
                Touch(files.ReadBatch(i));
            }

            return;
        }

        using var stream = new ArrowStreamReader(new MemoryStream(data), s_limits);
        while (stream.ReadNext() is { } batch)
        {
            Touch(batch);
        }
    }

    private static void Touch(RecordBatch batch)
    {
        using (batch)
        {
            foreach (var column in batch.Columns)
            {
                using var digest = new ColumnDigest();
                digest.Append(column);
            }
        }
    }

    private static void Decompress(string codec, byte[] data)
    {
        var target = new byte[1 << 20];
        switch (codec)
        {
            case "zstd":
                Zstandard.Decompress(data, 1 << 20);
                break;
            case "lz4_frame":
                Lz4.DecompressFrame(data, 1 << 20);
                break;
            case "lz4_raw":
                Lz4.DecompressBlock(data, target);
                break;
            default:
                Snappy.Decompress(data, target);
                break;
        }
    }
}
