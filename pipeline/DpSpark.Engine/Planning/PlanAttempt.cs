using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>One way to plan a request: a noise family per item and a selection rule, with budgets divided and every parameter computed. The planner makes a few and keeps the best.</summary>
internal sealed class PlanAttempt
{
    private readonly ReleaseRequest _request;
    private readonly ContributionNorms _norms;
    private readonly List<AccumulatorSpec> _accumulators = [];
    private readonly Dictionary<PlanItem, Rational> _muSquared = [];
    private readonly Dictionary<int, double> _scores = [];
    private int _gridBits = GaussianPool.LeastGridBits;

    private PlanAttempt(ReleaseRequest request, ContributionNorms norms, List<PlanItem> items)
    {
        _request = request;
        _norms = norms;
        Items = items;
        Values = [.. request.Aggregates.Select(a => a.Column is null || a.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount
            ? null
            : new ValueQuery(a, request.Columns.First(c => c.Name == a.Column)))];
    }

    internal List<PlanItem> Items { get; }

    /// <summary>Per aggregate, its values; null for counts.</summary>
    internal IReadOnlyList<ValueQuery?> Values { get; }

    internal List<PlanFault> Faults { get; } = [];

    internal IReadOnlyList<AccumulatorSpec> Accumulators => _accumulators;

    /// <summary>Per aggregate, its node; in output order.</summary>
    internal List<NodeSpec> Nodes { get; } = [];

    /// <summary>Per aggregate, its draws with their sensitivities; empty for constants.</summary>
    internal Dictionary<int, IReadOnlyList<PlannedDraw>> Draws { get; } = [];

    internal SelectionRule? Selection { get; private set; }

    /// <summary>Predicted error of all outputs: the sum of the logarithms of their standard deviations. Comparable between attempts at one request.</summary>
    internal double Score { get; private set; }

    internal ContributionNorms Norms => _norms;

    /// <summary>Logarithm of one aggregate's predicted standard deviation.</summary>
    internal double ScoreOf(int aggregate) => _scores[aggregate];

    /// <summary>mu² of an item with Gaussian noise, exact.</summary>
    internal Rational MuSquared(PlanItem item) => _muSquared[item];

    internal static PlanAttempt Make(ReleaseRequest request, ContributionNorms norms, List<PlanItem> items, SelectionStrategy? strategy)
    {
        var attempt = new PlanAttempt(request, norms, items);
        attempt.Faults.AddRange(BudgetSplit.Divide(items, Rational.From(request.Epsilon), Rational.From(request.Delta)));
        if (attempt.Faults.Count == 0)
        {
            attempt.ComposeGaussians();
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

    private static int FloorHalf(int log2OfSquare) => log2OfSquare >> 1;

    private void ComposeGaussians()
    {
        // Items with a budget of their own are calibrated alone; the others share one mu, divided by weight (noise ∝ 1/weight, as with Laplace).
        var pool = Items.Where(i => i.IsGaussian && i.IsPooled).ToList();
        if (pool.Count > 0)
        {
            var epsilon = pool.Aggregate(Rational.Zero, (sum, i) => sum + i.Epsilon);
            var delta = pool.Aggregate(Rational.Zero, (sum, i) => sum + (i.Delta - i.SelectionDelta));
            var mu = GaussianPool.MuSquared(epsilon, delta);
            var squares = pool.Aggregate(Rational.Zero, (sum, i) => sum + (i.Weight * i.Weight));
            foreach (var item in pool)
            {
                _muSquared[item] = mu * item.Weight * item.Weight / squares;
            }
        }

        foreach (var item in Items.Where(i => i.IsGaussian && !i.IsPooled))
        {
            _muSquared[item] = GaussianPool.MuSquared(item.Epsilon, item.Delta - item.SelectionDelta);
        }

        if (_muSquared.Count > 0)
        {
            // The audit composes all Gaussians of the plan, pooled or not, into one mu: its grid must be fine enough for that, too.
            var all = _muSquared.Values.Aggregate(Rational.Zero, (sum, m) => sum + m).ToDouble();
            _gridBits = GaussianPool.GridBits(all, _muSquared.Keys.Aggregate(Rational.Zero, (sum, i) => sum + i.Epsilon).ToDouble());
            foreach (var (item, mu) in _muSquared)
            {
                _gridBits = Math.Max(_gridBits, GaussianPool.GridBits(mu.ToDouble(), item.Epsilon.ToDouble()));
            }
        }
    }

    private void SettleGrids()
    {
        var exponents = new Dictionary<object, int>();
        foreach (var item in Items)
        {
            foreach (var index in item.Aggregates)
            {
                if (Values[index] is { IsExact: false } value)
                {
                    var exponent = value.ExponentFor(NoiseLog2(item, value), item.Kind == NoiseKind.DiscreteLaplace || IsProduct(value));
                    exponents[value.Key] = exponents.TryGetValue(value.Key, out var other) ? Math.Min(other, exponent) : exponent;
                }
            }
        }

        for (var i = 0; i < Values.Count; i++)
        {
            if (Values[i] is not { } value)
            {
                continue;
            }

            if (value is { IsExact: false })
            {
                value.Settle(exponents.TryGetValue(value.Key, out var exponent) ? exponent : value.PublicExponent);
            }

            if (!value.Grid.Fits)
            {
                Faults.Add(new(
                    "DPS2510", $"aggregates[{i}]", $"The bounds exceed 2^62 units of the column's grid ({Describe(value.Grid.Unit)}); exact sums would not fit.",
                    ["Use tighter bounds.", "Declare the column as double or as a decimal with a smaller scale."]));
            }
            else if (!value.IsPublic && value.IsMean && value.Grid.Width.IsZero)
            {
                Faults.Add(new("DPS2510", $"aggregates[{i}]", "The bounds are too close together for their magnitude: on the grid they coincide.", ["Subtract a constant in the source and use bounds around zero."]));
            }
        }
    }

    private static string Describe(GridUnit unit) => unit.DecimalScale > 0 ? $"10^-{unit.DecimalScale}" : unit.BinaryExponent == 0 ? "1" : $"2^{unit.BinaryExponent}";

    private bool IsProduct(ValueQuery value) => value.PerPartition || _norms.IsProduct;

    private BigInteger ContributionsL1(ValueQuery value) => value.PerPartition ? _norms.Partitions : _norms.RowsL1;

    private BigInteger ContributionsL2Squared(ValueQuery value) => value.PerPartition ? _norms.Partitions : _norms.RowsL2Squared;

    private BigInteger ContributionsPerPartition(ValueQuery value) => value.PerPartition ? BigInteger.One : _norms.RowsPerPartition!.Value;

    private int NoiseLog2(PlanItem item, ValueQuery value)
    {
        var change = value.RealChange;
        if (item.Kind == NoiseKind.DiscreteLaplace)
        {
            return (Rational.From(ContributionsL1(value)) * change / item.Epsilon).FloorLog2();
        }

        return FloorHalf((Rational.From(ContributionsL2Squared(value)) * change * change / _muSquared[item]).FloorLog2());
    }

    private void BuildNodes()
    {
        var nodes = new NodeSpec?[_request.Aggregates.Count];
        foreach (var item in Items)
        {
            for (var i = 0; i < item.Aggregates.Count; i++)
            {
                var index = item.Aggregates[i];
                var request = _request.Aggregates[index];
                if (i > 0)
                {
                    // The same number once more: drawn once, under the first name.
                    Draws[index] = [Again(Draws[item.Aggregates[0]][0], item, request)];
                }
                else
                {
                    Draws[index] = request.Kind switch
                    {
                        AggregateKind.Count => [Draw(CountQuery(false), item, One)],
                        AggregateKind.PrivacyIdCount => [Draw(CountQuery(true), item, One)],
                        AggregateKind.Sum => [Draw(SumQuery(Values[index]!), item, One)],
                        AggregateKind.Mean => MeanDraws(Values[index]!, item),
                        _ => throw new InvalidOperationException("An aggregate has no plan."),
                    };
                }

                nodes[index] = Node(request, Values[index], [.. Draws[index].Select(d => d.Spec)]);
                _scores[index] = ScoreOf(request, Values[index], Draws[index]);
                Score += _scores[index];
            }
        }

        foreach (var (index, draws) in Draws)
        {
            if (draws.Any(d => IsTooWide(d.Spec.Noise)))
            {
                Faults.Add(new(
                    "DPS2518", $"aggregates[{index}]", "The noise would be wider than 2^100 units of the sum's grid, which exact sampling does not cover.",
                    ["Raise epsilon or this aggregate's share.", "Tighten the bounds."]));
            }
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            Nodes.Add(nodes[i] ?? Constant(_request.Aggregates[i], Values[i]!));
        }
    }

    /// <summary>A draw under another name. Where a unit has one row per partition, rows and units are one number; without bounding (test modes) they are two, so each keeps its own terms.</summary>
    private PlannedDraw Again(PlannedDraw first, PlanItem item, AggregateRequest request)
    {
        var terms = request.Kind switch
        {
            AggregateKind.Count => first.Spec.Terms.Select(t => t with { Accumulator = RowCount() }),
            AggregateKind.PrivacyIdCount => first.Spec.Terms.Select(t => t with { Accumulator = -1 }),
            _ => first.Spec.Terms,
        };
        return first with { Spec = first.Spec with { Terms = [.. terms], SharedWith = _request.Aggregates[item.Aggregates[0]].Output } };
    }

    private static Rational One => Rational.From(BigInteger.One);

    private static NodeSpec Node(AggregateRequest request, ValueQuery? value, IReadOnlyList<DrawSpec> draws)
    {
        var node = new NodeSpec
        {
            Output = request.Output,
            Aggregate = request.Kind,
            Form = request.Kind != AggregateKind.Mean ? NodeForm.Direct : draws[0].Part == "bin0" ? NodeForm.TwoBinMean : NodeForm.NormalizedMean,
            Draws = draws,
            IsInteger = request.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount || (request.Kind == AggregateKind.Sum && value!.IsWhole),
        };
        return request.Kind == AggregateKind.Mean ? node with { Grid = value!.Grid.Unit, Lower = (long)value.Grid.Lower, Upper = (long)value.Grid.Upper } : node;
    }

    private static NodeSpec Constant(AggregateRequest request, ValueQuery value) => new()
    {
        Output = request.Output,
        Aggregate = request.Kind,
        Form = NodeForm.Constant,
        Draws = [],
        Grid = value.Grid.Unit,
        Lower = (long)value.Grid.Lower,
        Upper = (long)value.Grid.Upper,
        IsInteger = request.Kind == AggregateKind.Sum && value.IsWhole,
    };

    private static double ScoreOf(AggregateRequest request, ValueQuery? value, IReadOnlyList<PlannedDraw> draws)
    {
        if (request.Kind != AggregateKind.Mean)
        {
            return Math.Log(draws[0].Spec.StandardDeviation);
        }

        // Delta method with the prior (mean - mid)² = width² / 12 (dp-math.md 3.4). Two bins: ns = (S1 - S0)/2, count = (S0 + S1)/U.
        var width = value!.RealChange.ToDouble();
        var (a, b) = (draws[0].Spec.StandardDeviation, draws[1].Spec.StandardDeviation);
        var (ns, count) = draws[0].Spec.Part == "bin0" ? (((a * a) + (b * b)) / 4, ((a * a) + (b * b)) / (width * width)) : (a * a, b * b);
        return Math.Log(ns + (width * width / 12 * count)) / 2;
    }

    private int AccumulatorOf(AccumulatorSpec spec)
    {
        var at = _accumulators.IndexOf(spec);
        if (at < 0)
        {
            at = _accumulators.Count;
            _accumulators.Add(spec);
        }

        return at;
    }

    private int RowCount() => AccumulatorOf(new AccumulatorSpec { Kind = AccumulatorKind.Count });

    private IntegerQuery CountQuery(bool ofUnits) => ofUnits
        ? new("count", [new(-1, BigInteger.One)], GridUnit.One, BigInteger.One, _norms.Partitions, _norms.Partitions, _norms.Partitions, false)
        : new("count", [new(RowCount(), BigInteger.One)], GridUnit.One, _norms.RowsPerPartition!.Value, _norms.RowsL1, _norms.RowsL2Squared, _norms.Partitions, false);

    private IntegerQuery SumQuery(ValueQuery value) => Scaled("sum", [new(AccumulatorOf(value.Accumulator()), BigInteger.One)], value, value.Grid.Unit, value.Grid.Magnitude);

    private IntegerQuery Scaled(string part, IReadOnlyList<Term> terms, ValueQuery value, GridUnit grid, BigInteger change) => new(
        part, terms, grid, ContributionsPerPartition(value) * change, ContributionsL1(value) * change, ContributionsL2Squared(value) * change * change, _norms.Partitions, IsProduct(value));

    private static Term[] Sparse(params Term[] terms) => Array.FindAll(terms, t => !t.Coefficient.IsZero);

    private PlannedDraw Draw(IntegerQuery query, PlanItem item, Rational part) => item.Kind == NoiseKind.DiscreteLaplace
        ? DrawBuilder.Laplace(query, item.Epsilon * part)
        : DrawBuilder.Gaussian(query, _muSquared[item] * part, _gridBits);

    private IReadOnlyList<PlannedDraw> MeanDraws(ValueQuery value, PlanItem item)
    {
        var sum = AccumulatorOf(value.Accumulator());
        var count = RowCount();
        var grid = value.Grid;
        if (item.Kind == NoiseKind.DiscreteLaplace)
        {
            // A row moves the pair by exactly the width, so one mechanism at the full epsilon pays for both bins (dp-math.md 3.4).
            var low = Scaled("bin0", Sparse(new(count, grid.Upper), new(sum, BigInteger.MinusOne)), value, grid.Unit, grid.Width);
            var high = Scaled("bin1", Sparse(new(sum, BigInteger.One), new(count, -grid.Lower)), value, grid.Unit, grid.Width);
            return [DrawBuilder.Laplace(low, item.Epsilon), DrawBuilder.Laplace(high, item.Epsilon)];
        }

        // In half units the centred value 2k - (Lo + Hi) is an integer within ±width. Division of mu² by dp-math.md 5.10 with costs 1 and width²/12: as
        // l2 of the sum is width/2 times that of the count, the shares are as 1/2 to 1/sqrt(12), that is sqrt(3) : 1 in sum.
        var centred = Scaled("ns", Sparse(new(sum, 2), new(count, -(grid.Lower + grid.Upper))), value, grid.Unit.ShiftedBy(-1), grid.Width);
        var rows = CountQuery(false);
        return [Draw(centred, item, s_centredShare), Draw(rows, item, One - s_centredShare)];
    }

    /// <summary>sqrt(3) / (1 + sqrt(3)), to four digits; any share is private, this one is the most accurate.</summary>
    private static readonly Rational s_centredShare = new(6340, 10000);

    private void BuildSelection(SelectionStrategy? strategy)
    {
        if (strategy is not { } rule || Items.Find(i => i.Selects) is not { } item)
        {
            return;
        }

        var shared = item.Aggregates.Count > 0 ? Draws[item.Aggregates[0]][0].Spec : null;
        var draw = rule == SelectionStrategy.TruncatedGeometric ? null : shared ?? Draw(CountQuery(true), item, One).Spec;
        Selection = SelectionRule.Make(
            rule, item.Epsilon, item.SelectionDelta, (long)_norms.Partitions, _request.Selection!.PreThreshold, draw, shared is null ? null : _request.Aggregates[item.Aggregates[0]].Output);
        if (Selection is null)
        {
            Faults.Add(new("DPS2517", "partition_selection", "The share of epsilon or delta is too small for private partition selection.", ["Raise delta or the selection's share.", "Lower max_partitions_contributed.", "Use strategy: gaussian_threshold, which suits many partitions per unit."]));
        }
    }
}
