using DpSpark.Core.Accounting.Loss;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Costs;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>
/// One way to plan a request: a noise family per group and a selection rule. <see cref="Make"/> divides the budget and predicts errors, cheaply; <see cref="Complete"/> computes every
/// parameter of the one that is kept.
/// </summary>
internal sealed class PlanAttempt
{
    private readonly Dictionary<QueryGroup, (PlannedOutput? Payer, IReadOnlyList<PlannedDraw> Draws)> _draws = [];
    private readonly SelectionStrategy? _strategy;

    private PlanAttempt(PlanStructure structure, SelectionStrategy? strategy)
    {
        Structure = structure;
        _strategy = strategy;
        Calibration = new(structure);
    }

    internal PlanStructure Structure { get; }

    /// <summary>The selection rule; null for public partitions.</summary>
    internal SelectionStrategy? Strategy => _strategy;

    internal BudgetCalibration Calibration { get; }

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
    internal double Score => Structure.Outputs.Where(o => o.Groups.Count > 0).Sum(o => o.Score());

    /// <summary>Logarithm of one aggregate's predicted standard deviation.</summary>
    internal double ScoreOf(int aggregate) => Structure.Outputs[aggregate].Score();

    /// <summary>Divides the budget and calibrates.</summary>
    /// <param name="structure">Groups and outputs.</param>
    /// <param name="strategy">The selection rule; null for public partitions.</param>
    /// <param name="accountant">How precisely; null for a closed form that only ranks.</param>
    internal static PlanAttempt Make(PlanStructure structure, SelectionStrategy? strategy, LossAccountant? accountant)
    {
        var attempt = new PlanAttempt(structure, strategy);
        attempt.Faults.AddRange(BudgetSplit.Divide(structure, Rational.From(attempt.Request.Epsilon), Rational.From(attempt.Request.Delta)));
        if (attempt.Faults.Count == 0)
        {
            attempt.Calibrate(accountant);
        }

        return attempt;
    }

    /// <summary>Calibrates once more; the division stays.</summary>
    /// <param name="accountant">How precisely.</param>
    /// <param name="ranks">Whether the attempt is only compared with others: its threshold is then nearly what it would be.</param>
    internal void Calibrate(LossAccountant? accountant, bool ranks = false)
    {
        if (Groups.OfType<SelectionGroup>().FirstOrDefault(g => g.IsTable) is { } table)
        {
            table.Budget = SelectionRule.TableBudget(table.Epsilon.ToDouble(), table.SelectionDelta.ToDouble(), Partitions, Request.Selection!.PreThreshold);
            if (table.Budget is null)
            {
                Refuse();
                return;
            }
        }

        Calibration.Run(accountant);
        Selection = null;
        if (_strategy is not null && accountant is not null)
        {
            BuildSelection(accountant, ranks);
        }
    }

    /// <summary>Computes grids, draws, nodes and the selection.</summary>
    internal void Complete(LossAccountant accountant)
    {
        for (var tries = 0; ; tries++)
        {
            SettleGrids();
            if (Faults.Count > 0)
            {
                return;
            }

            BuildNodes();
            if (Faults.Count > 0 || Calibration.Holds(accountant, _draws.ToDictionary(d => d.Key, d => d.Value.Draws)))
            {
                break;
            }

            // A grid of few units makes the loss of Laplace noise coarser than was assumed; it is known now.
            Calibration.Learn(_draws.ToDictionary(d => d.Key, d => d.Value.Draws), accountant, tries);
        }

        if (_strategy is not null && Faults.Count == 0)
        {
            BuildSelection(accountant, false);
        }
    }

    private int Partitions => (int)System.Numerics.BigInteger.Min(Norms.Partitions, int.MaxValue);

    /// <summary>The samplers return 128-bit numbers: scales above 2^100 units leave too little room.</summary>
    private static bool IsTooWide(NoiseSpec noise) => noise.Numerator > noise.Denominator << (noise.Kind == NoiseKind.DiscreteLaplace ? 100 : 200);

    private static string Describe(GridUnit unit) => unit.DecimalScale > 0 ? $"10^-{unit.DecimalScale}" : unit.BinaryExponent == 0 ? "1" : $"2^{unit.BinaryExponent}";

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
        Nodes.Clear();
        Draws.Clear();
        Structure.Context.ClearAccumulators();
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

    private void BuildSelection(LossAccountant accountant, bool ranks)
    {
        var group = Groups.Find(i => i.Selects)!;
        var draw = group.IsTable ? null : (_draws.TryGetValue(group, out var known) ? known.Draws : group.Draws(group.Level))[0].Spec;
        var output = Structure.Outputs.OrderBy(o => o.PaysLast).FirstOrDefault(o => o.Groups.Contains(group));
        var floor = Request.Selection!.PreThreshold;
        Selection = group is SelectionGroup { Rounds: > 0 } rounds ? RulesOf(rounds)
            : group is SelectionGroup { IsTable: true } table ? SelectionRule.OfTable(table.Budget!.Value, floor)
            : group.IsWeighted ? SelectionRule.OfWeights(Calibration.WeightedChances(accountant, ranks), floor, draw!, Norms.Partitions)
            : SelectionRule.OfThreshold(_strategy!.Value, Calibration.NewPartitionChance(accountant, ranks), floor, draw!, output?.NodeName);
        if (Selection is null)
        {
            Refuse();
        }
    }

    private SelectionRule? RulesOf(SelectionGroup group)
    {
        var draws = _draws.TryGetValue(group, out var known) ? known.Draws : group.Draws(group.Level);
        return SelectionRule.OfRounds([.. draws.Select((d, i) => SelectionRule.OfWeights(Calibration.RoundChances(group.PartOf(i + 1)), Request.Selection!.PreThreshold, d.Spec, Norms.Partitions))]);
    }

    private void Refuse() => Faults.Add(new("DPS2517", "partition_selection", "The share of epsilon or delta is too small for private partition selection.", ["Raise delta or the selection's share.", "Lower max_partitions_contributed.", "Use strategy: gaussian_threshold, which suits many partitions per unit."]));
}
