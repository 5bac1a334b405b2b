using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Bounds;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>The two halves of a release with automatic bounds: a plan of the first pass, made without data, and the plan of the rest, made with the bounds that the first pass found.</summary>
/// <remarks>
/// Guarantee: the first pass is epsilon-differentially private with the epsilon that was set aside for it, since a unit changes one count of each histogram by one and the histograms' epsilons
/// add up. The bounds are post-processing of it, and the rest of the plan has a fixed budget whatever they are: the whole is the sum (dp-math.md 6.1, 5.1).
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

        var request = plan.Request with { Epsilon = plan.Request.Epsilon - bounds.Epsilon };
        var found = new List<FoundBounds>();
        foreach (var question in bounds.Questions)
        {
            var decided = new BoundsDecision(request, bounds.Spec, question, numbers, noisy).Decide() ?? throw NothingFound(question);
            found.Add(decided);
            request = Fill(request, question, decided.Lower, decided.Upper);
        }

        var whole = Whole(Planner.PlanParts(request), plan.Request.Epsilon, bounds with { Found = found });
        if (whole.Epsilon > plan.Epsilon || whole.Delta > plan.Delta)
        {
            throw new DpSparkException("DPS9011", ExitCodes.Bug, "the plan with the bounds that were found costs more than was reserved.", null, ["please report this with the plan (`dpspark plan`)"]);
        }

        // What was reserved is what is charged, whatever the bounds are.
        return whole with { Epsilon = plan.Epsilon, Delta = plan.Delta };
    }

    /// <summary>Whether a request asks for a first pass.</summary>
    internal static bool IsNeeded(ReleaseRequest request) =>
        request.Unit.AutoMaxPartitionsContributed is not null || request.Unit.AutoMaxContributionsPerPartition is not null || request.Aggregates.Any(a => a.AutoBounds is not null);

    /// <summary>The plan before the first pass: its own numbers are exact; those of the rest are per unit of the bounds that it will find.</summary>
    internal static ReleasePlan Plan(ReleaseRequest request)
    {
        var faults = new List<PlanFault>();
        var asked = BoundsQuestions.Of(request, faults);
        var epsilon = asked.Questions.Aggregate(ExactDecimal.Zero, (sum, q) => sum + q.Epsilon);
        if (epsilon >= request.Epsilon)
        {
            faults.Add(new("DPS2507", "privacy.epsilon", "The automatic bounds take the whole epsilon; nothing is left for the release itself.", ["Give each 5 % to 15 % of the total.", "Raise epsilon."]));
        }

        if (faults.Count > 0)
        {
            throw new PlanningException(faults);
        }

        var rest = request with { Epsilon = request.Epsilon - epsilon };
        foreach (var question in asked.Questions)
        {
            rest = Fill(rest, question, question.Aggregate is null ? ExactDecimal.One : ExactDecimal.Zero, ExactDecimal.One);
        }

        // Another family, or the loss distribution of many Laplace draws, may give less noise with the bounds that are found, so that delta is reserved wherever a plan may use it.
        var plan = Whole(Planner.PlanParts(rest), request.Epsilon, new BoundsPlan { Spec = asked.Spec, Epsilon = epsilon, Questions = asked.Questions });
        return request is { Noise: NoiseChoice.Laplace, Accountant: AccountantChoice.Basic } ? plan : plan with { Delta = request.Delta };
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
    private static ReleasePlan Whole(ReleasePlan rest, ExactDecimal total, BoundsPlan bounds) => rest with
    {
        Request = rest.Request with { Epsilon = total },
        Epsilon = rest.Epsilon + bounds.Epsilon,
        Bounds = bounds,
    };

    private static DpSparkException NothingFound(BoundsQuestion question) => new("DPS6110", ExitCodes.FailedSafe,
        $"no bounds were found for {question.Name}: no bin of its noisy histogram stands out from the noise.",
        "There are too few units for the epsilon of the first pass. What was reserved stays spent, since this outcome tells something of the data; a run of the same job draws the same noise and ends the same.",
        ["give bounds from domain knowledge", "give `auto` a larger share of the budget, as another release"]);
}
