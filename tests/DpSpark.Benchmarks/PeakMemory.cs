using System.Globalization;

namespace DpSpark.Benchmarks;

/// <summary>
/// Largest resident size (VmHWM) of a server and of the largest process that it started, on Linux. Looked at every half second, because what a process reached is gone when it ends.
/// </summary>
internal sealed class PeakMemory : IDisposable
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(500);
    private readonly int _server;
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private long _serverKibibytes;
    private long _childKibibytes;

    /// <param name="server">The server's process.</param>
    public PeakMemory(int server)
    {
        _server = server;
        _timer = new Timer(static self => ((PeakMemory)self!).Look(), this, TimeSpan.Zero, s_every);
    }

    /// <summary>Mebibytes that the server and the largest process below it have reached so far.</summary>
    public (long Server, long Child) Now()
    {
        Look();
        lock (_gate)
        {
            return (_serverKibibytes / 1024, _childKibibytes / 1024);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var processes = new Dictionary<int, (int Parent, long Peak)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
            {
                try
                {
                    var lines = File.ReadAllLines(Path.Combine(folder, "status"));
                    processes[process] = ((int)NumberOf(lines, "PPid:"), NumberOf(lines, "VmHWM:"));
                }
                catch (IOException)
                {
                    // It ended meanwhile.
                }
            }
        }

        lock (_gate)
        {
            foreach (var (process, (_, peak)) in processes)
            {
                if (process == _server)
                {
                    _serverKibibytes = Math.Max(_serverKibibytes, peak);
                }
                else if (IsBelow(processes, process))
                {
                    _childKibibytes = Math.Max(_childKibibytes, peak);
                }
            }
        }
    }

    private bool IsBelow(Dictionary<int, (int Parent, long Peak)> processes, int process)
    {
        while (processes.TryGetValue(process, out var found))
        {
            process = found.Parent;
            if (process == _server)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The number of a line; 0 where there is none, as for threads of the kernel.</summary>
    private static long NumberOf(string[] lines, string name)
    {
        foreach (var line in lines)
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
