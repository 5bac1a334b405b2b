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
}
