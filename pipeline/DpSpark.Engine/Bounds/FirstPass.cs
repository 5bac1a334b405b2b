using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Bounds;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Engine.Bounds;

/// <summary>The two halves of a release with automatic bounds: a plan of the first pass, made without data, and the plan of the rest, made with the bounds that the first pass found.</summary>
/// <remarks>
/// Guarantee: a unit that is added changes one count of each histogram by one, one that is replaced two; the first pass is private with the epsilon, or the rho, that was set aside for it. The
/// bounds are post-processing of it, and the rest of the plan has a fixed budget whatever they are: the whole is the sum (dp-math.md 6.1, 5.1, 5.3). Where the rest has Gaussian noise alone for
/// every value of the bounds, one mu dominates it for all of them, and the loss accountant composes both. Proof: docs/proofs/automatic-bounds.md.
/// </remarks>
public static class FirstPass
{
    /// <summary>Part of the metric bytes of every draw of a first pass; no draw of a release has it.</summary>
    internal const string Part = "auto_bounds";

    /// <summary>What is run first: the same release with the first pass in place of its steps.</summary>
    /// <param name="plan">A plan with <see cref="ReleasePlan.Bounds"/>.</param>
    public static ReleasePlan PlanOf(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan with { Spec = plan.Bounds?.Spec ?? throw new ArgumentException("The plan has no first pass.", nameof(plan)) };
    }

    /// <summary>The plan of the rest.</summary>
    /// <param name="plan">The plan with its first pass.</param>
    /// <param name="counts">What the first pass gave: one row, one column for each bin.</param>
    /// <param name="noisy">Whether noise was added; else this is a test.</param>
    /// <exception cref="DpSparkException">The histograms show no bounds (DPS6110).</exception>
    /// <exception cref="PlanningException">The rest cannot be planned with these bounds.</exception>
    public static ReleasePlan Resolve(ReleasePlan plan, RecordBatch counts, bool noisy)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(counts);
        var bounds = plan.Bounds ?? throw new ArgumentException("The plan has no first pass.", nameof(plan));
        var numbers = new double[counts.Columns.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = counts.Columns[i].ValuesAs<long>()[0];
        }

        var request = RestOf(plan.Request, bounds);
        var found = new List<FoundBounds>();
        foreach (var question in bounds.Questions)
        {
            var decided = new BoundsDecision(request, bounds.Spec, question, numbers, noisy).Decide() ?? throw NothingFound(question);
            found.Add(decided);
            request = Fill(request, question, decided.Lower, decided.Upper);
        }

        var whole = Whole(Planner.PlanParts(request), plan.Request, bounds with { Found = found });
        if (whole.Epsilon > plan.Epsilon || whole.Delta > plan.Delta)
        {
            throw new DpSparkException("DPS9011", ExitCodes.Bug, "the plan with the bounds that were found costs more than was reserved.", null, ["please report this with the plan (`dpspark plan`)"]);
        }

        // What was reserved is what is charged, whatever the bounds are.
        return Planner.Audited(whole with { Epsilon = plan.Epsilon, Delta = plan.Delta });
    }

    /// <summary>Whether a request asks for a first pass.</summary>
    internal static bool IsNeeded(ReleaseRequest request) =>
        request.Unit.AutoMaxPartitionsContributed is not null || request.Unit.AutoMaxContributionsPerPartition is not null || request.Aggregates.Any(a => a.AutoBounds is not null);

    /// <summary>The plan before the first pass: its own numbers are exact; those of the rest are per unit of the bounds that it will find.</summary>
    internal static ReleasePlan Plan(ReleaseRequest request)
    {
        var faults = new List<PlanFault>();
        var total = ShareOfRho.Total(request);
        foreach (var (share, path) in SharesOf(request))
        {
            ShareOfRho.Check(request, total, share, path, faults);
        }

        var asked = BoundsQuestions.Of(request, total, faults);
        var epsilon = asked.Questions.Aggregate(ExactDecimal.Zero, (sum, q) => sum + q.Epsilon);
        var rho = total is null ? (ExactDecimal?)null : asked.Questions.Aggregate(ExactDecimal.Zero, (sum, q) => sum + q.Rho!.Value);
        if (epsilon >= request.Epsilon || rho >= total)
        {
            faults.Add(new("DPS2507", "privacy.epsilon", "The automatic bounds take the whole epsilon; nothing is left for the release itself.", ["Give each 5 % to 15 % of the total.", "Raise epsilon."]));
        }

        if (faults.Count > 0)
        {
            throw new PlanningException(faults);
        }

        var bounds = new BoundsPlan { Spec = asked.Spec, Epsilon = epsilon, Rho = rho, Questions = asked.Questions };
        var plan = Planner.PlanParts(Provisional(request, bounds));
        if (MayCompose(request) && IsAllGaussian(plan))
        {
            bounds = bounds with { IsComposed = true };
            plan = Planner.PlanParts(Provisional(request, bounds));
        }

        // Another family, or the loss distribution of many Laplace draws, may give less noise with the bounds that are found, so that delta is reserved wherever a plan may use it.
        plan = Whole(plan, request, bounds);
        return request is { Noise: NoiseChoice.Laplace, Accountant: AccountantChoice.Basic } ? plan : plan with { Delta = request.Delta };
    }

    /// <summary>Whether the first pass may be composed with the rest: nothing but noise follows, and its family can be fixed before the bounds are known; which is best depends on the number of partitions.</summary>
    private static bool MayCompose(ReleaseRequest request) =>
        request is { Accountant: AccountantChoice.Pld, Selection: null, Keyset: not null, Delta.Sign: > 0 }
        && (request.Noise == NoiseChoice.Gaussian || (request.Noise == NoiseChoice.Auto && request.Unit.AutoMaxPartitionsContributed is null));

    private static bool IsAllGaussian(ReleasePlan plan) =>
        plan.Spec.Nodes.SelectMany(n => n.Draws).Select(d => d.Noise).Concat(plan.Spec.Trees.SelectMany(t => t.Levels).Select(l => l.Noise)).ToList() is { Count: > 0 } all
        && all.TrueForAll(n => n.Kind == NoiseKind.DiscreteGaussian);

    /// <summary>What is left for the rest of a request, whatever the bounds turn out to be.</summary>
    private static ReleaseRequest RestOf(ReleaseRequest request, BoundsPlan bounds)
    {
        var rest = request with { Epsilon = request.Epsilon - bounds.Epsilon };
        if (bounds.Rho is { } rho)
        {
            return rest with { Rho = ShareOfRho.Total(request)!.Value - rho };
        }

        var changes = request.Adjacency == NeighbouringRelation.ReplaceOne ? 2 : 1;
        return !bounds.IsComposed ? rest : rest with
        {
            Noise = NoiseChoice.Gaussian,
            Earlier = new(request.Epsilon, request.Delta, [.. bounds.Questions.Select(q => new ProfileCost(1 / NoiseCalibration.Spread(q.Noise), q.Histograms * changes))]),
        };
    }

    /// <summary>The rest with bounds of 0 and 1 wherever they are to be found: what it plans is noise per unit of a bound.</summary>
    private static ReleaseRequest Provisional(ReleaseRequest request, BoundsPlan bounds)
    {
        var rest = RestOf(request, bounds);
        foreach (var question in bounds.Questions)
        {
            rest = Fill(rest, question, question.Aggregate is null ? ExactDecimal.One : ExactDecimal.Zero, ExactDecimal.One);
        }

        return rest;
    }

    private static IEnumerable<(BudgetShare Share, string Path)> SharesOf(ReleaseRequest request)
    {
        var unit = request.Unit;
        IEnumerable<(BudgetShare? Share, string Path)> all =
        [
            (unit.AutoMaxPartitionsContributed, "privacy_unit.max_partitions_contributed"),
            (unit.AutoMaxContributionsPerPartition, "privacy_unit.max_contributions_per_partition"),
            .. request.Aggregates.Select((a, i) => (a.AutoBounds, $"aggregates[{i}].auto")),
        ];
        return all.Where(s => s.Share is not null).Select(s => (s.Share!, s.Path));
    }

    /// <summary>A request with bounds in the place of a question.</summary>
    private static ReleaseRequest Fill(ReleaseRequest request, BoundsQuestion question, ExactDecimal lower, ExactDecimal upper)
    {
        if (question.Aggregate is not { } index)
        {
            var bound = (int)BigInteger.Min(int.MaxValue, upper.Unscaled);
            return request with
            {
                Unit = question.Target == BoundsTarget.Partitions ? request.Unit with { MaxPartitionsContributed = bound } : request.Unit with { MaxContributionsPerPartition = bound },
            };
        }

        var aggregates = request.Aggregates.ToArray();
        aggregates[index] = question.Target == BoundsTarget.PartitionSums
            ? aggregates[index] with { MinSumPerPartition = lower, MaxSumPerPartition = upper }
            : aggregates[index] with { MinValue = lower, MaxValue = upper };
        return request with { Aggregates = aggregates };
    }

    /// <summary>The first pass and the rest as one plan, with the total as its budget.</summary>
    private static ReleasePlan Whole(ReleasePlan rest, ReleaseRequest request, BoundsPlan bounds) => rest with
    {
        Request = rest.Request with { Epsilon = request.Epsilon, Delta = request.Delta, Rho = request.Rho, Noise = request.Noise, Earlier = null },

        // Rho says nothing of the parts: what the total is worth is charged.
        Epsilon = bounds.Rho is null ? rest.Epsilon + bounds.Epsilon : request.Epsilon,
        Delta = bounds.Rho is null ? rest.Delta : request.Delta,
        Bounds = bounds,
    };

    private static DpSparkException NothingFound(BoundsQuestion question) => new("DPS6110", ExitCodes.FailedSafe,
        $"no bounds were found for {question.Name}: no bin of its noisy histogram stands out from the noise.",
        "There are too few units for the epsilon of the first pass. What was reserved stays spent, since this outcome tells something of the data; a run of the same job draws the same noise and ends the same.",
        ["give bounds from domain knowledge", "give `auto` a larger share of the budget, as another release"]);
}
