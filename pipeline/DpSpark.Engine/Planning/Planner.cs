using DpSpark.Core;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Turns a request into a plan: which mechanisms, with which exact parameters, at which cost. Pure: no data, no clock, no randomness; the same request gives the same plan.</summary>
public static class Planner
{
    /// <summary>Relative precision of epsilon in the plan that is kept: every precision is safe, a finer one takes longer.</summary>
    private const double FinalPrecision = 1e-5;

    /// <summary>Plans a release.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="PlanningException">The request cannot be planned; holds all faults at once.</exception>
    /// <exception cref="DpSparkException">The audit of the plan contradicts it (DPS9012): a fault of the planner, found before anything is read.</exception>
    /// <remarks>
    /// Guarantee: the plan's mechanisms together are (<see cref="ReleasePlan.Epsilon"/>, <see cref="ReleasePlan.Delta"/>)-differentially private for the request's neighbours, and that
    /// is at most what the request allows; <see cref="PlanAudit"/> recomputes it from the integers of every plan before it is given out.
    /// </remarks>
    public static ReleasePlan Plan(ReleaseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Audited(FirstPass.IsNeeded(request) ? FirstPass.Plan(request) : PlanParts(request));
    }

    /// <summary>The plan, if what it claims holds by its integers.</summary>
    internal static ReleasePlan Audited(ReleasePlan plan)
    {
        var audit = PlanAudit.Recompute(plan);
        return audit.Holds
            ? plan
            : throw new DpSparkException("DPS9012", ExitCodes.Bug, "the plan does not keep the privacy that it claims.", $"The audit of its integers says: {string.Join(" ", audit.Findings)}", ["please report this with the manifest"]);
    }

    /// <summary>Plans a request whose bounds are all known.</summary>
    internal static ReleasePlan PlanParts(ReleaseRequest request)
    {
        if (request.TopK is not null)
        {
            return TopKPlanner.Plan(request);
        }

        var faults = RequestCheck.Find(request);
        if (faults.Count > 0)
        {
            throw new PlanningException(faults);
        }

        var norms = NormsOf(request);
        var attempts = new PlanSearch(request, norms).Ranked();
        foreach (var attempt in attempts)
        {
            var accountant = new LossAccountant(FinalPrecision);
            attempt.Calibrate(accountant);
            if (attempt.Faults.Count == 0)
            {
                attempt.Complete(accountant);
            }

            if (attempt.Faults.Count == 0)
            {
                return Describe(request, attempt);
            }
        }

        throw new PlanningException(attempts[0].Faults);
    }

    /// <summary>The norms of a request whose bounds were checked.</summary>
    internal static ContributionNorms NormsOf(ReleaseRequest request)
    {
        var unit = request.Unit;
        return unit.IdColumns.Count == 0
            ? ContributionNorms.Of(1, 1, 1, null)!
            : ContributionNorms.Of(unit.MaxPartitionsContributed, unit.MaxContributionsPerPartition, unit.MaxContributions, request.Keyset?.Keys.Count)!;
    }

    private static ReleasePlan Describe(ReleaseRequest request, PlanAttempt attempt)
    {
        var plan = new ReleasePlan
        {
            Request = request,
            Spec = SpecOf(request, attempt),
            Epsilon = Charged(attempt.Groups, request.Epsilon, s => s.Epsilon),
            Delta = attempt.Calibration.SpendsDelta ? request.Delta : Charged(attempt.Groups.Where(i => i.NeedsDelta), request.Delta, s => s.Delta),
            Accountant = attempt.Calibration.Accountant,
            Mechanisms = MechanismTable.Of(request, attempt),
            KeepChances = KeepTable(attempt.Selection),
            Rounds = RoundsOf(request, attempt),
            Diagnostics = [],
            Reasons = PlanReasons.Of(attempt),
        };
        return plan with { Diagnostics = PlanAdvice.For(plan, attempt) };
    }

    /// <summary>The whole where a part of it was divided by weight, else the sum of the shares.</summary>
    private static ExactDecimal Charged(IEnumerable<QueryGroup> items, ExactDecimal total, Func<BudgetShare, ExactDecimal?> own)
    {
        var sum = ExactDecimal.Zero;
        foreach (var (share, _, _) in items.SelectMany(i => i.Shares))
        {
            if (own(share) is not { } value)
            {
                return total;
            }

            sum += value;
        }

        return sum;
    }

    private static StageSpec SpecOf(ReleaseRequest request, PlanAttempt attempt)
    {
        var unit = request.Unit;
        var rowsAreUnits = unit.IdColumns.Count == 0;
        var keys = request.Keyset?.Keys.Count;
        return new StageSpec
        {
            Columns = request.Columns,
            UnitColumns = unit.IdColumns,
            NullIdIsOneUnit = unit.NullIdIsOneUnit,
            PartitionBy = request.PartitionBy,
            PublicPartitions = request.Keyset is not null || attempt.Selection?.Rounds.Count > 0,
            OtherKey = request.Keyset is { HasOther: true },
            MaxPartitionsContributed = rowsAreUnits ? null : unit.MaxPartitionsContributed is { } l0 ? Math.Min(l0, Math.Max(1, keys ?? int.MaxValue)) : null,
            MaxContributionsPerPartition = rowsAreUnits || !request.Aggregates.Any(RequestCheck.SamplesRows) ? null : unit.MaxContributionsPerPartition,
            MaxContributions = rowsAreUnits ? null : unit.MaxContributions,
            RecordColumns = [.. request.Aggregates.SelectMany(RequestCheck.ValueColumns).Distinct(StringComparer.Ordinal)],
            Accumulators = [.. attempt.Accumulators],
            Items = [.. attempt.Structure.Context.Items],
            Trees = [.. attempt.Structure.Context.Trees.Select(t => t with { TotalDraw = RowCountOf(attempt) })],
            Selection = attempt.Selection is { Rounds.Count: 0 } one ? one.Spec : null,
            Nodes = [.. attempt.Nodes],
            ConfidenceLevel = request.ConfidenceLevel?.ToString(),
            NonNegative = request.NonNegative,
        };
    }

    /// <summary>The rounds of a selection: keys alone, of units that are kept in as many partitions as they may contribute to, all of them not shown before.</summary>
    private static IReadOnlyList<StageSpec> RoundsOf(ReleaseRequest request, PlanAttempt attempt) =>
    [
        .. (attempt.Selection?.Rounds ?? []).Select(round => new StageSpec
        {
            Columns = request.Columns,
            UnitColumns = request.Unit.IdColumns,
            NullIdIsOneUnit = request.Unit.NullIdIsOneUnit,
            PartitionBy = request.PartitionBy,
            LeavesOutKeys = round.Round > 1,
            MaxPartitionsContributed = request.Unit.IdColumns.Count == 0 ? null : (int)System.Numerics.BigInteger.Min(attempt.Norms.Partitions, int.MaxValue),
            RecordColumns = [],
            Accumulators = [new AccumulatorSpec { Kind = AccumulatorKind.Weight }],
            Selection = round,
            Nodes = [],
        }),
    ];

    /// <summary>The draw, counted over the nodes in order, that is the number of rows; -1 for none. Every kept row has a value, so it is the number of values of every tree, too.</summary>
    internal static int RowCountOf(PlanAttempt attempt)
    {
        var at = 0;
        foreach (var draw in attempt.Nodes.SelectMany(n => n.Draws))
        {
            if (draw is { Shift: 0, Terms.Count: 1 } && draw.Terms[0].Accumulator >= 0 && attempt.Accumulators[draw.Terms[0].Accumulator].Kind == AccumulatorKind.Count
                && BoundsGrid.UnitValue(draw.Grid) * Rational.From(draw.Terms[0].Coefficient) == Rational.From(1))
            {
                return at;
            }

            at++;
        }

        return -1;
    }

    private static List<KeepChance> KeepTable(SelectionRule? rule)
    {
        if (rule is null)
        {
            return [];
        }

        var units = new SortedSet<long> { 1, rule.Spec.PreThreshold };
        foreach (var chance in new[] { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 })
        {
            units.Add(rule.UnitsFor(chance));
        }

        foreach (var round in new long[] { 2, 5, 10, 20, 50, 100, 200, 500, 1000 })
        {
            if (round <= 2 * units.Max)
            {
                units.Add(round);
            }
        }

        return [.. units.Select(n => new KeepChance(n, rule.KeepProbability(n)))];
    }
}
