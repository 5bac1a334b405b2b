using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Worker.Hosting;

/// <summary>Temporary files in Spark's local folders, for the owner alone. A file loses its name as soon as it is open, so nothing is left however the process ends.</summary>
internal sealed class WorkerSpillStore : ISpillStore
{
    private readonly IReadOnlyList<string> _folders;
    private int _next = -1;

    public WorkerSpillStore(IReadOnlyList<string> folders) => _folders = folders.Count > 0 ? folders : [Path.GetTempPath()];

    /// <inheritdoc/>
    public FileStream Create()
    {
        IOException? failed = null;
        for (var tries = 0; tries < _folders.Count; tries++)
        {
            var folder = _folders[(int)((uint)Interlocked.Increment(ref _next) % (uint)_folders.Count)];
            try
            {
                return CreateIn(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A broken disk among several: the next one may work.
                failed = e as IOException ?? new IOException(e.Message, e);
            }
        }

        throw failed!;
    }

    private static FileStream CreateIn(string folder)
    {
        var path = Path.Combine(folder, "dpspark-" + Guid.NewGuid().ToString("N") + ".spill");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose;
            return new FileStream(path, options);
        }

        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        File.Delete(path);
        return stream;
    }
}
