using System.Diagnostics;

namespace DpSpark.Jobs.Running;

/// <summary>Named places where a test may end the process or make a fault. Compiled into Debug builds, which tests use, and into nothing that is published.</summary>
internal static class FailPoints
{
#if DEBUG
    /// <summary>Every name, in the order a first run passes them; <c>publishing</c> where Spark publishes, just before it is told to.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "before-reserve", "reserved", "running", "engine-started", "bounds-found", "keys-shown", "engine-done", "stage-created", "stage-part-written", "stage-written", "staged", "committed",
        "publishing", "success-written", "old-set-aside", "published",
    ];

    /// <summary>Called with the name of each place that is passed.</summary>
    public static Action<string>? Hook { get; set; }
#endif

    /// <summary>Passes a place. Calls of it exist in Debug builds only.</summary>
    /// <param name="name">One of <c>All</c>.</param>
    [Conditional("DEBUG")]
    public static void Hit(string name)
    {
#if DEBUG
        Hook?.Invoke(name);
#endif
    }
}
