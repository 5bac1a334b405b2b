using System.Diagnostics;
using System.Globalization;

namespace DpSpark.Spark.Tests.Faults;

/// <summary>The test's side of the gate in the workers of Debug builds: holds one task of a step, and knows which process it is in.</summary>
internal sealed class TaskGates(string folder)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    /// <summary>The next task of a step that has rows is held, one alone.</summary>
    public void Hold(string step)
    {
        foreach (var old in Directory.EnumerateFiles(Folder))
        {
            File.Delete(old);
        }

        File.WriteAllText(Path.Combine(Folder, "hold-" + step), "");
    }

    /// <summary>Waits until a task is held.</summary>
    /// <returns>The process it is in.</returns>
    public int WaitUntilHeld(string step)
    {
        var prefix = "held-" + step + "-";
        string? found = null;
        WaitUntil(() => (found = Directory.EnumerateFiles(Folder, prefix + "*").FirstOrDefault()) is not null, $"no task of step {step} came to the gate");
        return int.Parse(Path.GetFileName(found!)[prefix.Length..], CultureInfo.InvariantCulture);
    }

    /// <summary>Lets the held task go on.</summary>
    public void LetGo()
    {
        foreach (var held in Directory.EnumerateFiles(Folder, "held-*"))
        {
            File.Delete(held);
        }
    }

    /// <summary>Waits until Spark has cancelled the held task.</summary>
    public void WaitUntilCancelled(string step) =>
        WaitUntil(() => Directory.EnumerateFiles(Folder, "cancelled-" + step + "-*").Any(), $"the held task of step {step} was not cancelled");

    /// <summary>Processes in which tasks of a step had rows since <see cref="Hold"/>.</summary>
    public IReadOnlyList<int> Workers(string step) =>
        [.. Directory.EnumerateFiles(Folder, "seen-" + step + "-*").Select(f => int.Parse(Path.GetFileName(f)[("seen-" + step + "-").Length..].Split('-')[0], CultureInfo.InvariantCulture)).Distinct()];

    /// <summary>How many tasks of a step had rows since <see cref="Hold"/>.</summary>
    public int Seen(string step) => Directory.EnumerateFiles(Folder, "seen-" + step + "-*").Count();

    /// <summary>Ends a process as a crash would.</summary>
    public static void Kill(int process)
    {
        using var found = Process.GetProcessById(process);
        found.Kill();
        found.WaitForExit();
    }

    /// <summary>The executor that a worker belongs to: what started it.</summary>
    public static int ExecutorOf(int worker)
    {
        // After the name in parentheses, which may hold anything: state, parent.
        var stat = File.ReadAllText($"/proc/{worker}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for something that can be seen.</summary>
    public static void WaitUntil(Func<bool> condition, string otherwise)
    {
        if (!SpinWait.SpinUntil(condition, s_patience))
        {
            throw new TimeoutException(otherwise);
        }
    }
}
