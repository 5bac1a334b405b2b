using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Engine.Local;

/// <summary>Limits of the local engine.</summary>
public sealed record LocalOptions
{
    /// <summary>Bytes the engine may hold for rows, accumulators and buffers.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Where to spill.</summary>
    public required ISpillStore SpillStore { get; init; }

    /// <summary>Overrides the bytes of rows held before spilling, so that tests reach the spill paths with few rows.</summary>
    internal long? RowBytes { get; init; }

    /// <summary>Overrides the bytes of one bucket that a thread takes into memory, for tests.</summary>
    internal long? BucketBytes { get; init; }

    /// <summary>Overrides the bytes of a thread's accumulators before they are set aside, for tests.</summary>
    internal long? TableBytes { get; init; }
}
