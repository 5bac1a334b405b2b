using DpSpark.Arrow;
using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>What a host gives a task.</summary>
public sealed record StageResources
{
    /// <summary>Where to spill.</summary>
    public required ISpillStore SpillStore { get; init; }

    /// <summary>Bytes the task may hold for rows, accumulators and buffers.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The keyset that the request names, or null when there is none.</summary>
    public KeysetIndex? Keyset { get; init; }

    /// <summary>Bytes of rows held before spilling; null for half of <see cref="MemoryBytes"/>.</summary>
    internal long? RowBytes { get; init; }

    /// <summary>Bytes of a bucket taken into memory at once; null for a part of <see cref="MemoryBytes"/>.</summary>
    internal long? BucketBytes { get; init; }

    /// <summary>Bytes of accumulators held at once; null for a part of <see cref="MemoryBytes"/>.</summary>
    internal long? TableBytes { get; init; }

    /// <summary>The public keys of a release; null where there are none, or the keys that are given are left out.</summary>
    internal KeysetIndex? PublicKeys(StageSpec spec) => spec.LeavesOutKeys ? null : Keyset;

    internal long RowLimit => RowBytes ?? MemoryBytes / 2;

    internal long BucketLimit => BucketBytes ?? Math.Max(4L << 20, MemoryBytes / 10);

    internal long TableLimit => TableBytes ?? Math.Max(2L << 20, MemoryBytes / 10);
}

/// <summary>One step on one slice: batches in, batches out. Used once, by one thread.</summary>
public abstract class StageTask : IDisposable
{
    /// <summary>Columns of the batches given.</summary>
    public abstract Schema Output { get; }

    /// <summary>Bytes written to spill files so far.</summary>
    public virtual long BytesSpilled => 0;

    /// <summary>Makes the task that a request asks for.</summary>
    /// <param name="request">The request.</param>
    /// <param name="input">Columns of the batches taken.</param>
    /// <param name="resources">Memory, spill store, keyset.</param>
    /// <exception cref="DpSparkException">The columns are not those of the step (DPS6405), or a column of the contract is missing (DPS5001).</exception>
    public static StageTask Open(StageRequest request, Schema input, StageResources resources) => request.Step switch
    {
        StageStep.Echo => new EchoTask(input),
        StageStep.Project => new ProjectTask(request.Spec!, input, resources.Keyset),
        StageStep.Bound => new BoundTask(request, input, resources),
        _ => new ReleaseTask(request, input, resources),
    };

    /// <summary>Runs the step.</summary>
    /// <param name="input">Batches of the slice; the task disposes each before it asks for the next.</param>
    /// <param name="cancellationToken">Stops the work within a second.</param>
    /// <returns>Batches; each is valid until the next is asked for.</returns>
    public abstract IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives memory and files back and forgets secrets.</summary>
    /// <param name="disposing">Always true: there is no finaliser.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Holds the columns of the input against what a step takes.</summary>
    private protected static void Require(Schema expected, Schema found, string step)
    {
        var same = expected.Fields.Count == found.Fields.Count;
        for (var i = 0; same && i < expected.Fields.Count; i++)
        {
            var (want, have) = (expected.Fields[i].Type, found.Fields[i].Type);
            same = want.Kind == TypeKind.Binary ? have.Kind is TypeKind.Binary or TypeKind.LargeBinary && found.Fields[i].Dictionary is null : want == have;
        }

        if (!same)
        {
            throw new DpSparkException("DPS6405", ExitCodes.Bug, $"The {step} step got columns that are not those of its input.",
                "The plan around it was made by another version, or changed on its way.", ["Use the same version of DpSpark everywhere; if it is the same, please report this."]);
        }
    }

    private sealed class EchoTask(Schema input) : StageTask
    {
        public override Schema Output => input;

        public override IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
        {
            foreach (var batch in input)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using (batch)
                {
                    yield return new RecordBatch(Output, batch.Columns, batch.Length);
                }
            }
        }
    }
}
