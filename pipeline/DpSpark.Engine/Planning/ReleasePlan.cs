using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;

namespace DpSpark.Engine.Planning;

/// <summary>A request with every choice made: mechanisms with exact parameters, budget shares, expected errors. Pure: made without data; the same request gives the same plan.</summary>
public sealed record ReleasePlan
{
    /// <summary>The request.</summary>
    public required ReleaseRequest Request { get; init; }

    /// <summary>What both hosts run.</summary>
    public required StageSpec Spec { get; init; }

    /// <summary>Epsilon charged: certified upper bound, at most the request's.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Delta charged.</summary>
    public required ExactDecimal Delta { get; init; }

    /// <summary>
    /// Name and version of the accountant that composed the mechanisms: <c>gdp-v1</c> where all noise is Gaussian, <c>pld-v1</c> where loss distributions were used, <c>zcdp-v1</c>,
    /// or <c>basic-v1</c> where epsilons were added.
    /// </summary>
    public required string Accountant { get; init; }

    /// <summary>Why the plan is as it is, one sentence each: division of the budget, noise families, accountant, selection rule.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>The definition of privacy in words.</summary>
    public string Definition => Request.Rho is not null ? "zero-concentrated DP" : Delta.Sign == 0 ? "pure DP" : "approximate DP";

    /// <summary>The neighbouring relation in manifest words.</summary>
    public string Adjacency => Request.Adjacency == NeighbouringRelation.ReplaceOne ? "replace_one" : "add_remove";

    /// <summary>One line per mechanism: shares, sensitivities, expected errors; in output order, selection first.</summary>
    public required IReadOnlyList<PlannedMechanism> Mechanisms { get; init; }

    /// <summary>Units in a partition and the chance that it is shown; empty for public partitions.</summary>
    public required IReadOnlyList<KeepChance> KeepChances { get; init; }

    /// <summary>The first pass that finds bounds, or null where all bounds are given. Until it has run, the numbers of the rest are per unit of the bounds that it finds.</summary>
    public BoundsPlan? Bounds { get; init; }

    /// <summary>
    /// The rounds that select the partitions before the release itself, first to last, each a stage description of its own; empty where the release selects in one step or partitions are public.
    /// With rounds, the partitions of <see cref="Spec"/> are public: those that the rounds have shown.
    /// </summary>
    public IReadOnlyList<StageSpec> Rounds { get; init; } = [];

    /// <summary>Warnings and hints about the plan (DPS3xxx).</summary>
    public required IReadOnlyList<PlanDiagnostic> Diagnostics { get; init; }
}

/// <summary>A mechanism of the plan in words and numbers for people, records and accountants.</summary>
public sealed record PlannedMechanism
{
    /// <summary>Output name, or <c>partition_selection</c>.</summary>
    public required string Node { get; init; }

    /// <summary>The aggregate in manifest words (<c>count</c>, <c>privacy_id_count</c>, <c>sum</c>, <c>mean</c>, <c>partition_selection</c>).</summary>
    public required string Aggregate { get; init; }

    /// <summary>Index of the aggregate in the request; null for the partition selection.</summary>
    public int? AggregateIndex { get; init; }

    /// <summary>Part of the node (<c>count</c>, <c>sum</c>, <c>bin0</c> …).</summary>
    public required string Part { get; init; }

    /// <summary>Mechanism in words (<c>discrete_laplace</c>, <c>discrete_gaussian</c>, <c>truncated_geometric</c>, …).</summary>
    public required string Mechanism { get; init; }

    /// <summary>Epsilon of this mechanism's share: exact where it has at most 17 digits, else rounded down. 0 for a mechanism that is paid for by another (<see cref="SharedWith"/>).</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Delta of this mechanism's share, likewise.</summary>
    public required ExactDecimal Delta { get; init; }

    /// <summary>Partitions that one unit may change.</summary>
    public double L0 { get; init; }

    /// <summary>Change in one partition, in real units.</summary>
    public double LInf { get; init; }

    /// <summary>L1 sensitivity in real units.</summary>
    public double L1 { get; init; }

    /// <summary>L2 sensitivity in real units.</summary>
    public double L2 { get; init; }

    /// <summary>Standard deviation of the noise in real units.</summary>
    public double StandardDeviation { get; init; }

    /// <summary>Half-width of the interval at the plan's confidence level (95 % where none is asked for).</summary>
    public double HalfWidth { get; init; }

    /// <summary>Smallest true value for which the half-width is at most 10 % of it; null where that has no meaning.</summary>
    public double? SmallestWithin10Percent { get; init; }

    /// <summary>Predicted standard deviation of a rank's error, in values, for quantiles, minima and maxima (the largest of their ranks), in a partition of many rows; null for everything else.</summary>
    public double? RankDeviation { get; init; }

    /// <summary>The noise with its exact parameters; null for a truncated geometric selection and for public values.</summary>
    public NoiseSpec? Noise { get; init; }

    /// <summary>Real value of one unit of the noise.</summary>
    public GridUnit Grid { get; init; } = GridUnit.One;

    /// <summary>l1 sensitivity in units of <see cref="Grid"/>, exact.</summary>
    public BigInteger L1Units { get; init; }

    /// <summary>Squared l2 sensitivity in squared units of <see cref="Grid"/>, exact.</summary>
    public BigInteger L2SquaredUnits { get; init; }

    /// <summary>Threshold of a selection by a noisy count, in units of <see cref="Grid"/>.</summary>
    public BigInteger? Threshold { get; init; }

    /// <summary>Name of the output that pays for this number; null when it pays for itself.</summary>
    public string? SharedWith { get; init; }

    /// <summary>Clamping bounds in real units; null for counts and selections.</summary>
    public (double Lower, double Upper)? Clamp { get; init; }
}

/// <summary>A row of the table "units in a partition, chance it is shown".</summary>
/// <param name="Units">Privacy units in the partition after bounding.</param>
/// <param name="Probability">Chance that it is released.</param>
public sealed record KeepChance(long Units, double Probability);

/// <summary>A warning about a plan.</summary>
/// <param name="Code">DPS3xxx.</param>
/// <param name="Path">Manifest key it is about, for example <c>aggregates[1].max_value</c>.</param>
/// <param name="Message">What and why.</param>
/// <param name="Fixes">What to do.</param>
public sealed record PlanDiagnostic(string Code, string Path, string Message, IReadOnlyList<string> Fixes);
