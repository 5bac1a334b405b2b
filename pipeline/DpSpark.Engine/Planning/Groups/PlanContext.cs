using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>What the groups of one attempt share: the request, the norms of one unit's contributions, the value columns with their grids, and the accumulators.</summary>
internal sealed class PlanContext
{
    private readonly List<AccumulatorSpec> _accumulators = [];
    private readonly Dictionary<object, ValueQuery> _values = [];
    private readonly List<(int Aggregate, ValueQuery Value)> _all = [];

    internal PlanContext(ReleaseRequest request, ContributionNorms norms)
    {
        Request = request;
        Norms = norms;
        Values = [.. request.Aggregates.Select((a, i) => ValueOf(i, a))];
    }

    internal ReleaseRequest Request { get; }

    internal ContributionNorms Norms { get; }

    /// <summary>Per aggregate, its values; null for counts and for aggregates over several columns. Aggregates over one column with the same bounds share one.</summary>
    internal IReadOnlyList<ValueQuery?> Values { get; }

    internal IReadOnlyList<AccumulatorSpec> Accumulators => _accumulators;

    /// <summary>Index of an accumulator; equal ones are kept once.</summary>
    internal int AccumulatorOf(AccumulatorSpec spec)
    {
        var at = _accumulators.IndexOf(spec);
        if (at < 0)
        {
            at = _accumulators.Count;
            _accumulators.Add(spec);
        }

        return at;
    }

    /// <summary>The item lists of the stage description.</summary>
    internal List<ItemSpec> Items { get; } = [];

    /// <summary>The trees of the stage description.</summary>
    internal List<TreeSpec> Trees { get; } = [];

    /// <summary>Index of an item list; equal ones are kept once.</summary>
    internal int ItemOf(ItemSpec spec)
    {
        if (!Items.Contains(spec))
        {
            Items.Add(spec);
        }

        return Items.IndexOf(spec);
    }

    /// <summary>Adds a tree.</summary>
    internal int AddTree(TreeSpec spec)
    {
        Trees.Add(spec);
        return Trees.Count - 1;
    }

    /// <summary>Forgets accumulators, item lists and trees: the draws are made once more.</summary>
    internal void ClearAccumulators()
    {
        _accumulators.Clear();
        Items.Clear();
        Trees.Clear();
    }

    /// <summary>Index of the accumulator that counts rows.</summary>
    internal int RowCount() => AccumulatorOf(new AccumulatorSpec { Kind = AccumulatorKind.Count });

    /// <summary>The number of units, or of rows, as an integer query.</summary>
    internal IntegerQuery CountQuery(bool ofUnits)
    {
        Term[] terms = [new(ofUnits ? -1 : RowCount(), BigInteger.One)];
        var perPartition = ofUnits ? BigInteger.One : Norms.RowsPerPartition!.Value;
        return new("count", terms, GridUnit.One, perPartition, L1(ofUnits), L2Squared(ofUnits, true), Norms.Partitions, false) { L1Factor = L1Factor, L2Factor = L2Factor(true) };
    }

    /// <summary>The sum of the units' weights as an integer query for Gaussian noise: its l2 norm is at most one weight of 2^20 for any number of partitions.</summary>
    internal IntegerQuery WeightQuery() => new(
        "select", [new(AccumulatorOf(new AccumulatorSpec { Kind = AccumulatorKind.Weight }), BigInteger.One)], GridUnit.One.ShiftedBy(-UnitWeight.Bits),
        UnitWeight.One, UnitWeight.One * Norms.Partitions, (BigInteger)UnitWeight.One * UnitWeight.One, Norms.Partitions, false);

    /// <summary>The same sum in a round of selection, which is a stage description of its own with one accumulator.</summary>
    internal IntegerQuery RoundQuery() => new(
        "round", [new(0, BigInteger.One)], GridUnit.One.ShiftedBy(-UnitWeight.Bits),
        UnitWeight.One, UnitWeight.One * Norms.Partitions, (BigInteger)UnitWeight.One * UnitWeight.One, Norms.Partitions, false);

    /// <summary>A linear combination of row sums of which one row changes <paramref name="change"/> units.</summary>
    /// <param name="part">Part of the metric bytes.</param>
    /// <param name="terms">The combination.</param>
    /// <param name="value">The column; decides whether rows or units' sums are bounded.</param>
    /// <param name="grid">Real value of one unit.</param>
    /// <param name="change">Largest change by one row (by one unit's sum in a partition), in units.</param>
    /// <param name="isOneSigned">Whether no row can change the number up and another one down.</param>
    internal IntegerQuery Scaled(string part, IReadOnlyList<Term> terms, ValueQuery value, GridUnit grid, BigInteger change, bool isOneSigned = false)
    {
        var l1 = ContributionsL1(value) * change;
        var l2Squared = ContributionsL2Squared(value, isOneSigned) * change * change;
        var perPartition = (value.PerPartition ? BigInteger.One : Norms.RowsPerPartition!.Value) * change;
        return new(part, terms, grid, perPartition, l1, l2Squared, Norms.Partitions, IsProduct(value)) { L1Factor = L1Factor, L2Factor = L2Factor(isOneSigned) };
    }

    /// <summary>Contributions of one unit in one partition.</summary>
    internal double PerPartition(ValueQuery value) => value.PerPartition ? 1 : (double)Norms.RowsPerPartition!.Value;

    internal bool IsProduct(ValueQuery value) => value.PerPartition || Norms.IsProduct;

    internal BigInteger ContributionsL1(ValueQuery value) => L1(value.PerPartition);

    internal BigInteger ContributionsL2Squared(ValueQuery value, bool isOneSigned = false) => L2Squared(value.PerPartition, isOneSigned);

    /// <summary>l1 norm of the change of a number of units (one per partition) or of rows, under the request's neighbouring relation.</summary>
    internal BigInteger L1(bool ofUnits) => L1Factor * (ofUnits ? Norms.Partitions : Norms.RowsL1);

    /// <summary>Squared l2 norm, likewise. For the vector of contributions x of a unit that is replaced by y, the square of |x - y| is at most 2 (|x|² + |y|²), and |x|² + |y|² where x y is not negative (dp-math.md 2.2).</summary>
    internal BigInteger L2Squared(bool ofUnits, bool isOneSigned) => L2Factor(isOneSigned) * (ofUnits ? Norms.Partitions : Norms.RowsL2Squared);

    private int L1Factor => IsReplaced ? 2 : 1;

    private bool IsReplaced => Request.Adjacency == NeighbouringRelation.ReplaceOne;

    private int L2Factor(bool isOneSigned) => !IsReplaced ? 1 : isOneSigned ? 2 : 4;

    /// <summary>floor(log2) of the noise's width in real units, for values of which one contribution changes <paramref name="change"/>.</summary>
    internal int NoiseLog2(ValueQuery value, Rational change, NoiseLevel level) => level.Kind == NoiseKind.DiscreteLaplace
        ? (Rational.From(ContributionsL1(value)) * change / level.Amount).FloorLog2()
        : (Rational.From(ContributionsL2Squared(value)) * change * change / level.Amount).FloorLog2() >> 1;

    /// <summary>Every value query with the aggregate that first asked for it.</summary>
    internal IReadOnlyList<(int Aggregate, ValueQuery Value)> AllValues => _all;

    /// <summary>Index of the first of several accumulators that belong together, in their order.</summary>
    internal int AppendAccumulators(IEnumerable<AccumulatorSpec> specs)
    {
        var first = _accumulators.Count;
        _accumulators.AddRange(specs);
        return first;
    }

    /// <summary>A linear combination of row sums of which one row changes at most <paramref name="change"/> units.</summary>
    internal IntegerQuery RowQuery(string part, IReadOnlyList<Term> terms, GridUnit grid, BigInteger change, bool isOneSigned) =>
        new(part, terms, grid, Norms.RowsPerPartition!.Value * change, L1(false) * change, L2Squared(false, isOneSigned) * change * change, Norms.Partitions, false) { L1Factor = L1Factor, L2Factor = L2Factor(isOneSigned) };

    /// <summary>One of several numbers that a row changes together by at most <paramref name="l1"/> in l1 norm and the root of <paramref name="l2Squared"/> in l2 norm.</summary>
    internal IntegerQuery JointQuery(string part, IReadOnlyList<Term> terms, GridUnit grid, BigInteger change, BigInteger l1, BigInteger l2Squared) =>
        new(part, terms, grid, Norms.RowsPerPartition!.Value * change, L1(false) * l1, L2Squared(false, false) * l2Squared, Norms.Partitions, false) { L1Factor = L1Factor, L2Factor = L2Factor(false) };

    /// <summary>The sum over rows of one + first w + second w' + product w w', w and w' being two columns' values less their lower bounds.</summary>
    internal IReadOnlyList<Term> Bilinear(ValueQuery first, ValueQuery second, BigInteger one, BigInteger ofFirst, BigInteger ofSecond, BigInteger product) => Sparse(
        new(RowCount(), one - (ofFirst * first.Grid.Lower) - (ofSecond * second.Grid.Lower)),
        new(AccumulatorOf(first.Accumulator()), ofFirst),
        new(AccumulatorOf(second.Accumulator()), ofSecond),
        new(
            AccumulatorOf(first.Accumulator() with
            {
                Kind = AccumulatorKind.Product,
                SecondColumn = second.Column,
                SecondGrid = second.Grid.Unit,
                SecondLower = (long)second.Grid.Lower,
                SecondUpper = (long)second.Grid.Upper,
            }),
            product));

    /// <summary>The terms that have a coefficient.</summary>
    internal static Term[] Sparse(params Term[] terms) => Array.FindAll(terms, t => !t.Coefficient.IsZero);

    /// <summary>Predicted variance of Laplace noise on a number that one row changes by 1.</summary>
    internal double LaplaceVariance(double epsilon) => 2 * Math.Pow((double)L1(false) / epsilon, 2);

    /// <summary>Predicted variance of Gaussian noise on a number that one row changes by 1.</summary>
    internal double GaussianVariance(double muSquared, bool isOneSigned) => (double)L2Squared(false, isOneSigned) / muSquared;

    /// <summary>The values of one column of a covariance.</summary>
    internal ValueQuery PairValue(int aggregate, int column) => Known(aggregate, Request.Aggregates[aggregate] with
    {
        Column = Request.Aggregates[aggregate].Columns![column],
        MinValue = Request.Aggregates[aggregate].MinValues![column],
        MaxValue = Request.Aggregates[aggregate].MaxValueList![column],
    });

    private ValueQuery? ValueOf(int index, AggregateRequest aggregate) =>
        aggregate.Column is null || (aggregate.MinValue is null && aggregate.MinSumPerPartition is null) ? null : Known(index, aggregate);

    private ValueQuery Known(int index, AggregateRequest aggregate)
    {
        var value = new ValueQuery(aggregate, Request.Columns.First(c => c.Name == aggregate.Column));
        if (_values.TryGetValue(value.Key, out var known))
        {
            return known;
        }

        _values[value.Key] = value;
        _all.Add((index, value));
        return value;
    }
}
