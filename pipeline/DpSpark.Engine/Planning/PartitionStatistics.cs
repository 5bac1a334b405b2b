namespace DpSpark.Engine.Planning;

/// <summary>What the error of a mean, variance, standard deviation or covariance depends on, besides the plan: moments of a partition's bounded and clamped rows.</summary>
/// <remarks>Of real data these are private; a prediction at them is for tests and tuning, and no part of a release.</remarks>
public sealed record PartitionStatistics
{
    /// <summary>Rows, at least 0.</summary>
    public required double Count { get; init; }

    /// <summary>Mean of the column, or of the first of two.</summary>
    public double Mean { get; init; }

    /// <summary>Mean of the second column of a covariance.</summary>
    public double SecondMean { get; init; }

    /// <summary>Variance of the column (divided by the count), or covariance of the two.</summary>
    public double Variance { get; init; }
}
