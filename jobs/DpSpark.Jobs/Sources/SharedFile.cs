namespace DpSpark.Jobs.Sources;

/// <summary>One open file for several readers: opened by the first that needs it, closed when the last has left, so that no more files are open than are being read. A second pass opens it again.</summary>
/// <typeparam name="T">The codec's open file; safe for several threads.</typeparam>
internal sealed class SharedFile<T>(InputFile file, Func<T> open, int readers) where T : class, IDisposable
{
    private readonly Lock _gate = new();
    private readonly int _readers = readers;
    private T? _opened;
    private int _left = readers;

    /// <summary>Does something with the file; faults of the codec become faults of the data contract.</summary>
    public TResult Use<TResult>(Func<T, TResult> read) => FileFaults.Guard(file, () =>
    {
        T opened;
        lock (_gate)
        {
            opened = _opened ??= open();
        }

        return read(opened);
    });

    /// <summary>Says that one reader is done.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (--_left == 0)
            {
                _opened?.Dispose();
                _opened = null;
                _left = _readers;
            }
        }
    }
}
