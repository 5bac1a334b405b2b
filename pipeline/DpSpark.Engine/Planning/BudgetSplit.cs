using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Divides epsilon and delta among the groups of a plan, exactly.</summary>
/// <remarks>
/// Shares with an epsilon or delta of their own are taken out of the total first; the rest is divided by weight. Delta goes only to those that need one.
/// Guarantee: the sums never exceed the totals, in exact arithmetic; they equal them when something is divided by weight.
/// </remarks>
internal static class BudgetSplit
{
    /// <summary>Fills in <see cref="QueryGroup.Epsilon"/>, <see cref="QueryGroup.Delta"/>, <see cref="QueryGroup.SelectionDelta"/> and <see cref="QueryGroup.Weight"/>.</summary>
    /// <returns>What makes the division impossible; empty when it was made.</returns>
    internal static List<PlanFault> Divide(IReadOnlyList<QueryGroup> items, Rational epsilon, Rational delta)
    {
        var faults = new List<PlanFault>();
        foreach (var item in items)
        {
            item.Weight = item.Shares.Aggregate(Rational.Zero, (sum, s) => sum + (Rational.From(s.Share.Weight) * s.Part));
            item.Epsilon = Rational.Zero;
            item.Delta = Rational.Zero;
            item.SelectionDelta = Rational.Zero;
        }

        var all = items.SelectMany(i => i.Shares.Select(s => (Item: i, s.Share, s.Path, s.Part, Own: s.Share.Epsilon))).ToList();
        Spread(all, epsilon, "epsilon", faults, (entry, value) => entry.Epsilon += value);

        var needing = items.Where(i => i.NeedsDelta)
            .SelectMany(i => i.Shares.Select(s => (Item: i, s.Share, s.Path, s.Part, Own: s.Share.Delta)))
            .ToList();
        Spread(needing, delta, "delta", faults, (entry, value) => entry.Delta += value);
        foreach (var item in items)
        {
            if (item.Selects)
            {
                item.SelectionDelta = item.IsGaussian ? item.Delta / Rational.From(2) : item.Delta;
            }
        }

        return faults;
    }

    private static void Spread(
        List<(QueryGroup Item, BudgetShare Share, string Path, Rational Part, Core.Parameters.ExactDecimal? Own)> entries,
        Rational total,
        string what,
        List<PlanFault> faults,
        Action<QueryGroup, Rational> give)
    {
        if (entries.Count == 0)
        {
            return;
        }

        var left = total;
        var weights = Rational.Zero;
        foreach (var (item, share, _, part, own) in entries)
        {
            if (own is { } value)
            {
                left -= Rational.From(value) * part;
                give(item, Rational.From(value) * part);
            }
            else
            {
                weights += Rational.From(share.Weight) * part;
            }
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
                "DPS2507", entries.Find(e => e.Own is null).Path, $"Nothing of {what} is left for it: the shares with a {what} of their own take all.",
                [$"Raise privacy.{what}.", $"Give it a {what} of its own and lower the others."]));
            return;
        }

        foreach (var (item, share, _, part, own) in entries)
        {
            if (own is null)
            {
                give(item, left * Rational.From(share.Weight) * part / weights);
            }
        }

        foreach (var (item, _, path, _, own) in entries)
        {
            if (own is { Sign: 0 } && item.NeedsDelta && what == "delta")
            {
                faults.Add(new("DPS2507", path + ".delta", "Its delta is 0, but Gaussian noise and private selection need one.", ["Give it a small delta, or leave delta out."]));
            }
        }
    }
}
