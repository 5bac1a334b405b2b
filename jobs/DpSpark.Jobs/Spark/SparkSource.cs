using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Spark;

/// <summary>A source that Spark reads. What it was is known here, its rows are not.</summary>
internal abstract class SparkSource : IRunSource
{
    public abstract string Description { get; }

    public abstract Schema Schema { get; }

    public long? EstimatedRows => null;

    public IReadOnlyList<IRowSplit> Splits => throw new NotSupportedException("The rows of this source are read by Spark.");

    /// <summary>Bytes that Spark will read, or null where that is not known.</summary>
    public abstract long? Bytes { get; }

    /// <summary>Whether every column is text, from which the contract's type is read.</summary>
    public abstract bool IsText { get; }

    /// <summary>The wanted columns, by their names in the source, in the order of <see cref="Schema"/>.</summary>
    public abstract SparkRelation Rows();

    public abstract byte[] Fingerprint(int threads, CancellationToken cancellationToken);

    public abstract void EnsureUnchanged();
}
