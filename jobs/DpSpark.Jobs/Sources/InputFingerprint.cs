using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using DpSpark.Core;
using Microsoft.Win32.SafeHandles;

namespace DpSpark.Jobs.Sources;

/// <summary>What the input was: a hash of the bytes of its files in name order. It goes into the release key and stays in the ledger.</summary>
/// <remarks>
/// SHA-256 over, for every file, its length (8 bytes, little-endian) and the SHA-256 of each of its blocks of 16 MiB: a tree of one level, so that all cores can hash one file.
/// Names do not count. No row is decoded. Never publish it: it would let anyone test a guess of the data.
/// </remarks>
public static class InputFingerprint
{
    private const int BlockBytes = 16 << 20;
    private const int ReadBytes = 1 << 20;

    /// <summary>Hashes the files.</summary>
    /// <param name="files">In name order.</param>
    /// <param name="threads">Threads to use at most.</param>
    /// <param name="cancellationToken">Looked at after each MiB.</param>
    /// <returns>32 bytes.</returns>
    /// <exception cref="DpSparkException">A file cannot be read (DPS5110) or changed while it was read (DPS5108).</exception>
    public static byte[] Compute(IReadOnlyList<InputFile> files, int threads, CancellationToken cancellationToken)
    {
        var work = new List<(int File, long Offset, int Slot)>();
        foreach (var (index, file) in files.Index())
        {
            for (long offset = 0; offset < file.Length; offset += BlockBytes)
            {
                work.Add((index, offset, work.Count));
            }
        }

        var hashes = new byte[work.Count][];
        try
        {
            Parallel.ForEach(work, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads), CancellationToken = cancellationToken },
                w => hashes[w.Slot] = HashBlock(files[w.File], w.Offset, cancellationToken));
        }
        catch (AggregateException e) when (e.InnerExceptions[0] is DpSparkException or OperationCanceledException)
        {
            throw e.InnerExceptions[0];
        }

        using var total = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[8];
        var slot = 0;
        foreach (var file in files)
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, file.Length);
            total.AppendData(length);
            for (long offset = 0; offset < file.Length; offset += BlockBytes)
            {
                total.AppendData(hashes[slot++]);
            }
        }

        return total.GetHashAndReset();
    }

    /// <summary>Makes sure that the files are still those that were hashed.</summary>
    /// <param name="files">The files as they were.</param>
    /// <exception cref="DpSparkException">One is gone or has another size or time (DPS5108, exit 1).</exception>
    public static void EnsureUnchanged(IReadOnlyList<InputFile> files)
    {
        foreach (var file in files)
        {
            if (!File.Exists(file.Path) || InputFile.Of(file.Path, file.Name) != file)
            {
                throw Changed(file);
            }
        }
    }

    private static byte[] HashBlock(InputFile file, long offset, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            using var handle = Open(file);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var left = (int)Math.Min(BlockBytes, file.Length - offset);
            while (left > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, Math.Min(ReadBytes, left)), offset);
                if (read == 0)
                {
                    throw Changed(file);
                }

                hash.AppendData(buffer, 0, read);
                offset += read;
                left -= read;
            }

            return hash.GetHashAndReset();
        }
        catch (IOException e)
        {
            throw Unreadable(file, e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static SafeFileHandle Open(InputFile file)
    {
        try
        {
            return File.OpenHandle(file.Path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Unreadable(file, e);
        }
    }

    internal static DpSparkException Unreadable(InputFile file, Exception cause) => new("DPS5110", ExitCodes.Environment, $"{file.Name}: the file cannot be read.", cause.Message,
        ["give the account that runs dpspark the right to read it", "check the disk or the mount it is on"], cause);

    private static DpSparkException Changed(InputFile file) => new("DPS5108", ExitCodes.FailedSafe, $"{file.Name}: the file changed while the run was reading it.",
        "A release is a function of one state of its input; a mixture of two would have no meaning.",
        ["run again when the file is complete", "let writers write beside it and rename"]);
}
