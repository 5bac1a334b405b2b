using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Engine.Planning;

/// <summary>What is to be released, how privacy is protected and what it may cost: the manifest or the C# API, validated for form, without any place of data, output or ledger.</summary>
public sealed record ReleaseRequest
{
    /// <summary>Name of the job.</summary>
    public required string Name { get; init; }

    /// <summary>The column contract, in manifest order.</summary>
    public required IReadOnlyList<ColumnSpec> Columns { get; init; }

    /// <summary>Whose privacy is protected and how contributions are bounded.</summary>
    public required PrivacyUnitRequest Unit { get; init; }

    /// <summary>Columns of the partition key; empty for one partition.</summary>
    public required IReadOnlyList<PartitionColumnSpec> PartitionBy { get; init; }

    /// <summary>Public partitions, resolved; null when partitions are selected privately.</summary>
    public PublicKeys? Keyset { get; init; }

    /// <summary>Private partition selection; null when a keyset is given. Exactly one of the two.</summary>
    public SelectionRequest? Selection { get; init; }

    /// <summary>Which keys of the keyset are released; null for all.</summary>
    public TopKRequest? TopK { get; init; }

    /// <summary>The aggregates, in output order.</summary>
    public required IReadOnlyList<AggregateRequest> Aggregates { get; init; }

    /// <summary>Total epsilon.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Total delta.</summary>
    public required ExactDecimal Delta { get; init; }

    /// <summary>Which noise.</summary>
    public required NoiseChoice Noise { get; init; }

    /// <summary>How the cost of the mechanisms together is computed.</summary>
    public AccountantChoice Accountant { get; init; }

    /// <summary>Which data sets the guarantee compares.</summary>
    public NeighbouringRelation Adjacency { get; init; }

    /// <summary>Total rho where the guarantee is zero-concentrated; <see cref="Epsilon"/> then is what it converts to at <see cref="Delta"/>. Null for (epsilon, delta).</summary>
    public ExactDecimal? Rho { get; init; }

    /// <summary>Level of the confidence intervals, in (0, 1), or null.</summary>
    public ExactDecimal? ConfidenceLevel { get; init; }

    /// <summary>Whether negative numbers are raised to zero after noise.</summary>
    public bool NonNegative { get; init; }

    /// <summary>Version of the rules by which automatic bounds and <c>top_k</c> are paid and composed; part of the canonical texts, so that a release made by older rules is another one. Null where only the first version applies.</summary>
    public int? FirstPassRules =>
        TopK is not null || (FirstPass.IsNeeded(this) && Keyset is not null && Accountant != AccountantChoice.Basic && (Accountant != AccountantChoice.Pld || Noise != NoiseChoice.Laplace)) ? 2 : null;

    /// <summary>What runs before and is composed with the request's mechanisms; <see cref="Epsilon"/> and <see cref="Delta"/> are then what is left of the total. Null outside of planning.</summary>
    internal EarlierCosts? Earlier { get; init; }

    /// <summary>Everything that affects the release, in one order and one spelling, for hashing: requests with the same text are the same release of the same data.</summary>
    public string ToCanonicalText() => RequestText.Write(this);
}

/// <summary>The noise of a release.</summary>
public enum NoiseChoice
{
    /// <summary>Discrete Laplace.</summary>
    Laplace,

    /// <summary>Discrete Gaussian.</summary>
    Gaussian,

    /// <summary>Whichever has the smaller predicted error.</summary>
    Auto,
}

/// <summary>The ways to compute what mechanisms cost together.</summary>
public enum AccountantChoice
{
    /// <summary>The tightest: Gaussian noise exactly as Gaussian differential privacy, everything else by the distribution of the privacy loss.</summary>
    Pld,

    /// <summary>Zero-concentrated differential privacy: rho adds up.</summary>
    Zcdp,

    /// <summary>Epsilons and deltas of single mechanisms add up; for comparison.</summary>
    Basic,
}

/// <summary>Whose privacy is protected and how much one unit may contribute.</summary>
public sealed record PrivacyUnitRequest
{
    /// <summary>Id columns; empty when every row is its own unit.</summary>
    public required IReadOnlyList<string> IdColumns { get; init; }

    /// <summary>Whether rows with a null id are one unit (<c>null_id: one_unit</c>); otherwise dropped.</summary>
    public bool NullIdIsOneUnit { get; init; }

    /// <summary>L0, or null.</summary>
    public int? MaxPartitionsContributed { get; init; }

    /// <summary>L-infinity, or null.</summary>
    public int? MaxContributionsPerPartition { get; init; }

    /// <summary>L1, or null.</summary>
    public int? MaxContributions { get; init; }

    /// <summary>Share of the budget that finds L0; null where it is given. Its weight is a part of the total epsilon: 0.1 for 10 %.</summary>
    public BudgetShare? AutoMaxPartitionsContributed { get; init; }

    /// <summary>Share of the budget that finds L-infinity, likewise.</summary>
    public BudgetShare? AutoMaxContributionsPerPartition { get; init; }
}

/// <summary>A share of the budget: a weight, or an absolute epsilon and delta that are taken out of the total first.</summary>
/// <param name="Weight">Relative share; 1 unless the manifest says otherwise; ignored where <paramref name="Epsilon"/> is given.</param>
/// <param name="Epsilon">Absolute epsilon, or null.</param>
/// <param name="Delta">Absolute delta, or null.</param>
public sealed record BudgetShare(ExactDecimal Weight, ExactDecimal? Epsilon = null, ExactDecimal? Delta = null)
{
    /// <summary>Whether nothing was said about the share, so that the planner may choose it.</summary>
    public bool IsDefault { get; init; }
}

/// <summary>Private partition selection as asked for.</summary>
public sealed record SelectionRequest
{
    /// <summary>The rule, or null for <c>auto</c>: the rule with the smallest n that is shown with probability one half.</summary>
    public SelectionStrategy? Strategy { get; init; }

    /// <summary>Fewest units of a partition that may be considered; 1 for none.</summary>
    public int PreThreshold { get; init; } = 1;

    /// <summary>Rounds of <see cref="SelectionStrategy.Sips"/>, 2 to 10; no other rule has any.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Its share of the budget.</summary>
    public required BudgetShare Budget { get; init; }
}

/// <summary>The k keys of a keyset with the largest value of an aggregate, chosen privately.</summary>
/// <param name="K">How many.</param>
/// <param name="By">Output of the aggregate: a count, a privacy-id count or a sum.</param>
/// <param name="Budget">Its share: an epsilon, perhaps with a delta, or as weight a part of the total epsilon (0.1 for 10 %); taken out of the total first.</param>
public sealed record TopKRequest(int K, string By, BudgetShare Budget);

/// <summary>One aggregate as asked for.</summary>
public sealed record AggregateRequest
{
    /// <summary>Which aggregate.</summary>
    public required AggregateKind Kind { get; init; }

    /// <summary>Output column name.</summary>
    public required string Output { get; init; }

    /// <summary>Value column; null for counts.</summary>
    public string? Column { get; init; }

    /// <summary>Per-value clamping bounds; null for counts and per-partition-sum clamps.</summary>
    public ExactDecimal? MinValue { get; init; }

    /// <summary>See <see cref="MinValue"/>.</summary>
    public ExactDecimal? MaxValue { get; init; }

    /// <summary>Bounds of each unit's sum in a partition; null unless a sum is clamped that way.</summary>
    public ExactDecimal? MinSumPerPartition { get; init; }

    /// <summary>See <see cref="MinSumPerPartition"/>.</summary>
    public ExactDecimal? MaxSumPerPartition { get; init; }

    /// <summary>Ranks of quantiles, each in [0, 1]; null for everything else.</summary>
    public IReadOnlyList<ExactDecimal>? Ranks { get; init; }

    /// <summary>Edges of a histogram's bins, ascending; null for everything else.</summary>
    public IReadOnlyList<ExactDecimal>? Edges { get; init; }

    /// <summary>The columns of a vector sum or a covariance; null for everything else.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Norm to which each row of a vector sum is clipped.</summary>
    public VectorNorm? Norm { get; init; }

    /// <summary>Largest norm of a row of a vector sum.</summary>
    public ExactDecimal? MaxNorm { get; init; }

    /// <summary>Distinct values of one unit in a partition that are counted.</summary>
    public int? MaxValues { get; init; }

    /// <summary>Lower bounds of a covariance, one per column.</summary>
    public IReadOnlyList<ExactDecimal>? MinValues { get; init; }

    /// <summary>Upper bounds of a covariance, one per column.</summary>
    public IReadOnlyList<ExactDecimal>? MaxValueList { get; init; }

    /// <summary>Share of the budget that finds the bounds; null where they are given. Its weight is a part of the total epsilon: 0.1 for 10 %.</summary>
    public BudgetShare? AutoBounds { get; init; }

    /// <summary>Whether the found bounds of a sum clamp single values; otherwise they clamp each unit's sum in a partition. Other aggregates always have bounds of values.</summary>
    public bool AutoBoundsPerValue { get; init; }

    /// <summary>Its share of the budget.</summary>
    public required BudgetShare Budget { get; init; }
}

/// <summary>Public partition keys: canonical key tuples (dp-math.md 2.3), distinct, and where they come from.</summary>
/// <param name="Keys">Canonical bytes of each key tuple; distinct; sorted in release order (null first, numbers and dates by value, text by its UTF-8 bytes).</param>
/// <param name="Source">Why these keys are public.</param>
public sealed record PublicKeys(IReadOnlyList<byte[]> Keys, string Source)
{
    /// <summary>Whether rows of all other keys are gathered under the key of nulls alone, which is then one of <see cref="Keys"/>.</summary>
    public bool HasOther { get; init; }
}
