namespace DpSpark.Connect.Plans;

/// <summary>A function that Spark's worker runs: for us a stage of the DpSpark worker.</summary>
/// <param name="Name">Seen in plans.</param>
/// <param name="Command">What the worker is to do. Spark carries it unread, in every task: keep it below some 100 KB.</param>
/// <param name="Output">Columns of what it gives back.</param>
public sealed record WorkerFunction(string Name, ReadOnlyMemory<byte> Command, IReadOnlyList<SparkField> Output)
{
    /// <summary>Batches in, batches out (Spark's <c>mapInArrow</c>).</summary>
    public const int MapArrow = 207;

    /// <summary>A whole group in, batches out (Spark's <c>applyInArrow</c>).</summary>
    public const int GroupedMapArrow = 209;

    /// <summary>Version text that reaches the worker; Spark does not read it.</summary>
    public string Version { get; init; } = "dpspark-1";

    /// <summary>Whether Spark may plan as if the same input always gave the same output.</summary>
    public bool Deterministic { get; init; } = true;
}
