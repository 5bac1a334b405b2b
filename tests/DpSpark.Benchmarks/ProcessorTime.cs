using System.Globalization;

namespace DpSpark.Benchmarks;

/// <summary>Processor time of a server and of what it started, on Linux. On a machine that others use as well it says more than the clock does.</summary>
/// <param name="Itself">Seconds of the process.</param>
/// <param name="Children">Seconds of its descendants that still run or were waited for.</param>
internal readonly record struct ProcessorTime(double Itself, double Children)
{
    private const double TicksPerSecond = 100;

    public static ProcessorTime operator -(ProcessorTime left, ProcessorTime right) => new(left.Itself - right.Itself, left.Children - right.Children);

    /// <summary>Reads the times of a process and of its descendants.</summary>
    public static ProcessorTime OfTree(int id)
    {
        var processes = new Dictionary<int, (int Parent, double Own, double Ended)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
            {
                continue;
            }

            try
            {
                // The name stands in parentheses and may hold anything.
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                processes[process] = (int.Parse(fields[1], CultureInfo.InvariantCulture), Seconds(fields[11]) + Seconds(fields[12]), Seconds(fields[13]) + Seconds(fields[14]));
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        if (!processes.TryGetValue(id, out var root))
        {
            throw new ArgumentException($"There is no process {id}.", nameof(id));
        }

        var children = root.Ended;
        foreach (var (process, times) in processes)
        {
            children += process != id && IsBelow(processes, process, id) ? times.Own + times.Ended : 0;
        }

        return new(root.Own, children);
    }

    private static bool IsBelow(Dictionary<int, (int Parent, double Own, double Ended)> processes, int process, int root)
    {
        while (processes.TryGetValue(process, out var found))
        {
            process = found.Parent;
            if (process == root)
            {
                return true;
            }
        }

        return false;
    }

    private static double Seconds(string ticks) => long.Parse(ticks, CultureInfo.InvariantCulture) / TicksPerSecond;
}
