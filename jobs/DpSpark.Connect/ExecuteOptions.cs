namespace DpSpark.Connect;

/// <summary>How one operation runs.</summary>
public sealed record ExecuteOptions
{
    /// <summary>Words by which the operation can be interrupted together with others; without commas.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Told the operation's id before it starts; null for nobody.</summary>
    public Action<string>? Started { get; init; }

    /// <summary>Told how far Spark has come, every few seconds; null for nobody. Old servers do not say.</summary>
    public Action<SparkProgress>? Progress { get; init; }

    /// <summary>Told each time that the operation is taken up again over a new stream; null for nobody.</summary>
    public Action? Reattached { get; init; }
}

/// <summary>How far an operation has come.</summary>
/// <param name="Tasks">Tasks of all stages known so far.</param>
/// <param name="CompletedTasks">Tasks that are done.</param>
/// <param name="RunningTasks">Tasks that run now.</param>
/// <param name="InputBytes">Bytes read from the sources.</param>
public readonly record struct SparkProgress(long Tasks, long CompletedTasks, long RunningTasks, long InputBytes);
