using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

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
        var faults = RequestCheck.Find(request);
        if (faults.Count > 0)
        {
            throw new PlanningException(faults);
        }

        var norms = NormsOf(request);
        var groups = Groups(request, norms);
        var best = request.Noise switch
        {
            NoiseChoice.Laplace => Best(request, norms, groups, Filled(groups, NoiseKind.DiscreteLaplace)),
            NoiseChoice.Gaussian => Best(request, norms, groups, Filled(groups, NoiseKind.DiscreteGaussian)),
            _ => BestMix(request, norms, groups),
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

    /// <summary>Aggregates that are one number, such as units and rows when a unit has one row per partition: drawn once, paid for once. Public values are in no group.</summary>
    private static List<List<int>> Groups(ReleaseRequest request, ContributionNorms norms)
    {
        var groups = new List<List<int>>();
        var known = new Dictionary<object, List<int>>();
        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            var aggregate = request.Aggregates[i];
            object key = i;
            if (aggregate.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount)
            {
                key = aggregate.Kind == AggregateKind.PrivacyIdCount || norms.RowsPerPartition is { IsOne: true } ? "units" : "rows";
            }
            else
            {
                var value = new ValueQuery(aggregate, request.Columns.First(c => c.Name == aggregate.Column));
                if (value.IsPublic)
                {
                    continue;
                }

                key = aggregate.Kind == AggregateKind.Sum ? value.Key : key;
            }

            if (!known.TryGetValue(key, out var group))
            {
                known[key] = group = [];
                groups.Add(group);
            }

            group.Add(i);
        }

        return groups;
    }

    private static NoiseKind[] Filled(List<List<int>> groups, NoiseKind kind) => [.. groups.Select(_ => kind)];

    /// <summary>
    /// Laplace for all, Gaussian for all, and the mixtures between: Gaussian for the k groups that gain most from it. The smallest sum of logarithms of the predicted standard
    /// deviations wins; the earlier one on a tie.
    /// </summary>
    private static PlanAttempt BestMix(ReleaseRequest request, ContributionNorms norms, List<List<int>> groups)
    {
        var laplace = Best(request, norms, groups, Filled(groups, NoiseKind.DiscreteLaplace));
        if (request.Delta.Sign == 0 || laplace.Faults.Count > 0 || groups.Count == 0)
        {
            return laplace;
        }

        var gaussian = Best(request, norms, groups, Filled(groups, NoiseKind.DiscreteGaussian));
        if (gaussian.Faults.Count > 0)
        {
            return laplace;
        }

        var best = gaussian.Score < laplace.Score ? gaussian : laplace;
        var byGain = Enumerable.Range(0, groups.Count).OrderBy(g => gaussian.ScoreOf(groups[g][0]) - laplace.ScoreOf(groups[g][0])).ThenBy(g => g).ToList();
        var kinds = Filled(groups, NoiseKind.DiscreteLaplace);
        for (var k = 0; k < groups.Count - 1; k++)
        {
            kinds[byGain[k]] = NoiseKind.DiscreteGaussian;
            var mixed = Best(request, norms, groups, kinds);
            if (mixed.Faults.Count == 0 && mixed.Score < best.Score)
            {
                best = mixed;
            }
        }

        return best;
    }

    /// <summary>The attempt with these noise families and the asked selection rule, or the rule with the smallest number of units that is shown with probability one half.</summary>
    private static PlanAttempt Best(ReleaseRequest request, ContributionNorms norms, List<List<int>> groups, NoiseKind[] kinds)
    {
        if (request.Selection is not { } selection)
        {
            return PlanAttempt.Make(request, norms, Items(request, groups, kinds, null), null);
        }

        if (selection.Strategy is { } asked)
        {
            return PlanAttempt.Make(request, norms, Items(request, groups, kinds, asked), asked);
        }

        PlanAttempt? best = null;
        foreach (var strategy in new[] { SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.GaussianThreshold })
        {
            var attempt = PlanAttempt.Make(request, norms, Items(request, groups, kinds, strategy), strategy);
            if (best is null || (attempt.Faults.Count == 0 && (best.Faults.Count > 0 || attempt.Selection!.UnitsForHalf < best.Selection!.UnitsForHalf)))
            {
                best = attempt;
            }
        }

        return best!;
    }

    private static List<PlanItem> Items(ReleaseRequest request, List<List<int>> groups, NoiseKind[] kinds, SelectionStrategy? strategy)
    {
        var items = new List<PlanItem>();
        PlanItem? units = null;
        for (var g = 0; g < groups.Count; g++)
        {
            var item = new PlanItem { Kind = kinds[g] };
            foreach (var index in groups[g])
            {
                item.Aggregates.Add(index);
                item.Shares.Add((request.Aggregates[index].Budget, $"aggregates[{index}].budget"));
                if (request.Aggregates[index].Kind == AggregateKind.PrivacyIdCount)
                {
                    units = item;
                }
            }

            items.Add(item);
        }

        if (strategy is not { } rule)
        {
            return items;
        }

        var family = rule == SelectionStrategy.GaussianThreshold ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        if (rule == SelectionStrategy.TruncatedGeometric || units is null || units.Kind != family)
        {
            units = new PlanItem { Kind = family, IsTable = rule == SelectionStrategy.TruncatedGeometric };
            items.Insert(0, units);
        }

        // A requested count of units is the number that the threshold is compared with: drawn once, for both shares (dp-math.md 4.5).
        units.Selects = true;
        units.Shares.Add((request.Selection!.Budget, RequestCheck.SelectionName));
        return items;
    }

    private static ReleasePlan Describe(ReleaseRequest request, PlanAttempt attempt)
    {
        var gaussians = attempt.Items.Count(i => i.IsGaussian);
        var plan = new ReleasePlan
        {
            Request = request,
            Spec = SpecOf(request, attempt),
            Epsilon = Charged(attempt.Items, request.Epsilon, s => s.Epsilon),
            Delta = Charged(attempt.Items.Where(i => i.NeedsDelta), request.Delta, s => s.Delta),
            Accountant = gaussians > 0 ? "gdp" : "basic",
            Mechanisms = MechanismTable.Of(request, attempt),
            KeepChances = KeepTable(attempt.Selection),
            Diagnostics = [],
        };
        return plan with { Diagnostics = PlanAdvice.For(plan, attempt) };
    }

    /// <summary>The whole where a part of it was divided by weight, else the sum of the shares.</summary>
    private static ExactDecimal Charged(IEnumerable<PlanItem> items, ExactDecimal total, Func<BudgetShare, ExactDecimal?> own)
    {
        var sum = ExactDecimal.Zero;
        foreach (var (share, _) in items.SelectMany(i => i.Shares))
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
            MaxPartitionsContributed = rowsAreUnits ? null : unit.MaxPartitionsContributed is { } l0 ? Math.Min(l0, Math.Max(1, keys ?? int.MaxValue)) : null,
            MaxContributionsPerPartition = rowsAreUnits || !request.Aggregates.Any(RequestCheck.SamplesRows) ? null : unit.MaxContributionsPerPartition,
            MaxContributions = rowsAreUnits ? null : unit.MaxContributions,
            RecordColumns = [.. request.Aggregates.Where(a => a.Kind is AggregateKind.Sum or AggregateKind.Mean).Select(a => a.Column!).Distinct(StringComparer.Ordinal)],
            Accumulators = [.. attempt.Accumulators],
            Selection = attempt.Selection?.Spec,
            Nodes = [.. attempt.Nodes],
            ConfidenceLevel = request.ConfidenceLevel?.ToString(),
            NonNegative = request.NonNegative,
        };
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
