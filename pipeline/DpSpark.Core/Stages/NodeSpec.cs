using System.Numerics;

namespace DpSpark.Core.Stages;

/// <summary>The aggregates of a release.</summary>
public enum AggregateKind
{
    /// <summary>Rows kept.</summary>
    Count,

    /// <summary>Privacy units in the partition.</summary>
    PrivacyIdCount,

    /// <summary>Sum of clamped values.</summary>
    Sum,

    /// <summary>Mean of clamped values.</summary>
    Mean,

    /// <summary>Variance of clamped values.</summary>
    Variance,

    /// <summary>Standard deviation of clamped values.</summary>
    Stddev,

    /// <summary>Approximate minimum.</summary>
    Min,

    /// <summary>Approximate maximum.</summary>
    Max,

    /// <summary>Quantiles at ranks.</summary>
    Quantile,

    /// <summary>Counts of values in bins.</summary>
    Histogram,

    /// <summary>Sums of several columns whose rows are clipped together.</summary>
    VectorSum,

    /// <summary>Distinct values, a bounded number per unit.</summary>
    CountDistinct,

    /// <summary>Covariance of two columns.</summary>
    Covariance,
}

/// <summary>How a node's released number is made from its noisy draws.</summary>
public enum NodeForm
{
    /// <summary>The one draw, times its unit.</summary>
    Direct,

    /// <summary>
    /// Mean from two soft bins (dp-math.md 3.4): draws <c>bin0</c> (sum of Hi - k) and <c>bin1</c> (sum of k - Lo) on one grid; mean = Lo + U · S1 / (S0 + S1), read through
    /// mid + ns / max(1, count), clamped to [Lo, Hi].
    /// </summary>
    TwoBinMean,

    /// <summary>Mean from draws <c>ns</c> (sum of 2k - (Lo + Hi), half units) and <c>count</c>: mid + ns / max(1, count), clamped to [Lo, Hi].</summary>
    NormalizedMean,

    /// <summary>Lower equals upper: the mean is that public value; no draws.</summary>
    Constant,
}

/// <summary>One aggregate of the release: its draws of noise and how they become the released number.</summary>
public sealed record NodeSpec
{
    /// <summary>Output column name (<c>as</c>, with a suffix where an aggregate has several columns); unique in the release, without NUL.</summary>
    public required string Output { get; init; }

    /// <summary>The aggregate.</summary>
    public required AggregateKind Aggregate { get; init; }

    /// <summary>Index of the aggregate in the request: one aggregate may release several numbers.</summary>
    public int AggregateIndex { get; init; }

    /// <summary>How the number is made.</summary>
    public required NodeForm Form { get; init; }

    /// <summary>The draws, in the order of <see cref="NodeForm"/>: Direct one; TwoBinMean bin0, bin1; NormalizedMean ns, count.</summary>
    public required IReadOnlyList<DrawSpec> Draws { get; init; }

    /// <summary>Grid of the value bounds of a mean.</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>Lower clamping bound of a mean (or of a Constant node), in units of <see cref="Grid"/>.</summary>
    public long Lower { get; init; }

    /// <summary>Upper clamping bound of a mean, in units of <see cref="Grid"/>.</summary>
    public long Upper { get; init; }

    /// <summary>Whether the released value is a whole number written as a 64-bit integer (counts; sums of integer columns).</summary>
    public bool IsInteger { get; init; }
}

/// <summary>A coefficient of an accumulator in the exact integer that a draw adds noise to.</summary>
/// <param name="Accumulator">Index into <see cref="StageSpec.Accumulators"/>, or -1 for the number of units.</param>
/// <param name="Coefficient">Exact integer factor.</param>
public sealed record Term(int Accumulator, BigInteger Coefficient);

/// <summary>The exact noise distributions.</summary>
public enum NoiseKind
{
    /// <summary>P(k) ∝ exp(-|k| · Denominator / Numerator): scale Numerator/Denominator units.</summary>
    DiscreteLaplace,

    /// <summary>P(k) ∝ exp(-k² · Denominator / (2 · Numerator)): σ² = Numerator/Denominator units².</summary>
    DiscreteGaussian,
}

/// <summary>A noise distribution over the integers with exact rational parameters, and the sampler that draws it.</summary>
/// <param name="Kind">The family.</param>
/// <param name="Numerator">Numerator of the scale (Laplace) or of σ² (Gaussian); positive.</param>
/// <param name="Denominator">Denominator; positive.</param>
/// <param name="Sampler">Version tag of the sampler (which stream words make which value): part of the plan so that both hosts draw the same bits.</param>
public sealed record NoiseSpec(NoiseKind Kind, BigInteger Numerator, BigInteger Denominator, string Sampler);

/// <summary>One number that receives noise: S = Σ coefficient · accumulator; S' = (S + 2^(j-1)) >> j; released units = S' + noise.</summary>
public sealed record DrawSpec
{
    /// <summary>Part of the metric bytes of dp-math.md 1.2 (<c>count</c>, <c>sum</c>, <c>bin0</c>, …); unique within the node.</summary>
    public required string Part { get; init; }

    /// <summary>The exact integer that receives noise.</summary>
    public required IReadOnlyList<Term> Terms { get; init; }

    /// <summary>j: bits dropped after summation, rounding half up; 0 for none.</summary>
    public int Shift { get; init; }

    /// <summary>Real value of one released unit (after the shift).</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>The noise.</summary>
    public required NoiseSpec Noise { get; init; }

    /// <summary>Standard deviation of the noise in real units, for reports and intervals.</summary>
    public double StandardDeviation { get; init; }

    /// <summary>
    /// Name of the output whose draw this one is: the noisy number is drawn once under that name and used here again (a privacy-id count that is also the selection's count).
    /// Null when this draw is its own.
    /// </summary>
    public string? SharedWith { get; init; }
}

/// <summary>The partition selection rules.</summary>
public enum SelectionStrategy
{
    /// <summary>Optimal rule for one partition as an exact table (dp-math.md 4.1).</summary>
    TruncatedGeometric,

    /// <summary>Noisy unit count against a threshold, discrete Laplace (4.3).</summary>
    LaplaceThreshold,

    /// <summary>Noisy unit count against a threshold, discrete Gaussian (4.4).</summary>
    GaussianThreshold,
}

/// <summary>How partitions are selected privately.</summary>
public sealed record SelectionSpec
{
    /// <summary>The rule.</summary>
    public required SelectionStrategy Strategy { get; init; }

    /// <summary>N: only partitions with at least N units are considered; 1 for none.</summary>
    public int PreThreshold { get; init; } = 1;

    /// <summary>
    /// Truncated geometric: P(1), P(2), … in units of 2^-128 until 2^128 is reached. n units are kept with probability P(n - N + 1).
    /// </summary>
    public IReadOnlyList<BigInteger> Table { get; init; } = [];

    /// <summary>Thresholding: keep when n ≥ N and n + X ≥ Threshold, in units (of <see cref="NoiseGrid"/>) including the shift of N - 1.</summary>
    public BigInteger Threshold { get; init; }

    /// <summary>Thresholding: the noise X.</summary>
    public NoiseSpec? Noise { get; init; }

    /// <summary>Thresholding: real value of one noise unit; counts are multiplied by 1/unit before noise (a unit of 1 or a negative power of two).</summary>
    public GridUnit NoiseGrid { get; init; } = GridUnit.One;

    /// <summary>
    /// Output name whose noisy privacy-id count is the one compared (it is then drawn under that name, part <c>count</c>, and released at no further cost); null when the selection
    /// draws under the reserved metric name <c>partition_selection</c>, part <c>select</c>.
    /// </summary>
    public string? SharedOutput { get; init; }
}
