using System.Globalization;
using DpSpark.Core;
using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Jobs.Running;

/// <summary>Temporary files of one run in a folder of its own, for its owner alone (0700, files 0600). Nothing of them outlives the process that made them.</summary>
/// <remarks>
/// On Unix a file loses its name as soon as it is open, so the kernel frees it however the process ends; on Windows it is opened to be deleted on close. The folder holds a lock
/// file that its owner keeps open exclusively: a folder whose lock can be taken has lost its owner, and is removed at the next start.
/// </remarks>
public sealed class TempSpillStore : ISpillStore, IDisposable
{
    private const string Prefix = "dpspark-";
    private const string LockName = "owner.lock";
    private readonly FileStream _lock;
    private int _files;

    private TempSpillStore(string folder, FileStream held)
    {
        Folder = folder;
        _lock = held;
    }

    /// <summary>The folder of this run.</summary>
    public string Folder { get; }

    /// <summary>Removes what runs that crashed left behind, and opens a folder for this run.</summary>
    /// <param name="parent">Folder for temporary files; null for the system's.</param>
    /// <exception cref="DpSparkException">The folder does not exist or cannot be written (DPS6101, exit 7).</exception>
    public static TempSpillStore Open(string? parent)
    {
        var root = Path.GetFullPath(parent ?? Path.GetTempPath());
        try
        {
            if (!Directory.Exists(root))
            {
                throw new DirectoryNotFoundException("The folder does not exist.");
            }

            Sweep(root);
            var folder = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"));
            CreatePrivate(folder);
            return new TempSpillStore(folder, new FileStream(Path.Combine(folder, LockName), PrivateFile(FileMode.CreateNew, FileShare.None, FileOptions.None)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DpSparkException("DPS6101", ExitCodes.Environment, $"the folder for temporary files, {root}, cannot be used.", e.Message,
                ["give another one with --temp DIR: local, fast, with room for about the size of the input"], e);
        }
    }

    /// <inheritdoc/>
    public FileStream Create()
    {
        var path = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref _files)}.spill"));
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, PrivateFile(FileMode.CreateNew, FileShare.None, FileOptions.DeleteOnClose));
        }

        var stream = new FileStream(path, PrivateFile(FileMode.CreateNew, FileShare.None, FileOptions.None));
        File.Delete(path);
        return stream;
    }

    /// <summary>Removes folders of earlier runs whose owners no longer live.</summary>
    /// <param name="parent">Folder for temporary files.</param>
    public static void Sweep(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            if (IsOurs(folder) && !OwnerLives(folder))
            {
                Remove(folder);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock.Dispose();
        Remove(Folder);
    }

    private static bool IsOurs(string folder)
    {
        // dpspark-<process>-<32 hex digits>: nothing else is ever touched.
        var parts = Path.GetFileName(folder).Split('-');
        return parts.Length == 3 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _) && Guid.TryParseExact(parts[2], "N", out _);
    }

    private static bool OwnerLives(string folder)
    {
        try
        {
            using var taken = new FileStream(Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            // Killed between making the folder and its lock, or the owner is there right now: only a folder that has been so for a while is swept.
            return DateTime.UtcNow - Directory.GetCreationTimeUtc(folder) < TimeSpan.FromMinutes(1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another start sweeps the same folder, or it belongs to somebody else: the next start tries again.
        }
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static FileStreamOptions PrivateFile(FileMode mode, FileShare share, FileOptions options)
    {
        var result = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, Options = options, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            result.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return result;
    }
}
