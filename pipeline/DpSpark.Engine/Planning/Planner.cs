using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Turns a request into a plan: which mechanisms, with which exact parameters, at which cost. Pure: no data, no clock, no randomness; the same request gives the same plan.</summary>
public static class Planner
{
    /// <summary>Plans a release.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="PlanningException">The request cannot be planned; holds all faults at once.</exception>
    /// <remarks>
    /// Guarantee: the plan's mechanisms together are (<see cref="ReleasePlan.Epsilon"/>, <see cref="ReleasePlan.Delta"/>)-differentially private for add/remove of one unit, and that
    /// is at most what the request allows; <see cref="PlanAudit"/> recomputes it from the integers of the plan.
    /// </remarks>
    public static ReleasePlan Plan(ReleaseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return FirstPass.IsNeeded(request) ? FirstPass.Plan(request) : PlanParts(request);
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
        var best = request.Noise switch
        {
            NoiseChoice.Laplace => Best(request, norms, _ => NoiseKind.DiscreteLaplace),
            NoiseChoice.Gaussian => Best(request, norms, _ => NoiseKind.DiscreteGaussian),
            _ => BestMix(request, norms),
        };
        if (best.Faults.Count > 0)
        {
            throw new PlanningException(best.Faults);
        }

        return Describe(request, best);
    }

    /// <summary>The norms of a request whose bounds were checked.</summary>
    internal static ContributionNorms NormsOf(ReleaseRequest request)
    {
        var unit = request.Unit;
        return unit.IdColumns.Count == 0
            ? ContributionNorms.Of(1, 1, 1, null)!
            : ContributionNorms.Of(unit.MaxPartitionsContributed, unit.MaxContributionsPerPartition, unit.MaxContributions, request.Keyset?.Keys.Count)!;
    }

    /// <summary>
    /// Laplace for all, Gaussian for all, and the mixtures between: Gaussian for the k groups that gain most from it. The smallest sum of logarithms of the predicted standard
    /// deviations wins; the earlier one on a tie.
    /// </summary>
    private static PlanAttempt BestMix(ReleaseRequest request, ContributionNorms norms)
    {
        var laplace = Best(request, norms, _ => NoiseKind.DiscreteLaplace);
        var groups = laplace.Structure.Choices;
        if (request.Delta.Sign == 0 || laplace.Faults.Count > 0 || groups.Count == 0)
        {
            return laplace;
        }

        var gaussian = Best(request, norms, _ => NoiseKind.DiscreteGaussian);
        if (gaussian.Faults.Count > 0)
        {
            return laplace;
        }

        var best = gaussian.Score < laplace.Score ? gaussian : laplace;
        var byGain = Enumerable.Range(0, groups.Count).OrderBy(g => gaussian.ScoreOf(groups[g]) - laplace.ScoreOf(groups[g])).ThenBy(g => g).ToList();
        var kinds = new NoiseKind[groups.Count];
        for (var k = 0; k < groups.Count - 1; k++)
        {
            kinds[byGain[k]] = NoiseKind.DiscreteGaussian;
            var mixed = Best(request, norms, g => kinds[g]);
            if (mixed.Faults.Count == 0 && mixed.Score < best.Score)
            {
                best = mixed;
            }
        }

        return best;
    }

    /// <summary>The attempt with these noise families and the asked selection rule, or the rule with the smallest number of units that is shown with probability one half.</summary>
    private static PlanAttempt Best(ReleaseRequest request, ContributionNorms norms, Func<int, NoiseKind> kinds)
    {
        if (request.Selection is not { } selection)
        {
            return BestShape(request, norms, kinds, null);
        }

        if (selection.Strategy is { } asked)
        {
            return BestShape(request, norms, kinds, asked);
        }

        PlanAttempt? best = null;
        foreach (var strategy in new[] { SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.GaussianThreshold })
        {
            var attempt = BestShape(request, norms, kinds, strategy);
            if (best is null || (attempt.Faults.Count == 0 && (best.Faults.Count > 0 || attempt.Selection!.UnitsForHalf < best.Selection!.UnitsForHalf)))
            {
                best = attempt;
            }
        }

        return best!;
    }

    /// <summary>The attempt whose way to share moments between aggregates has the smallest predicted error; the plainest one on a tie.</summary>
    private static PlanAttempt BestShape(ReleaseRequest request, ContributionNorms norms, Func<int, NoiseKind> kinds, SelectionStrategy? strategy)
    {
        PlanAttempt? best = null;
        foreach (var shape in MomentShape.All)
        {
            var structure = PlanStructure.Make(request, norms, kinds, strategy, shape);
            if (!structure.Uses(shape))
            {
                continue;
            }

            var attempt = PlanAttempt.Make(structure, strategy);
            if (best is null || (attempt.Faults.Count == 0 && (best.Faults.Count > 0 || attempt.Score < best.Score - 1e-9)))
            {
                best = attempt;
            }
        }

        return best!;
    }

    private static ReleasePlan Describe(ReleaseRequest request, PlanAttempt attempt)
    {
        var gaussians = attempt.Groups.Count(i => i.IsGaussian);
        var plan = new ReleasePlan
        {
            Request = request,
            Spec = SpecOf(request, attempt),
            Epsilon = Charged(attempt.Groups, request.Epsilon, s => s.Epsilon),
            Delta = Charged(attempt.Groups.Where(i => i.NeedsDelta), request.Delta, s => s.Delta),
            Accountant = gaussians > 0 ? "gdp" : "basic",
            Mechanisms = MechanismTable.Of(request, attempt),
            KeepChances = KeepTable(attempt.Selection),
            Diagnostics = [],
        };
        return plan with { Diagnostics = PlanAdvice.For(plan, attempt) };
    }

    /// <summary>The whole where a part of it was divided by weight, else the sum of the shares.</summary>
    private static ExactDecimal Charged(IEnumerable<QueryGroup> items, ExactDecimal total, Func<BudgetShare, ExactDecimal?> own)
    {
        var sum = ExactDecimal.Zero;
        foreach (var (share, _, _) in items.SelectMany(i => i.Shares).DistinctBy(s => s.Path))
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
            PublicPartitions = request.Keyset is not null,
            OtherKey = request.Keyset is { HasOther: true },
            MaxPartitionsContributed = rowsAreUnits ? null : unit.MaxPartitionsContributed is { } l0 ? Math.Min(l0, Math.Max(1, keys ?? int.MaxValue)) : null,
            MaxContributionsPerPartition = rowsAreUnits || !request.Aggregates.Any(RequestCheck.SamplesRows) ? null : unit.MaxContributionsPerPartition,
            MaxContributions = rowsAreUnits ? null : unit.MaxContributions,
            RecordColumns = [.. request.Aggregates.SelectMany(RequestCheck.ValueColumns).Distinct(StringComparer.Ordinal)],
            Accumulators = [.. attempt.Accumulators],
            Items = [.. attempt.Structure.Context.Items],
            Trees = [.. attempt.Structure.Context.Trees.Select(t => t with { TotalDraw = RowCountOf(attempt) })],
            Selection = attempt.Selection?.Spec,
            Nodes = [.. attempt.Nodes],
            ConfidenceLevel = request.ConfidenceLevel?.ToString(),
            NonNegative = request.NonNegative,
        };
    }

    /// <summary>The draw, counted over the nodes in order, that is the number of rows; -1 for none. Every kept row has a value, so it is the number of values of every tree, too.</summary>
    private static int RowCountOf(PlanAttempt attempt)
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
