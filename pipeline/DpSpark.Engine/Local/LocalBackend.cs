using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Local;

/// <summary>The in-process backend: laptops, tests, and releases that one machine can do. Takes batches, never paths.</summary>
/// <remarks>
/// Deterministic: the same key and the same rows, in any order, file split and thread count, with or without spilling, give the same table.
/// Memory: rows wait in native chunks up to <see cref="LocalOptions.MemoryBytes"/> and in spill files beyond; the released rows themselves are kept in memory.
/// </remarks>
public sealed class LocalBackend : IBackend
{
    /// <summary>Least memory the engine works with.</summary>
    public const long MinimumMemoryBytes = 64L * 1024 * 1024;

    private readonly LocalOptions _options;

    /// <summary>Makes a backend.</summary>
    /// <param name="options">Limits and spill store.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one thread, or less than <see cref="MinimumMemoryBytes"/>.</exception>
    public LocalBackend(LocalOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MemoryBytes, MinimumMemoryBytes, nameof(options));
        _options = options;
    }

    /// <inheritdoc/>
    public ReleaseResult Run(ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        using var run = new LocalRun(_options, plan, source, key, mode, progress);
        try
        {
            return run.Execute(cancellationToken);
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            throw new DpSparkException("DPS6010", ExitCodes.FailedSafe, "reading the source or writing a spill file failed while the job ran.",
                fixes: ["Check the disk of the temp folder (--temp) and that the source is not being changed, then run again: the same reservation continues."], inner: e);
        }
    }
}
