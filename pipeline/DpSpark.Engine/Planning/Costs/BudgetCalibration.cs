using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning.Costs;

/// <summary>Finds what the noise of each group may cost, for the plan at once: the divided budget times one common factor, the largest that the accountant allows.</summary>
/// <remarks>
/// Groups with a budget of their own keep exactly that. Laplace groups in the common pool get factor · epsilon share, Gaussian ones factor · mu share, mu in one proportion to epsilon for
/// all. Guarantee: the levels together are (epsilon, delta)-private by the accountant the request names; delta as <see cref="NoiseDelta"/> where a threshold selects, which then
/// takes the rest jointly (<see cref="NewPartitionChance"/>). Source: dp-math.md 4.5, 5.9.
/// </remarks>
internal sealed class BudgetCalibration
{
    /// <summary>Part of delta for the noise at all partitions where a threshold shares it jointly.</summary>
    private const double JointNoisePart = 0.99;
    private const double Tolerance = 1e-5;
    private const string BasicAccountantName = "basic-v1";

    private readonly PlanStructure _structure;
    private readonly Dictionary<QueryGroup, Rational> _amounts = [];
    private readonly Dictionary<QueryGroup, double> _units = [];

    internal BudgetCalibration(PlanStructure structure) => _structure = structure;

    /// <summary>Name and version of the accountant that the levels were found with.</summary>
    internal string Accountant { get; private set; } = BasicAccountantName;

    /// <summary>Whether delta is spent although no mechanism needs one: the loss distribution of Laplace noise was used, or the epsilon of a rho.</summary>
    internal bool SpendsDelta { get; private set; }

    private ReleaseRequest Request => _structure.Context.Request;

    private ContributionNorms Norms => _structure.Context.Norms;

    private List<QueryGroup> Groups => _structure.Groups;

    private double Epsilon => Rounding.Inward((Request.Earlier?.Epsilon ?? Request.Epsilon).ToDouble());

    private double Delta => (Request.Earlier?.Delta ?? Request.Delta) is { Sign: > 0 } delta ? Rounding.Inward(delta.ToDouble()) : 0;

    private IReadOnlyList<GroupCost> Earlier => Request.Earlier?.Costs ?? [];

    private bool SelectsByThreshold => Groups.Exists(g => g.Selects && !g.IsTable);

    private SelectionGroup? Rounds => Groups.Find(g => g is SelectionGroup { Rounds: > 0 }) as SelectionGroup;

    /// <summary>
    /// Delta of the keys of all rounds: what is shown in one round leaves the unit's other partitions to the next, with all of its weight, so that noise and keys do not shrink together and each
    /// has a part of its own.
    /// </summary>
    private double RoundsDelta => Request.Accountant == AccountantChoice.Zcdp ? Math.Max(0, Delta - ConcentratedDelta)
        : Request.Accountant == AccountantChoice.Pld && Rounds!.IsPooled ? Delta / 2
        : Rounding.Inward(Rounds!.SelectionDelta.ToDouble());

    /// <summary>Delta of the noise alone.</summary>
    private double NoiseDelta => Rounds is not null ? Rounding.Inward(Delta - RoundsDelta) : SelectsByThreshold && Groups.Exists(g => g.IsGaussian) ? Delta * JointNoisePart : Delta;

    /// <summary>Sets every group's level.</summary>
    /// <param name="accountant">The loss accountant, of the precision that is wanted; null to rank by a closed form.</param>
    internal void Run(LossAccountant? accountant)
    {
        SpendsDelta = false;
        Accountant = Groups.Exists(g => g.IsGaussian) ? "gdp-v1" : BasicAccountantName;
        switch (Request.Accountant)
        {
            case AccountantChoice.Basic:
                Accountant = BasicAccountantName;
                Naive();
                break;
            case AccountantChoice.Zcdp:
                Accountant = "zcdp-v1";

                // Its epsilon holds at delta, whatever the noise.
                SpendsDelta = true;
                Concentrated(Request.Rho is { } rho ? Rounding.Inward(rho.ToDouble()) : Zcdp.Rho(Epsilon, ConcentratedDelta));
                break;
            default:
                Tight(accountant);
                break;
        }

        Settle();
    }

    /// <summary>Whether the draws as they are keep the budget: their grids may be coarser than was assumed.</summary>
    internal bool Holds(LossAccountant accountant, IReadOnlyDictionary<QueryGroup, IReadOnlyList<PlannedDraw>> draws)
    {
        var composition = new PlanComposition(Norms, [.. Earlier, .. Groups.Select(g => g.CostAt(g.Level.Value) is LaplaceCost cost ? cost with { Units = UnitsOf(draws[g]) } : g.CostAt(g.Level.Value))]);
        return Accountant != LossAccountant.Name || composition.Delta(accountant, Epsilon) <= Delta;
    }

    /// <summary>Calibrates once more, for the grids that the draws turned out to have; then a little below; then by adding up, which no grid can spoil.</summary>
    internal void Learn(IReadOnlyDictionary<QueryGroup, IReadOnlyList<PlannedDraw>> draws, LossAccountant accountant, int tries)
    {
        foreach (var (group, found) in draws.Where(d => d.Value.Count > 0))
        {
            _units[group] = UnitsOf(found);
        }

        if (tries < 4)
        {
            Run(accountant);
            foreach (var group in Groups.Where(g => g.IsPooled && tries > 0))
            {
                _amounts[group] *= Rational.FromDouble(1 - Math.ScaleB(1e-4, tries));
            }
        }
        else
        {
            Naive();
            Accountant = BasicAccountantName;
        }

        Settle();
    }

    private static double UnitsOf(IReadOnlyList<PlannedDraw> draws) => (double)draws.Min(d => d.PerPartition);

    private GroupCost CostOf(QueryGroup group, double amount) =>
        group.CostAt(amount) is LaplaceCost cost && _units.TryGetValue(group, out var units) ? cost with { Units = Math.Min(units, cost.Units) } : group.CostAt(amount);

    /// <summary>
    /// The largest chance at which a partition that is new to the unit may pass the threshold. Joint rule (dp-math.md 4.5): with k of the unit's partitions new,
    /// 1 - (1 - delta_t(k)) (1 - delta_n(epsilon; L0 - k)) must not exceed delta for any k; k is taken in ranges, each with the noise of its lower and the keys of its upper end.
    /// </summary>
    /// <param name="accountant">The loss accountant.</param>
    /// <param name="ranks">Whether k = L0 alone is looked at, where the bound is nearly always attained: enough to compare attempts.</param>
    internal double NewPartitionChance(LossAccountant accountant, bool ranks)
    {
        var group = Groups.Find(g => g.Selects)!;
        var own = group.Shares.Where(s => s.Path == RequestCheck.SelectionName).Select(s => s.Share.Delta).FirstOrDefault();
        var partitions = Norms.Partitions;
        var all = (double)partitions;
        if (Request.Accountant != AccountantChoice.Pld)
        {
            var part = Request.Accountant == AccountantChoice.Zcdp ? Math.Max(0, Delta - ConcentratedDelta) : Rounding.Inward(group.SelectionDelta.ToDouble());
            return Rounding.Inward(Elementary.OneMinusPower(part, 1 / all));
        }

        var composition = Composition();
        var chance = own is { } limit ? Elementary.OneMinusPower(limit.ToDouble(), 1 / all) : 1;
        for (var first = ranks ? partitions : 1; first <= partitions;)
        {
            var last = composition.IsGaussian && partitions <= 1000 ? first : BigInteger.Min(partitions, (2 * first) - 1);
            var noise = composition.Delta(accountant, Epsilon, partitions - first);
            var left = (Delta - noise) / (1 - noise);
            chance = Math.Min(chance, left > 0 ? Elementary.OneMinusPower(left, 1 / (double)last) : 0);
            first = last + 1;
        }

        return Rounding.Inward(chance);
    }

    /// <summary>
    /// The same where weights are compared: for a unit in m partitions, by ranges of m. Joint rule (dp-math.md 4.6): with t of the m new, 1 - (1 - delta_t) (1 - delta_n(epsilon)) must not
    /// exceed delta, the noise being that of m - t shared partitions and of (m - t)/m of the squared weights. A range of m has the noise of its upper end; m and t are taken in ranges.
    /// </summary>
    /// <param name="accountant">The loss accountant.</param>
    /// <param name="ranks">Whether units all of whose partitions are new are looked at alone.</param>
    internal IReadOnlyList<(long Partitions, double Chance)> WeightedChances(LossAccountant accountant, bool ranks)
    {
        var group = Groups.Find(g => g.Selects)!;
        var own = group.Shares.Where(s => s.Path == RequestCheck.SelectionName).Select(s => s.Share.Delta).FirstOrDefault();
        var limit = own is { } written ? Rounding.Inward(written.ToDouble()) : 1;
        var (partitions, all) = ((long)Norms.Partitions, Composition());
        var found = new List<(long, double)>();
        foreach (var (first, last) in WeightRanges.Coarse(partitions, all.IsGaussian))
        {
            var keys = new List<(long First, long Last, double Left)>();
            if (Request.Accountant != AccountantChoice.Pld)
            {
                keys.Add((1, last, Request.Accountant == AccountantChoice.Zcdp ? Math.Max(0, Delta - ConcentratedDelta) : Rounding.Inward(group.SelectionDelta.ToDouble())));
            }

            if (keys.Count == 0 && ranks)
            {
                keys.Add((1, last, Math.Min(limit, Delta - all.Delta(accountant, Epsilon, 0, 0))));
            }

            for (var t = 1L; keys.Count == 0 || keys[^1].Last < last; t = keys[^1].Last + 1)
            {
                var noise = all.Delta(accountant, Epsilon, last - t, (double)(last - t) / last * (1 + 1e-15));
                keys.Add((t, WeightRanges.LastNew(t, last, noise, Delta, all.IsGaussian), Math.Min(limit, (Delta - noise) / (1 - noise))));
            }

            foreach (var (from, to) in WeightRanges.Fine(first, last))
            {
                found.Add((from, Rounding.Inward(keys.Where(k => k.First <= to).Min(k => k.Left > 0 ? Elementary.OneMinusPower(k.Left, 1.0 / Math.Min(k.Last, to)) : 0))));
            }
        }

        return found;
    }

    /// <summary>The same for a round of selection, whose noise is paid for in full: with all m partitions of a unit new, the round's part of delta is the chance that any of them passes.</summary>
    /// <param name="part">The round's part.</param>
    internal IReadOnlyList<(long Partitions, double Chance)> RoundChances(Rational part)
    {
        var delta = Rounding.Inward(RoundsDelta * part.ToDouble() * (1 - 1e-14));
        return [.. WeightRanges.Fine(1, (long)Norms.Partitions).Select(r => (r.First, Rounding.Inward(Elementary.OneMinusPower(delta, 1.0 / r.Last))))];
    }

    private double ConcentratedDelta => SelectsByThreshold ? Delta / 2 : Groups.Find(g => g.IsTable) is { } table ? Math.Max(0, Delta - table.SelectionDelta.ToDouble()) : Delta;

    private PlanComposition Composition() => new(Norms, [.. Earlier, .. Groups.Select(g => CostOf(g, g.IsTable ? 0 : _amounts[g].ToDouble()))]);

    private void Naive()
    {
        foreach (var group in Groups)
        {
            _amounts[group] = group.IsGaussian ? GaussianPool.MuSquared(group.Epsilon, group.Delta - group.SelectionDelta) : group.Epsilon;
        }
    }

    private void Tight(LossAccountant? accountant)
    {
        if (!Groups.Exists(g => g.IsGaussian) && (Delta == 0 || accountant is null || !Laplace().NeedsLoss))
        {
            Naive();
            return;
        }

        SetAt(1);
        var pool = Groups.Where(g => g.IsPooled).ToList();
        var composition = Composition();
        if (pool.Count == 0)
        {
            Accountant = composition.IsGaussian ? Accountant : BasicAccountantName;
            return;
        }

        if (composition.IsGaussian)
        {
            var fixedPart = Groups.Where(g => !g.IsPooled).Aggregate(Rational.Zero, (sum, g) => sum + _amounts[g]);
            var left = GaussianPool.MuSquared(Rational.From(Request.Epsilon), Rational.FromDouble(NoiseDelta)) - fixedPart;
            if (left.Sign > 0)
            {
                var squares = pool.Aggregate(Rational.Zero, (sum, g) => sum + g.MuWeight);
                foreach (var group in pool)
                {
                    _amounts[group] = left * group.MuWeight / squares;
                }

                return;
            }
        }

        if (accountant is null)
        {
            Concentrated(Zcdp.Rho(Epsilon, Math.Max(NoiseDelta / 2, 1e-300)));
            return;
        }

        var factor = Search(accountant);
        if (factor < 1 + (10 * Tolerance) && !Groups.Exists(g => g.IsGaussian))
        {
            // Nothing gained over the exact sum.
            Naive();
            return;
        }

        SetAt(factor);
        if (composition.NeedsLoss)
        {
            Accountant = LossAccountant.Name;
            SpendsDelta = true;
        }
    }

    private PlanComposition Laplace() => new(Norms, [.. Earlier, .. Groups.Select(g => g.CostAt(g.Epsilon.ToDouble()))]);

    private void SetAt(double factor)
    {
        var scale = Rational.FromDouble(Math.ScaleB(Math.Floor(Math.ScaleB(factor, 30)), -30));
        var perEpsilon = Rational.FromDouble(_structure.MuPerEpsilon);
        foreach (var group in Groups)
        {
            _amounts[group] = !group.IsPooled ? (group.IsGaussian ? GaussianPool.MuSquared(group.Epsilon, group.Delta - group.SelectionDelta) : group.Epsilon)
                : group.IsGaussian ? Rational.FromDouble(Math.Pow((group.Epsilon / group.Weight * scale * perEpsilon).ToDouble(), 2) * group.MuWeight.ToDouble() * (1 - 1e-14))
                : group.Epsilon * scale;
        }
    }

    /// <summary>Newton steps in logarithms: epsilon is nearly proportional to the factor. Only a factor that was checked is returned.</summary>
    private double Search(LossAccountant accountant)
    {
        var delta = NoiseDelta;
        double safe = 0;
        double unsafeAbove = double.PositiveInfinity;
        double x = 1;
        for (var i = 0; i < 40 && !(unsafeAbove - safe < Tolerance * safe); i++)
        {
            SetAt(x);
            var epsilon = Composition().Epsilon(accountant, delta, Epsilon);
            if (epsilon <= Epsilon)
            {
                safe = Math.Max(safe, x);
                if (epsilon > Epsilon * (1 - Tolerance))
                {
                    break;
                }
            }
            else
            {
                unsafeAbove = Math.Min(unsafeAbove, x);
            }

            // What is fixed does not move with the factor, so the step may fall short or, where only part of epsilon moves, go too far.
            var next = double.IsFinite(epsilon) && epsilon > 0 ? x * (Epsilon / epsilon) * (1 - (Tolerance / 4)) : x / 4;
            x = next > safe && next < unsafeAbove && i % 5 != 4 ? next
                : safe > 0 && double.IsFinite(unsafeAbove) ? Math.Sqrt(safe * unsafeAbove)
                : safe > 0 ? safe * 2 : unsafeAbove / 4;
        }

        return safe;
    }

    private void Concentrated(double rho)
    {
        SetAt(1);
        var fixedRho = new PlanComposition(Norms, [.. Groups.Where(g => !g.IsPooled).Select(g => g.CostAt(g.IsTable ? 0 : _amounts[g].ToDouble()))]).Rho();
        var pooled = new PlanComposition(Norms, [.. Groups.Where(g => g.IsPooled).Select(g => g.CostAt(_amounts[g].ToDouble()))]).Rho();
        SetAt(pooled > 0 && rho > fixedRho ? Math.Sqrt(Rounding.Inward(rho - fixedRho) / pooled) * (1 - 1e-9) : pooled > 0 ? 1e-6 : 1);
    }

    private void Settle()
    {
        var gridBits = GaussianPool.LeastGridBits;
        var gaussians = Groups.Where(g => g.IsGaussian).ToList();
        if (gaussians.Count > 0)
        {
            // Discrete noise is accounted like continuous noise, by itself and in what is left beside pure mechanisms: the grid must be fine enough for both.
            var mu = gaussians.Sum(g => _amounts[g].ToDouble());
            var (pure, _, _) = Composition().Sums(null, 1);
            gridBits = Math.Max(gridBits, GaussianPool.GridBits(mu, Epsilon, pure));
            if (Epsilon - pure > Epsilon / 1000)
            {
                gridBits = Math.Max(gridBits, GaussianPool.GridBits(mu, Epsilon - pure, 0));
            }
        }

        foreach (var group in Groups)
        {
            group.Level = new(group.Kind, group.IsTable ? group.Epsilon : _amounts[group], gridBits);
        }
    }
}
