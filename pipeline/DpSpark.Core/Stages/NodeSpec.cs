using System.Numerics;
using System.Text.Json.Serialization;

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

    /// <summary>Read off noisy moments of one or two columns, which <see cref="NodeSpec.Basis"/> says how to make of the draws: a count, sum, mean, variance, standard deviation or covariance.</summary>
    Moments,

    /// <summary>Lower equals upper: the mean is that public value; no draws.</summary>
    Constant,

    /// <summary>The value at <see cref="NodeSpec.Rank"/> of <see cref="NodeSpec.Tree"/>, or near an end of it (min, max); the tree holds the noise.</summary>
    Quantile,

    /// <summary>The one draw, a count, times the one value that the bounds leave: <see cref="NodeSpec.Lower"/>, which is <see cref="NodeSpec.Upper"/>, in units of <see cref="NodeSpec.Grid"/>.</summary>
    Scaled,
}

/// <summary>
/// What draws a moments node has. u is a value's distance from the midpoint of its bounds, w = k - Lo its distance from the lower one in grid units, W = Hi - Lo, h half the width in real
/// units, n the count. Each draw's value is in real units of its own grid.
/// </summary>
public enum MomentBasis
{
    /// <summary>Draws <c>bin0</c> = Σ (W - w), <c>bin1</c> = Σ w: n = (bin0 + bin1) / width, Σ u = (bin1 - bin0) / 2 (dp-math.md 3.4).</summary>
    Bins2,

    /// <summary>Draws <c>bin0</c> = Σ (W - w)², <c>bin1</c> = Σ 2w(W - w), <c>bin2</c> = Σ w²: n = their sum / width², Σ u = h (bin2 - bin0) / width², Σ u² = h² (bin0 + bin2 - bin1) / width² (3.5).</summary>
    Bins3,

    /// <summary>
    /// Two columns, draws <c>bin00</c> = Σ (W - w)(W' - w'), <c>bin10</c> = Σ w(W' - w'), <c>bin01</c> = Σ (W - w)w', <c>bin11</c> = Σ w w': n = their sum / (width width'), and with signs
    /// Σ u, Σ u' and Σ u u'.
    /// </summary>
    Bins4,

    /// <summary>Draws <c>ns</c> = Σ u and <c>count</c>.</summary>
    Split1,

    /// <summary>Draws <c>ns</c> = Σ u, <c>sq</c> = Σ (u² - h²) and <c>count</c>.</summary>
    Split2,

    /// <summary>Two columns, draws Σ u, Σ u', <c>xy</c> = Σ u u' and <c>count</c>.</summary>
    SplitCross,
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

    /// <summary>The draws: one where the form is Direct or Scaled, none where it is Constant, those of the basis in its order for Moments.</summary>
    public required IReadOnlyList<DrawSpec> Draws { get; init; }

    /// <summary>How moments are made of the draws; null for the other forms.</summary>
    public MomentBasis? Basis { get; init; }

    /// <summary>Grid of the value bounds of moments (or of a Constant node).</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>Lower clamping bound of moments (or the value of a Constant or Scaled node), in units of <see cref="Grid"/>.</summary>
    public long Lower { get; init; }

    /// <summary>Upper clamping bound of moments, in units of <see cref="Grid"/>.</summary>
    public long Upper { get; init; }

    /// <summary>Grid of the second column's bounds of a covariance.</summary>
    public GridUnit SecondGrid { get; init; } = GridUnit.One;

    /// <summary>Lower clamping bound of the second column, in units of <see cref="SecondGrid"/>.</summary>
    public long SecondLower { get; init; }

    /// <summary>Upper clamping bound of the second column.</summary>
    public long SecondUpper { get; init; }

    /// <summary>Index into <see cref="StageSpec.Trees"/> of a <see cref="NodeForm.Quantile"/>; -1 for everything else.</summary>
    public int Tree { get; init; } = -1;

    /// <summary>Rank of a quantile as the shortest decimal in [0, 1]; null for everything else.</summary>
    public string? Rank { get; init; }

    /// <summary>Whether the released value is a whole number written as a 64-bit integer (counts; sums of integer columns).</summary>
    public bool IsInteger { get; init; }
}

/// <summary>A coefficient of an accumulator in the exact integer that a draw adds noise to.</summary>
/// <param name="Accumulator">Index into <see cref="StageSpec.Accumulators"/>; -1 for the number of units; <see cref="OfItem"/> for a number of distinct values.</param>
/// <param name="Coefficient">Exact integer factor.</param>
public sealed record Term(int Accumulator, BigInteger Coefficient)
{
    /// <summary>Index into <see cref="StageSpec.Items"/> of a number of distinct values; negative for everything else.</summary>
    internal int Item => -2 - Accumulator;

    /// <summary>What stands in <see cref="Accumulator"/> for the number of distinct values of an item list: -2 for the first, -3 for the second, …</summary>
    /// <param name="item">Index into <see cref="StageSpec.Items"/>.</param>
    public static int OfItem(int item) => -2 - item;
}

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

    /// <summary>Noisy sum of the units' weights (<see cref="AccumulatorKind.Weight"/>) against a threshold, discrete Gaussian (4.6).</summary>
    WeightedGaussian,

    /// <summary>
    /// DP-SIPS: rounds of <see cref="WeightedGaussian"/>, each on the keys that no earlier one has shown (4.6). A rule of requests: the stage description of a round has
    /// <see cref="WeightedGaussian"/> and <see cref="SelectionSpec.Round"/>.
    /// </summary>
    Sips,
}

/// <summary>How partitions are selected privately.</summary>
public sealed record SelectionSpec
{
    /// <summary>The rule.</summary>
    public required SelectionStrategy Strategy { get; init; }

    /// <summary>N: only partitions with at least N units are considered; 1 for none.</summary>
    public int PreThreshold { get; init; } = 1;

    /// <summary>Number of the round, from 1, where the selection is one of several rounds; every round draws from a stream of its own. 0 for a selection of one step.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Round { get; init; }

    /// <summary>
    /// Truncated geometric: P(1), P(2), … in units of 2^-128 until 2^128 is reached. n units are kept with probability P(n - N + 1).
    /// </summary>
    public IReadOnlyList<BigInteger> Table { get; init; } = [];

    /// <summary>Thresholding: keep when n ≥ N and n + X ≥ Threshold, in units (of <see cref="NoiseGrid"/>) including the shift of N - 1. With weights their sum takes the place of n.</summary>
    public BigInteger Threshold { get; init; }

    /// <summary>Thresholding: the noise X.</summary>
    public NoiseSpec? Noise { get; init; }

    /// <summary>Thresholding: real value of one noise unit; counts are multiplied by 1/unit before noise (a unit of 1 or a negative power of two; with weights at most 2^-20).</summary>
    public GridUnit NoiseGrid { get; init; } = GridUnit.One;

    /// <summary>
    /// Output name whose noisy privacy-id count is the one compared (it is then drawn under that name, part <c>count</c>, and released at no further cost); null when the selection
    /// draws under the reserved metric name <c>partition_selection</c>, part <c>select</c>.
    /// </summary>
    public string? SharedOutput { get; init; }
}
