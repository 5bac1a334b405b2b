using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Divides epsilon and delta among the groups of a plan, exactly.</summary>
/// <remarks>
/// Shares with an epsilon or delta of their own are taken out of the total first; the rest is divided by weight. Delta goes only to those that need one.
/// Guarantee: the sums never exceed the totals, in exact arithmetic; they equal them when something is divided by weight. Better accountants than the sum shrink all noise from there.
/// </remarks>
internal static class BudgetSplit
{
    /// <summary>Fills in <see cref="QueryGroup.Epsilon"/>, <see cref="QueryGroup.Delta"/>, <see cref="QueryGroup.SelectionDelta"/> and <see cref="QueryGroup.Weight"/>.</summary>
    /// <param name="structure">The groups and outputs.</param>
    /// <param name="epsilon">Total.</param>
    /// <param name="delta">Total.</param>
    /// <returns>What makes the division impossible; empty when it was made.</returns>
    internal static List<PlanFault> Divide(PlanStructure structure, Rational epsilon, Rational delta)
    {
        var faults = new List<PlanFault>();
        var groups = structure.Groups;
        var chosen = IsFree(structure.Context.Request) ? Optimal(structure) : null;
        foreach (var group in groups)
        {
            group.Weight = chosen is not null && chosen.TryGetValue(group, out var weight) ? weight : group.Shares.Where(s => s.Share.Epsilon is null).Aggregate(Rational.Zero, (sum, s) => sum + WeightOf(s));
            group.MuWeight = chosen is not null && chosen.ContainsKey(group) ? group.Weight * group.Weight : group.WeightSquared;
            group.Epsilon = Rational.Zero;
            group.Delta = Rational.Zero;
            group.SelectionDelta = Rational.Zero;
        }

        Spread(groups, epsilon, "epsilon", faults, s => s.Epsilon, g => g.Weight, (group, value) => group.Epsilon += value);
        Spread(
            [.. groups.Where(g => g.NeedsDelta)], delta, "delta", faults, s => s.Delta,
            g => g.Shares.Where(s => s.Share.Delta is null).Aggregate(Rational.Zero, (sum, s) => sum + WeightOf(s)), (group, value) => group.Delta += value);
        foreach (var group in groups)
        {
            if (group.Selects)
            {
                group.SelectionDelta = group.IsGaussian ? group.Delta / Rational.From(2) : group.Delta;
            }
        }

        return faults;
    }

    /// <summary>Whether the manifest leaves the division to the planner: no weight, epsilon or delta is written for anything.</summary>
    internal static bool IsFree(ReleaseRequest request) =>
        request.Aggregates.Count > 0 && request.Aggregates.All(a => a.Budget.IsDefault) && request.Selection?.Budget.IsDefault != false;

    /// <summary>
    /// Weights for the least sum of predicted variances, each relative to the square of the output's reference (dp-math.md 5.10): with D the sum that a group's noise causes at amount 1,
    /// epsilon in proportion to D^(1/3) among Laplace groups, mu² in proportion to D^(1/2) among Gaussian ones. A selection of its own counts as one aggregate.
    /// </summary>
    private static Dictionary<QueryGroup, Rational>? Optimal(PlanStructure structure)
    {
        var costs = new Dictionary<QueryGroup, double>();
        foreach (var output in structure.Outputs)
        {
            foreach (var group in output.Groups)
            {
                var relative = output.Variance(group, group.Kind, 1) / (output.Reference * output.Reference);
                var twice = group.Selects && output.Request.Kind == AggregateKind.PrivacyIdCount && output == structure.Outputs.Find(o => o.Groups.Contains(group)) ? 2 : 1;
                costs[group] = costs.GetValueOrDefault(group) + (twice * relative);
            }
        }

        if (costs.Values.Any(c => !(c > 0) || !double.IsFinite(c)))
        {
            return null;
        }

        // Among families: a Laplace group of variance D/eps² and a Gaussian one of D/mu² compete for one epsilon; mu is about a fixed multiple of epsilon.
        var laplace = costs.Where(c => !c.Key.IsGaussian).Sum(c => Math.Cbrt(c.Value));
        var gaussian = costs.Where(c => c.Key.IsGaussian).Sum(c => Math.Sqrt(c.Value));
        var multiple = gaussian > 0 ? structure.MuPerEpsilon : 1;
        var (a, b) = (Math.Pow(laplace, 3), Math.Pow(gaussian / multiple, 2));
        var forLaplace = Math.Cbrt(a) / (Math.Cbrt(a) + Math.Cbrt(b));
        var weights = costs.ToDictionary(c => c.Key, c => Rounded(c.Key.IsGaussian
            ? (1 - forLaplace) * Math.Sqrt(Math.Sqrt(c.Value) / gaussian)
            : forLaplace * Math.Cbrt(c.Value) / laplace));
        if (structure.Groups.Find(g => g.Selects && !costs.ContainsKey(g)) is { } selection)
        {
            weights[selection] = weights.Values.Aggregate(Rational.Zero, (sum, w) => sum + w) / Rational.From(Math.Max(1, costs.Count));
        }

        return weights;
    }

    private static Rational Rounded(double weight) => new(Math.Max(1, (long)Math.Round(Math.ScaleB(weight, 30))), 1L << 30);

    private static Rational WeightOf((BudgetShare Share, string Path, Rational Part) share) => Rational.From(share.Share.Weight) * share.Part;

    private static void Spread(
        List<QueryGroup> groups, Rational total, string what, List<PlanFault> faults, Func<BudgetShare, ExactDecimal?> own, Func<QueryGroup, Rational> weightOf, Action<QueryGroup, Rational> give)
    {
        var left = total;
        var weights = Rational.Zero;
        foreach (var group in groups)
        {
            foreach (var (share, _, fraction) in group.Shares)
            {
                if (own(share) is { } value)
                {
                    var part = Rational.From(value) * fraction;
                    left -= part;
                    give(group, part);
                }
            }

            weights += weightOf(group);
        }

        if (left.Sign < 0)
        {
            faults.Add(new(
                "DPS2506", $"privacy.{what}", $"The shares with a {what} of their own add up to more than the release's {what}.",
                [$"Raise privacy.{what}.", $"Lower the shares, or give weights instead."]));
            return;
        }

        if (weights.Sign > 0 && left.Sign == 0)
        {
            faults.Add(new(
                "DPS2507", groups.SelectMany(g => g.Shares).First(s => own(s.Share) is null).Path, $"Nothing of {what} is left for it: the shares with a {what} of their own take all.",
                [$"Raise privacy.{what}.", $"Give it a {what} of its own and lower the others."]));
            return;
        }

        foreach (var group in groups)
        {
            if (weightOf(group) is { Sign: > 0 } weight)
            {
                give(group, left * weight / weights);
            }

            foreach (var (share, path, _) in group.Shares)
            {
                if (what == "delta" && own(share) is { Sign: 0 })
                {
                    faults.Add(new("DPS2507", path + ".delta", "Its delta is 0, but Gaussian noise and private selection need one.", ["Give it a small delta, or leave delta out."]));
                }
            }
        }
    }
}
