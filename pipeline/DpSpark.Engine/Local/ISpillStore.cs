namespace DpSpark.Engine.Local;

/// <summary>Where the local engine puts rows that do not fit into memory. Handed in by the host, which removes everything on every exit path and sweeps what a crash left at the next start.</summary>
public interface ISpillStore
{
    /// <summary>Opens a new file for writing and reading; nobody else can read it (mode 0600), and it is gone when the stream is disposed or the process ends.</summary>
    FileStream Create();
}

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
