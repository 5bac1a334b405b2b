namespace DpSpark.Core.Stages.Spilling;

/// <summary>Where a host puts rows that do not fit into memory. Handed in by the host, which removes everything on every exit path and sweeps what a crash left at the next start.</summary>
public interface ISpillStore
{
    /// <summary>Opens a new file for writing and reading; nobody else can read it (mode 0600), and it is gone when the stream is disposed or the process ends.</summary>
    FileStream Create();
}
