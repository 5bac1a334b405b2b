using System.Security.Cryptography;
using DpSpark.Core.Noise;

namespace DpSpark.Jobs.Ledger;

/// <summary>
/// The files beside the ledger that live only as long as a release is open: its secret, readable by its owner alone, and a lock that dies with the process that holds it. The
/// secret never enters the database, where free pages and journals would keep copies; it is overwritten before it is removed.
/// </summary>
internal sealed class LedgerFiles(string ledgerPath)
{
    private const string SecretSuffix = ".secret";
    private const string LockSuffix = ".lock";
    private readonly string _folder = Path.GetDirectoryName(ledgerPath)!;
    private readonly string _prefix = Path.GetFileName(ledgerPath) + "-";

    /// <summary>Writes a new secret through to the disk. Its folder entry becomes durable with the transaction that follows, which syncs the same folder.</summary>
    public void WriteSecret(string releaseId, ReadOnlySpan<byte> secret)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(PathOf(releaseId, SecretSuffix), options);
        file.Write(secret);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Reads a secret.</summary>
    /// <param name="releaseId">Whose.</param>
    /// <param name="commitment">What the ledger says of it, hex.</param>
    /// <param name="secret">Receives 32 bytes.</param>
    /// <returns>Whether the secret is there and is the one that was committed to.</returns>
    public bool TryReadSecret(string releaseId, string commitment, Span<byte> secret)
    {
        try
        {
            using var file = new FileStream(PathOf(releaseId, SecretSuffix), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return file.Length == secret.Length && file.ReadAtLeast(secret, secret.Length, throwOnEndOfStream: false) == secret.Length
                && Convert.ToHexStringLower(StreamKeys.Commitment(secret)) == commitment;
        }
        catch (Exception e) when (e is FileNotFoundException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Takes the lock of a release for this process, or returns null when someone has it.</summary>
    public FileStream? TryLock(string releaseId)
    {
        try
        {
            return new FileStream(PathOf(releaseId, LockSuffix), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null; // another user's; whether that run is alive cannot be known, so it counts as alive
        }
    }

    /// <summary>Whether nobody works on a release.</summary>
    public bool IsAbandoned(string releaseId)
    {
        if (!File.Exists(PathOf(releaseId, LockSuffix)))
        {
            return true;
        }

        using var taken = TryLock(releaseId);
        return taken is not null;
    }

    /// <summary>Destroys the secret of a release that is closed, and its lock file. What cannot be removed now is removed by <see cref="Sweep"/>.</summary>
    public void Remove(string releaseId)
    {
        try
        {
            Shred(PathOf(releaseId, SecretSuffix));
            File.Delete(PathOf(releaseId, LockSuffix));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's file, or one that a scanner holds open: the next writer tries again.
        }
    }

    /// <summary>Removes the files of releases that are not open. Call it while holding the ledger's write lock: a secret is written before its reservation is.</summary>
    /// <param name="isOpen">Whether a release id is of an open reservation.</param>
    public void Sweep(Func<string, bool> isOpen)
    {
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            var name = Path.GetFileName(path);
            var suffix = Path.GetExtension(name);
            if (suffix is not (SecretSuffix or LockSuffix) || !name.StartsWith(_prefix, StringComparison.Ordinal) || name.Length <= _prefix.Length + suffix.Length)
            {
                continue;
            }

            var releaseId = name[_prefix.Length..^suffix.Length];
            if (releaseId.StartsWith(ReleaseIds.Prefix, StringComparison.Ordinal) && !isOpen(releaseId))
            {
                Remove(releaseId);
            }
        }
    }

    private static void Shred(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            Span<byte> noise = stackalloc byte[StreamKeys.SecretBytes];
            RandomNumberGenerator.Fill(noise);
            file.Write(noise);
            file.Flush(flushToDisk: true);
        }

        File.Delete(path);
    }

    private string PathOf(string releaseId, string suffix) => ReleaseIds.IsValid(releaseId)
        ? Path.Combine(_folder, _prefix + releaseId + suffix)
        : throw new FormatException("A release id in the ledger has characters that release ids do not have.");

    /// <summary>EAGAIN on Linux, on macOS, and the sharing and lock violations of Windows.</summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}

/// <summary>Release ids: <c>rel-</c>, random digits, and the run date when there is one. Never derived from data.</summary>
internal static class ReleaseIds
{
    public const string Prefix = "rel-";

    public static string Create(DateOnly? runDate) =>
        Prefix + RandomNumberGenerator.GetHexString(16, lowercase: true) + (runDate is { } date ? "-" + date.ToString("O", System.Globalization.CultureInfo.InvariantCulture) : "");

    public static bool IsValid(string id) => id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length <= 64 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
