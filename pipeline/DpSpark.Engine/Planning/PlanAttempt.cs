using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>One way to plan a request: a noise family per group and a selection rule, with budgets divided and every parameter computed. The planner makes a few and keeps the best.</summary>
internal sealed class PlanAttempt
{
    private readonly Dictionary<QueryGroup, (PlannedOutput? Payer, IReadOnlyList<PlannedDraw> Draws)> _draws = [];

    private PlanAttempt(PlanStructure structure) => Structure = structure;

    internal PlanStructure Structure { get; }

    internal List<QueryGroup> Groups => Structure.Groups;

    internal ReleaseRequest Request => Structure.Context.Request;

    internal ContributionNorms Norms => Structure.Context.Norms;

    /// <summary>Per aggregate, its values; null for counts.</summary>
    internal IReadOnlyList<ValueQuery?> Values => Structure.Context.Values;

    internal List<PlanFault> Faults { get; } = [];

    internal IReadOnlyList<AccumulatorSpec> Accumulators => Structure.Context.Accumulators;

    /// <summary>The nodes, in output order.</summary>
    internal List<NodeSpec> Nodes { get; } = [];

    /// <summary>Per aggregate and group it reads, the draws with their sensitivities; empty for public values.</summary>
    internal List<IReadOnlyList<IReadOnlyList<PlannedDraw>>> Draws { get; } = [];

    internal SelectionRule? Selection { get; private set; }

    /// <summary>Predicted error of all outputs: the sum of the logarithms of their standard deviations. Comparable between attempts at one request.</summary>
    internal double Score { get; private set; }

    /// <summary>Logarithm of one aggregate's predicted standard deviation.</summary>
    internal double ScoreOf(int aggregate) => Structure.Outputs[aggregate].Score();

    internal static PlanAttempt Make(PlanStructure structure, SelectionStrategy? strategy)
    {
        var attempt = new PlanAttempt(structure);
        attempt.Faults.AddRange(BudgetSplit.Divide(structure.Groups, Rational.From(attempt.Request.Epsilon), Rational.From(attempt.Request.Delta)));
        if (attempt.Faults.Count == 0)
        {
            attempt.SettleLevels();
            attempt.SettleGrids();
        }

        if (attempt.Faults.Count == 0)
        {
            attempt.BuildNodes();
            attempt.BuildSelection(strategy);
        }

        return attempt;
    }

    /// <summary>The samplers return 128-bit numbers: scales above 2^100 units leave too little room.</summary>
    private static bool IsTooWide(NoiseSpec noise) => noise.Numerator > noise.Denominator << (noise.Kind == NoiseKind.DiscreteLaplace ? 100 : 200);

    private static string Describe(GridUnit unit) => unit.DecimalScale > 0 ? $"10^-{unit.DecimalScale}" : unit.BinaryExponent == 0 ? "1" : $"2^{unit.BinaryExponent}";

    private void SettleLevels()
    {
        // Groups with a budget of their own are calibrated alone; the others share one mu, divided by weight (noise ∝ 1/weight, as with Laplace).
        var gridBits = GaussianPool.LeastGridBits;
        var muSquared = new Dictionary<QueryGroup, Rational>();
        var pool = Groups.Where(i => i.IsGaussian && i.IsPooled).ToList();
        if (pool.Count > 0)
        {
            var epsilon = pool.Aggregate(Rational.Zero, (sum, i) => sum + i.Epsilon);
            var delta = pool.Aggregate(Rational.Zero, (sum, i) => sum + (i.Delta - i.SelectionDelta));
            var mu = GaussianPool.MuSquared(epsilon, delta);
            var squares = pool.Aggregate(Rational.Zero, (sum, i) => sum + i.WeightSquared);
            foreach (var group in pool)
            {
                muSquared[group] = mu * group.WeightSquared / squares;
            }
        }

        foreach (var group in Groups.Where(i => i.IsGaussian && !i.IsPooled))
        {
            muSquared[group] = GaussianPool.MuSquared(group.Epsilon, group.Delta - group.SelectionDelta);
        }

        if (muSquared.Count > 0)
        {
            // The audit composes all Gaussians of the plan, pooled or not, into one mu: its grid must be fine enough for that, too.
            var all = muSquared.Values.Aggregate(Rational.Zero, (sum, m) => sum + m).ToDouble();
            gridBits = GaussianPool.GridBits(all, muSquared.Keys.Aggregate(Rational.Zero, (sum, i) => sum + i.Epsilon).ToDouble());
            foreach (var (group, mu) in muSquared)
            {
                gridBits = Math.Max(gridBits, GaussianPool.GridBits(mu.ToDouble(), group.Epsilon.ToDouble()));
            }
        }

        foreach (var group in Groups)
        {
            group.Level = new(group.Kind, group.IsGaussian ? muSquared[group] : group.Epsilon, gridBits);
        }
    }

    private void SettleGrids()
    {
        foreach (var group in Groups)
        {
            group.SettleGrid(group.Level);
        }

        foreach (var (i, value) in Structure.Context.AllValues)
        {
            value.SettlePublic();
            if (!value.Grid.Fits)
            {
                Faults.Add(new(
                    "DPS2510", $"aggregates[{i}]", $"The bounds exceed 2^62 units of the column's grid ({Describe(value.Grid.Unit)}); exact sums would not fit.",
                    ["Use tighter bounds.", "Declare the column as double or as a decimal with a smaller scale."]));
            }
            else if (Request.Aggregates[i].Kind != AggregateKind.Sum && !value.IsPublic(AggregateKind.Mean) && value.Grid.Width.IsZero)
            {
                Faults.Add(new("DPS2510", $"aggregates[{i}]", "The bounds are too close together for their magnitude: on the grid they coincide.", ["Subtract a constant in the source and use bounds around zero."]));
            }
        }
    }

    private void BuildNodes()
    {
        foreach (var group in Groups)
        {
            _draws[group] = (null, group.Draws(group.Level));
        }

        // An output that uses only a part of a group's draws does not name them while another one can.
        var all = Structure.Outputs.OrderBy(o => o.PaysLast).ToDictionary(o => o.Aggregate, o => (IReadOnlyList<IReadOnlyList<PlannedDraw>>)[.. o.Groups.Select(g => DrawsOf(g, o))]);
        foreach (var output in Structure.Outputs)
        {
            var draws = all[output.Aggregate];
            Draws.Add(draws);
            Nodes.AddRange(output.Nodes(draws));
            Score += draws.Count > 0 ? output.Score() : 0;
            if (draws.Any(g => g.Any(d => IsTooWide(d.Spec.Noise))))
            {
                Faults.Add(new(
                    "DPS2518", $"aggregates[{output.Aggregate}]", "The noise would be wider than 2^100 units of the sum's grid, which exact sampling does not cover.",
                    ["Raise epsilon or this aggregate's share.", "Tighten the bounds."]));
            }
        }
    }

    /// <summary>A group's draws for one of its outputs: the first one pays for them and names them, the others use the same numbers.</summary>
    private IReadOnlyList<PlannedDraw> DrawsOf(QueryGroup group, PlannedOutput output)
    {
        var (payer, draws) = _draws[group];
        if (payer is null)
        {
            _draws[group] = (output, draws);
            return [.. draws.Select(d => group.For(d, output))];
        }

        return [.. draws.Select(d => group.For(d, output) is var same ? same with { Spec = same.Spec with { SharedWith = payer.NodeName } } : same)];
    }

    private void BuildSelection(SelectionStrategy? strategy)
    {
        if (strategy is not { } rule || Groups.Find(i => i.Selects) is not { } group)
        {
            return;
        }

        var (payer, draws) = _draws[group];
        Selection = SelectionRule.Make(rule, group.Epsilon, group.SelectionDelta, (long)Norms.Partitions, Request.Selection!.PreThreshold, draws.Count > 0 ? draws[0].Spec : null, payer?.NodeName);
        if (Selection is null)
        {
            Faults.Add(new("DPS2517", "partition_selection", "The share of epsilon or delta is too small for private partition selection.", ["Raise delta or the selection's share.", "Lower max_partitions_contributed.", "Use strategy: gaussian_threshold, which suits many partitions per unit."]));
        }
    }
}
