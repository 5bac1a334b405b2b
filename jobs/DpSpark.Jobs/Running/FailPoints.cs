namespace DpSpark.Jobs.Running;

/// <summary>Named places where a test may end the process or make a fault. Nothing in the product sets the hook: only a host that tests start can.</summary>
internal static class FailPoints
{
    /// <summary>Every name, in the order a first run passes them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "before-reserve", "reserved", "running", "engine-started", "engine-done", "stage-created", "stage-part-written", "stage-written", "staged", "committed",
        "success-written", "old-set-aside", "published",
    ];

    /// <summary>Called with the name of each place that is passed; null in the product.</summary>
    public static Action<string>? Hook { get; set; }

    /// <summary>Passes a place.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    public static void Hit(string name) => Hook?.Invoke(name);
}
