using DpSpark.Arrow;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Flow;

/// <summary>How much of the guarantee a run applies. Everything but <see cref="Release"/> is for tests and never a release.</summary>
public enum RunMode
{
    /// <summary>Bounding, selection and noise.</summary>
    Release,

    /// <summary>As <see cref="Release"/>, with a secret that the caller gave and a fixed release id.</summary>
    Seeded,

    /// <summary>Bounding and clamping, no noise; every non-empty partition with at least <c>pre_threshold</c> units.</summary>
    Bounded,

    /// <summary>No bounding, no clamping, no noise.</summary>
    Raw,
}

/// <summary>The secret of a run and the id that goes with it (dp-math.md 1.2).</summary>
/// <param name="Secret">32 bytes; destroyed by its owner after the commit.</param>
/// <param name="ReleaseId">Bytes of the release id: UTF-8 text.</param>
public sealed record RunKey(byte[] Secret, byte[] ReleaseId);

/// <summary>Where a plan runs.</summary>
public interface IBackend
{
    /// <summary>Runs a plan over rows and gives the released table, sorted by partition key.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="source">The rows.</param>
    /// <param name="key">Secret and release id.</param>
    /// <param name="mode">How much of the guarantee to apply.</param>
    /// <param name="progress">Told about stages; never about data. May be null.</param>
    /// <param name="cancellationToken">Stops the run within a second.</param>
    ReleaseResult Run(ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress, CancellationToken cancellationToken);
}

/// <summary>Progress of a stage.</summary>
/// <param name="Stage">Name of the stage: <c>bound</c>, <c>aggregate</c>, <c>noise</c>.</param>
/// <param name="Done">Pieces of work done (splits, buckets): never a count of rows.</param>
/// <param name="Total">Pieces of work in all.</param>
public sealed record StageProgress(string Stage, int Done, int Total);

/// <summary>What a run gives.</summary>
/// <param name="Table">Partition columns, then per aggregate <c>as</c> and, with intervals, <c>as_stddev</c>, <c>as_ci_low</c>, <c>as_ci_high</c>; sorted by partition key.</param>
/// <param name="Log">True figures for the operator's eyes only (<c>--run-log</c>); never part of anything released.</param>
public sealed record ReleaseResult(RecordBatch Table, RunLog Log)
{
    /// <summary>Canonical bytes of the released partitions, in row order; null where a first pass has none.</summary>
    public IReadOnlyList<byte[]>? Keys { get; init; }
}

/// <summary>True figures of a run. Private data: written only where the operator asks for it.</summary>
public sealed record RunLog
{
    /// <summary>Whether the counts below were taken; an engine that spreads rows over other machines counts nothing.</summary>
    public bool HasCounts { get; init; } = true;

    /// <summary>Rows read from the source.</summary>
    public long RowsRead { get; init; }

    /// <summary>Rows left out by null, NaN, infinity and id policies or because they could not be read.</summary>
    public long RowsDropped { get; init; }

    /// <summary>Rows whose key is not in the keyset.</summary>
    public long RowsOutsideKeyset { get; init; }

    /// <summary>Bytes written to spill files.</summary>
    public long BytesSpilled { get; init; }

    /// <summary>Partitions with data, before selection.</summary>
    public long Partitions { get; init; }

    /// <summary>Wall time of each stage.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Timings { get; init; } = new Dictionary<string, TimeSpan>();
}
