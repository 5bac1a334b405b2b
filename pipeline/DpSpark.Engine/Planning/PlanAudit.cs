using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Engine.Bounds;

namespace DpSpark.Engine.Planning;

/// <summary>
/// Recomputes a plan's privacy from the integers of its stage description alone: bounds, terms, clamps, shifts, noise parameters, tables and thresholds. It shares no step with
/// the planner but the norms of contribution bounds, and believes no share: the selection's only names the epsilon at which optimal composition is read.
/// </summary>
/// <remarks>
/// Laplace mechanisms add up exactly as rationals. All Gaussian noise of the plan, that of selection included, is composed into one mu. Where both meet, or a sum exceeds the claim,
/// the distribution of the privacy loss decides. A threshold is taken together with the noise (dp-math.md 4.5). Whatever has no branch is a finding.
/// Source: dp-math.md 2.2, 4.1 to 4.6, 5.1 to 5.3, 5.5, 5.7.
/// </remarks>
public sealed class PlanAudit
{
    private const double Tolerance = 1e-11;

    private readonly ReleasePlan _plan;
    private readonly StageSpec _spec;
    private readonly AuditSpend _spend = new();
    private readonly SortedDictionary<int, List<DrawSpec>> _columns = [];
    private readonly ContributionNorms? _norms;
    private Rational _fixedEpsilon;
    private SelectionAudit? _selection;
    private double _roundsChance;

    private PlanAudit(ReleasePlan plan)
    {
        _plan = plan;
        _spec = plan.Spec;
        _norms = _spec.UnitColumns.Count == 0
            ? ContributionNorms.Of(1, 1, 1, null)
            : ContributionNorms.Of(_spec.MaxPartitionsContributed, _spec.MaxContributionsPerPartition, _spec.MaxContributions, _spec.PublicPartitions ? plan.Request.Keyset?.Keys.Count : null);
    }

    /// <summary>Recomputes.</summary>
    /// <param name="plan">The plan.</param>
    public static PlanAuditResult Recompute(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new PlanAudit(plan).Run();
    }

    private PlanAuditResult Run()
    {
        if (_norms is null)
        {
            return new(double.PositiveInfinity, 1, ["The number of partitions of one unit is not bounded."]);
        }

        if (_plan.Epsilon > _plan.Request.Epsilon || _plan.Delta > _plan.Request.Delta)
        {
            _spend.Findings.Add("The plan charges more than the request allows.");
        }

        if (_plan.Bounds is { } bounds)
        {
            SpendBounds(bounds);
        }

        if (_spec.TopK is { } top)
        {
            _spend.Costs.AddRange(TopKAudit.Recompute(_plan, top, _norms, IsReplaced, _spend.Findings) is { } choice ? [choice] : []);
        }

        CheckNames();
        foreach (var node in _spec.Nodes)
        {
            CheckNode(node);
        }

        foreach (var tree in _spec.Trees)
        {
            CheckTree(tree);
        }

        CheckColumns();

        if (_spec.Selection is { } selection)
        {
            _selection = new SelectionAudit(_plan, _norms, _spend);
            _selection.Check(selection);
        }

        if (_plan.Rounds.Count > 0)
        {
            _roundsChance = new RoundsAudit(_plan, _spend).Check();
        }
        else if (_spec.PublicPartitions && _plan.Request.Keyset is null)
        {
            _spend.Findings.Add("Partitions are said to be public, and nobody names them.");
        }

        if (_spec.Selection is null && !_spec.PublicPartitions)
        {
            _spend.Findings.Add("Partitions are neither public nor selected.");
        }

        if (IsReplaced && (_spec.Selection is not null || _plan.Rounds.Count > 0))
        {
            _spend.Findings.Add("Private selection holds for add/remove only.");
        }

        return Compose();
    }

    private bool IsReplaced => _plan.Request.Adjacency switch
    {
        NeighbouringRelation.AddOrRemoveOne => false,
        NeighbouringRelation.ReplaceOne => true,
        _ => throw new InvalidOperationException("DPS9007: the audit does not know the neighbouring relation."),
    };

    /// <summary>
    /// A first pass chooses the parameters of the rest. Its epsilon is added to what the rest is read at; or rho adds up, whatever was chosen; or all that follows is Gaussian noise, of which
    /// one mu dominates every choice, and keys drawn with fixed epsilons.
    /// </summary>
    private void SpendBounds(BoundsPlan bounds)
    {
        var costs = BoundsAudit.Recompute(bounds.Spec, IsReplaced, _spend.Findings);
        if (bounds.IsComposed || AddsRho)
        {
            _spend.Costs.AddRange(costs);
            return;
        }

        _spend.Require(costs.TrueForAll(c => c.Kind == AuditKind.Profile), "The first pass has noise whose epsilon cannot be added.");
        _fixedEpsilon = costs.Where(c => c.Kind == AuditKind.Profile).Aggregate(_fixedEpsilon, (sum, c) => sum + c.Amount);
    }

    /// <summary>Whether the plan divides a rho: the one it claims, or the one that its epsilon and delta are worth.</summary>
    private bool AddsRho => _plan.Request.Rho is not null || _plan.Bounds?.Rho is not null || (_spec.TopK is not null && _plan.Request.Accountant == AccountantChoice.Zcdp);

    private PlanAuditResult Compose()
    {
        var claimed = Rational.From(_plan.Epsilon);
        var composition = new AuditComposition(_norms!, _spend.Costs, _fixedEpsilon);
        if (_plan.Bounds is { IsComposed: true })
        {
            _spend.Require(_spec.Selection is null && _spend.Costs.TrueForAll(c => c.Kind is AuditKind.Gaussian or AuditKind.Profile or AuditKind.Choice or AuditKind.RangeChoice), "A first pass is composed with more than Gaussian noise.");
        }

        if (_plan.Request.Rho is null && AddsRho)
        {
            var needed = Zcdp.Delta(Rounding.Outward(composition.Rho().ToDouble()), _plan.Epsilon.ToDouble());
            _spend.Require(needed <= _plan.Delta.ToDouble() * (1 + Tolerance), "The mechanisms together need more rho than the plan's epsilon and delta are worth.");
            _spend.Require(_spec.Selection is null && _plan.Rounds.Count == 0, "rho says nothing of a selection.");
            return new(_plan.Epsilon.ToDouble(), needed, _spend.Findings);
        }

        if (_plan.Request.Rho is { } rho)
        {
            _spend.Require(composition.Rho() <= Rational.From(rho), "The mechanisms together need more rho than the plan claims.");
            var converted = Zcdp.Delta(rho.ToDouble(), _plan.Epsilon.ToDouble());
            _spend.Require(converted <= _plan.Delta.ToDouble() * (1 + Tolerance), "The plan's epsilon and delta are not what its rho converts to.");
            _spend.Require(_spec.Selection is null && _plan.Rounds.Count == 0, "rho says nothing of a selection.");
            return new(_plan.Epsilon.ToDouble(), converted, _spend.Findings);
        }

        if (composition.IsPure)
        {
            // Exact: no rounding in this comparison.
            var pure = composition.PureEpsilon(_norms!.Partitions);
            if (pure <= claimed)
            {
                var keys = Elementary.OneMinusPower(_selection?.NewChance ?? 0, (double)_norms.Partitions);
                keys += composition.ChoiceDelta;
                _spend.Require(keys <= _plan.Delta.ToDouble() * (1 + Tolerance), "The selection needs more delta than the plan claims.");
                return new(pure.ToDouble(), keys, _spend.Findings);
            }

            _spend.Require(_plan.Delta.Sign > 0, "The mechanisms together need more epsilon than the plan claims.");
        }

        var worst = WorstDelta(composition, claimed);
        _spend.Require(worst <= _plan.Delta.ToDouble() * (1 + Tolerance), "The mechanisms together need more epsilon or delta than the plan claims.");
        return new(_plan.Epsilon.ToDouble(), Math.Min(1, worst), _spend.Findings);
    }

    /// <summary>The largest, over the number k of partitions that are new to the unit, of the joint chance of noise and keys (dp-math.md 4.5); k = 0 alone without a threshold.</summary>
    private double WorstDelta(AuditComposition composition, Rational claimed)
    {
        if (composition.NeededVariance(claimed) is var needed)
        {
            _spend.Require(_spend.SmallestVariance * (1 + 1e-6) >= needed, "The grid of a Gaussian mechanism is too coarse to be accounted like a continuous one.");
        }

        var partitions = _norms!.Partitions;
        var one = Rational.From(1);
        var worst = composition.Delta(claimed, partitions, one);
        if (_plan.Rounds.Count > 0)
        {
            // Each round sees what the others left: noise and keys are both at full size.
            return _roundsChance + ((1 - _roundsChance) * worst);
        }

        if (_selection?.NewWeight is { } chance)
        {
            return WorstOfWeights(composition, claimed, chance, worst);
        }

        if (_selection is not { NewChance: > 0 } selection)
        {
            return worst;
        }

        var each = composition.IsClosedForm && partitions <= 1000;
        for (BigInteger first = 1; first <= partitions;)
        {
            // More new partitions mean more keys and less noise to pay for: a range is bounded by its worse end of each.
            var last = each ? first : BigInteger.Min(partitions, (2 * first) - 1);
            var keys = Elementary.OneMinusPower(selection.NewChance, (double)last);
            var noise = composition.Delta(claimed, partitions - first, one);
            worst = Math.Max(worst, keys + ((1 - keys) * noise));
            first = last + 1;
        }

        return worst;
    }

    /// <summary>
    /// Weights (dp-math.md 4.6): a unit in m of up to L0 partitions, t of them new, weighs 1/sqrt(m) in each; m - t are shared, with (m - t)/m of its squared weights. Ranges are bounded by the
    /// worse end of each number.
    /// </summary>
    private double WorstOfWeights(AuditComposition composition, Rational claimed, Func<long, double> chance, double worst)
    {
        var partitions = (long)_norms!.Partitions;
        var singles = composition.IsClosedForm;
        var little = _plan.Delta.ToDouble() / 1000;
        for (long first = 1, last; first <= partitions; first = last + 1)
        {
            last = singles && first <= 64 ? first : Math.Min(partitions, (2 * first) - 1);
            for (long t = 1, most; t <= last; t = most + 1)
            {
                var noise = composition.Delta(claimed, last - t, new Rational(last - t, last));
                most = noise <= little ? last : singles && last <= 64 ? t : Math.Min(last, (2 * t) - 1);
                for (long m = first, to; m <= last; m = to + 1)
                {
                    to = m <= 64 ? m : Math.Min(last, m + (m / 20));
                    var keys = t > to ? 0 : Elementary.OneMinusPower(chance(m), Math.Min(most, to));
                    worst = Math.Max(worst, keys + ((1 - keys) * noise));
                }
            }
        }

        return worst;
    }

    private void CheckNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { RequestCheck.SelectionName };
        foreach (var node in _spec.Nodes)
        {
            _spend.Require(names.Add(node.Output), "Two outputs have one name, or a reserved one; they would carry the same noise.");
            _spend.Require(node.Draws.Select(d => (d.SharedWith ?? node.Output, d.Part)).Distinct().Count() == node.Draws.Count, "Two draws of an output have one name.");
        }
    }

    private void CheckNode(NodeSpec node)
    {
        if (node.Form == NodeForm.Constant)
        {
            _spend.Require(node.Lower == node.Upper && node.Draws.Count == 0, "A public value is not the same for all data.");
            return;
        }

        if (node.Form == NodeForm.Scaled)
        {
            _spend.Require(node.Draws.Count == 1, "A count times a public value is not of one count.");
        }

        if (node.Form == NodeForm.Quantile)
        {
            _spend.Require(node.Draws.Count == 0 && node.Tree >= 0 && node.Tree < _spec.Trees.Count, "A quantile has no tree, or draws of its own.");
            return;
        }

        var paid = node.Draws.Where(d => d.SharedWith is null).ToList();
        foreach (var draw in node.Draws.Where(d => d.SharedWith is not null))
        {
            CheckShared(draw);
        }

        // What is rounded after summation has no joint norm: it is accounted alone.
        var together = node.Form == NodeForm.Moments ? paid.FindAll(d => d.Shift == 0) : [];
        var changes = together.Count > 0 ? JointChange.OfMoments(_spec, together, IsOneRow) : null;
        if (changes is not null)
        {
            changes.ToList().ForEach(SpendRows);
            together.ForEach(d => _spend.NoteVariance(d.Noise));
        }

        foreach (var draw in changes is null ? paid : paid.FindAll(d => d.Shift != 0))
        {
            if (draw.Terms.Count == 1 && draw.Terms[0].Accumulator >= 0 && _spec.Accumulators[draw.Terms[0].Accumulator] is { Kind: AccumulatorKind.Bin or AccumulatorKind.Coordinate } column)
            {
                var start = draw.Terms[0].Accumulator - column.Index;
                _columns.TryAdd(start, []);
                _columns[start].Add(draw);
            }
            else
            {
                CheckDraw(draw);
            }
        }
    }

    /// <summary>Histograms and vectors: all of their columns that are drawn, together.</summary>
    private void CheckColumns()
    {
        foreach (var draws in _columns.Values)
        {
            if (JointChange.OfColumns(_spec, draws) is { } change)
            {
                SpendRows(change);
                draws.ForEach(d => _spend.NoteVariance(d.Noise));
            }
            else
            {
                _spend.Findings.Add("The columns of a histogram or vector are drawn twice, or in different ways.");
            }
        }
    }

    private bool IsOneRow => _norms!.RowsPerPartition is { IsOne: true };

    private void SpendRows(JointChange change) => _spend.Spend(
        change.Noise,
        RowsL1() * change.L1 * (IsReplaced ? 2 : 1),
        _norms!.RowsL2Squared * change.L2Squared * (!IsReplaced ? 1 : change.IsOneSigned ? 2 : 4),
        false,
        RowsPerPartition() * change.L1);

    private void CheckShared(DrawSpec draw)
    {
        var source = _spec.Nodes.FirstOrDefault(n => n.Output == draw.SharedWith);
        var original = source?.Draws.FirstOrDefault(d => d.Part == draw.Part && d.SharedWith is null);
        if (original is null || original.Noise != draw.Noise || original.Shift != draw.Shift || original.Grid != draw.Grid || original.Terms.Count != draw.Terms.Count)
        {
            _spend.Findings.Add("A number that is said to be drawn elsewhere is not.");
            return;
        }

        // Rows and units are one number only where a unit has at most one row per partition.
        var oneRow = IsOneRow;
        for (var i = 0; i < draw.Terms.Count; i++)
        {
            var same = draw.Terms[i] == original.Terms[i]
                || (oneRow && draw.Terms[i].Coefficient == original.Terms[i].Coefficient && _spec.IsCount(draw.Terms[i]) && _spec.IsCount(original.Terms[i]));
            _spend.Require(same, "Two outputs that share a draw are not the same number.");
        }
    }

    /// <summary>One value is in one family of every level, and changes its measurements by one column of the level's code.</summary>
    private void CheckTree(TreeSpec tree)
    {
        _spend.Require(_spec.Trees.Count(t => t.Output == tree.Output) == 1, "Two trees have one name; they would carry the same noise.");
        _spend.Require(_spec.Nodes.Any(n => n.Output == tree.Output && n.Form == NodeForm.Quantile && n.Tree >= 0 && n.Tree < _spec.Trees.Count && ReferenceEquals(_spec.Trees[n.Tree], tree)), "A tree is named for an output that does not read it.");
        if (tree.Item < 0 || tree.Item >= _spec.Items.Count || _spec.Items[tree.Item] is not { Kind: ItemKind.Leaf } item || tree.Levels.Count == 0)
        {
            _spend.Findings.Add("A tree has no leaves.");
            return;
        }

        _spend.Require(tree.Branching >= 2 && BigInteger.Pow(tree.Branching, tree.Levels.Count) == item.Leaves, "A tree does not fit its leaves.");
        foreach (var level in tree.Levels)
        {
            _spend.Require(level.Coefficients.Count == 0 || level.Coefficients.Count == tree.Branching, "A level's code does not fit its families.");
            var l1 = level.Coefficients.Count == 0 ? BigInteger.One : level.Coefficients.Aggregate(BigInteger.Zero, (s, c) => s + BigInteger.Abs(c));
            var l2Squared = level.Coefficients.Count == 0 ? BigInteger.One : level.Coefficients.Aggregate(BigInteger.Zero, (s, c) => s + ((BigInteger)c * c));
            _spend.Spend(level.Noise, RowsL1() * l1 * (IsReplaced ? 2 : 1), Bounded(_norms!.RowsL2Squared) * l2Squared * (IsReplaced ? 4 : 1), false, RowsPerPartition() * l1);
        }
    }

    /// <summary>Distinct values that one unit may add to a partition.</summary>
    private BigInteger DistinctValues(Term term)
    {
        if (term.Item >= _spec.Items.Count || _spec.Items[term.Item] is not { Kind: ItemKind.Distinct, MaxValues: > 0 } item)
        {
            _spend.Findings.Add("A number of distinct values is not bounded.");
            return BigInteger.Zero;
        }

        return item.MaxValues;
    }

    private void CheckDraw(DrawSpec draw)
    {
        var (row, partition, isOneSigned) = Change(draw);
        if (row.Sign > 0 && partition.Sign > 0)
        {
            _spend.Findings.Add("A draw mixes sums of rows and sums of units.");
            return;
        }

        var ofRows = row.Sign > 0;
        var perPartition = ofRows ? RowsPerPartition() * row : partition;
        var l1 = ofRows ? RowsL1() * row : _norms!.Partitions * partition;
        var l2Squared = ofRows ? _norms!.RowsL2Squared * row * row : _norms!.Partitions * partition * partition;
        if (draw.Shift > 0)
        {
            _spend.Require(!ofRows || _norms.IsProduct, "A sum is rounded although only a joint bound limits it.");
            perPartition = -((-perPartition) >> draw.Shift);
            l1 = perPartition * _norms.Partitions;
            l2Squared = perPartition * perPartition * _norms.Partitions;
        }

        if (IsReplaced)
        {
            // The square of |x - y| is at most |x|² + |y|² when all changes have one sign, else twice that.
            l1 *= 2;
            l2Squared *= isOneSigned ? 2 : 4;
        }

        _spend.Spend(draw.Noise, l1, l2Squared, !ofRows, perPartition);
    }

    /// <summary>Largest change of a draw by one row, and by one unit's presence in a partition; whether all changes have one sign.</summary>
    private (BigInteger Row, BigInteger Partition, bool IsOneSigned) Change(DrawSpec draw)
    {
        BigInteger low = 0, high = 0, partition = 0;
        var (up, down) = (false, false);
        foreach (var term in draw.Terms)
        {
            if (term.Accumulator == -1)
            {
                partition += BigInteger.Abs(term.Coefficient);
                up |= term.Coefficient.Sign > 0;
                down |= term.Coefficient.Sign < 0;
                continue;
            }

            if (term.Accumulator < -1)
            {
                partition += BigInteger.Abs(term.Coefficient) * DistinctValues(term);
                up |= term.Coefficient.Sign > 0;
                down |= term.Coefficient.Sign < 0;
                continue;
            }

            var accumulator = _spec.Accumulators[term.Accumulator];
            _spend.Require(accumulator.Kind is AccumulatorKind.Count or AccumulatorKind.Sum or AccumulatorKind.PartitionSum, "A draw of squares, products, bins or coordinates is not accounted.");
            var a = accumulator.Kind == AccumulatorKind.Count ? term.Coefficient : term.Coefficient * accumulator.Lower;
            var b = accumulator.Kind == AccumulatorKind.Count ? term.Coefficient : term.Coefficient * accumulator.Upper;
            up |= a.Sign > 0 || b.Sign > 0;
            down |= a.Sign < 0 || b.Sign < 0;
            if (accumulator.Kind == AccumulatorKind.PartitionSum)
            {
                partition += BigInteger.Max(BigInteger.Abs(a), BigInteger.Abs(b));
            }
            else
            {
                low += BigInteger.Min(a, b);
                high += BigInteger.Max(a, b);
            }
        }

        return (BigInteger.Max(BigInteger.Abs(low), BigInteger.Abs(high)), partition, !(up && down));
    }

    private BigInteger RowsPerPartition() => Bounded(_norms!.RowsPerPartition ?? BigInteger.Zero);

    private BigInteger RowsL1() => Bounded(_norms!.RowsL1);

    private BigInteger Bounded(BigInteger rows)
    {
        _spend.Require(rows.Sign > 0, "Rows of one unit are not bounded, and a draw counts or adds rows.");
        return rows;
    }
}
