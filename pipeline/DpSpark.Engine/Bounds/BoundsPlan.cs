using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Bounds;

/// <summary>What a first pass finds.</summary>
public enum BoundsTarget
{
    /// <summary>In how many partitions a unit counts.</summary>
    Partitions,

    /// <summary>With how many rows in one partition.</summary>
    RowsPerPartition,

    /// <summary>Bounds of single values.</summary>
    Values,

    /// <summary>Bounds of each unit's sum in a partition.</summary>
    PartitionSums,
}

/// <summary>The first pass of a release whose bounds are found privately: noisy histograms with one bin per unit each, and what they decide.</summary>
public sealed record BoundsPlan
{
    /// <summary>What both hosts run before the release itself.</summary>
    public required StageSpec Spec { get; init; }

    /// <summary>Epsilon of the first pass, taken out of the total before anything else; it has no delta. Where rho adds up, only its part in the division of the total; see <see cref="Rho"/>.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Rho of the first pass, taken out of the total, where rho adds up; else null.</summary>
    public ExactDecimal? Rho { get; init; }

    /// <summary>Whether the loss accountant composes the first pass with the rest, whose noise is Gaussian for every value of the bounds; otherwise what both cost is added.</summary>
    public bool IsComposed { get; init; }

    /// <summary>What is to be found.</summary>
    public required IReadOnlyList<BoundsQuestion> Questions { get; init; }

    /// <summary>What was found, one per question; null before the first pass.</summary>
    public IReadOnlyList<FoundBounds>? Found { get; init; }
}

/// <summary>One pair of bounds, or one bound, that a first pass finds.</summary>
public sealed record BoundsQuestion
{
    /// <summary>The manifest key that asks for it.</summary>
    public required string Path { get; init; }

    /// <summary>Name for people and for the metric of its noise: the aggregate's output, or the bound's key.</summary>
    public required string Name { get; init; }

    /// <summary>What is found.</summary>
    public required BoundsTarget Target { get; init; }

    /// <summary>Index of the aggregate; null for a bound of the privacy unit.</summary>
    public int? Aggregate { get; init; }

    /// <summary>Its epsilon, divided equally over its histograms. Where rho adds up, only its part in the division of the total; see <see cref="Rho"/>.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Its rho, divided equally over its histograms, where rho adds up; else null.</summary>
    public ExactDecimal? Rho { get; init; }

    /// <summary>Index of its first histogram.</summary>
    public required int FirstHistogram { get; init; }

    /// <summary>Its histograms: two where both ends of the values matter, else one.</summary>
    public required int Histograms { get; init; }

    /// <summary>Noise on each count of its histograms; one unit that is added changes one count of each by one, one that is replaced two.</summary>
    public required NoiseSpec Noise { get; init; }
}

/// <summary>Bounds that a first pass found: post-processing of its noisy counts.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Lower">Lower bound; 1 for a bound of the privacy unit.</param>
/// <param name="Upper">Upper bound.</param>
public sealed record FoundBounds(BoundsQuestion Question, ExactDecimal Lower, ExactDecimal Upper);
