using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>What the groups of one attempt share: the request, the norms of one unit's contributions, the value columns with their grids, and the accumulators.</summary>
internal sealed class PlanContext
{
    private readonly List<AccumulatorSpec> _accumulators = [];
    private readonly Dictionary<object, ValueQuery> _values = [];

    internal PlanContext(ReleaseRequest request, ContributionNorms norms)
    {
        Request = request;
        Norms = norms;
        Values = [.. request.Aggregates.Select(ValueOf)];
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

    /// <summary>Index of the accumulator that counts rows.</summary>
    internal int RowCount() => AccumulatorOf(new AccumulatorSpec { Kind = AccumulatorKind.Count });

    /// <summary>The number of units, or of rows, as an integer query.</summary>
    internal IntegerQuery CountQuery(bool ofUnits) => ofUnits
        ? new("count", [new(-1, BigInteger.One)], GridUnit.One, BigInteger.One, Norms.Partitions, Norms.Partitions, Norms.Partitions, false)
        : new("count", [new(RowCount(), BigInteger.One)], GridUnit.One, Norms.RowsPerPartition!.Value, Norms.RowsL1, Norms.RowsL2Squared, Norms.Partitions, false);

    /// <summary>A linear combination of row sums of which one row changes <paramref name="change"/> units.</summary>
    internal IntegerQuery Scaled(string part, IReadOnlyList<Term> terms, ValueQuery value, GridUnit grid, BigInteger change)
    {
        var l1 = ContributionsL1(value) * change;
        var l2Squared = ContributionsL2Squared(value) * change * change;
        var perPartition = (value.PerPartition ? BigInteger.One : Norms.RowsPerPartition!.Value) * change;
        return new(part, terms, grid, perPartition, l1, l2Squared, Norms.Partitions, IsProduct(value));
    }

    internal bool IsProduct(ValueQuery value) => value.PerPartition || Norms.IsProduct;

    internal BigInteger ContributionsL1(ValueQuery value) => value.PerPartition ? Norms.Partitions : Norms.RowsL1;

    internal BigInteger ContributionsL2Squared(ValueQuery value) => value.PerPartition ? Norms.Partitions : Norms.RowsL2Squared;

    /// <summary>floor(log2) of the noise's width in real units, for values of which one contribution changes <paramref name="change"/>.</summary>
    internal int NoiseLog2(ValueQuery value, Rational change, NoiseLevel level) => level.Kind == NoiseKind.DiscreteLaplace
        ? (Rational.From(ContributionsL1(value)) * change / level.Amount).FloorLog2()
        : (Rational.From(ContributionsL2Squared(value)) * change * change / level.Amount).FloorLog2() >> 1;

    private ValueQuery? ValueOf(AggregateRequest aggregate)
    {
        if (aggregate.Column is null || aggregate.MinValue is null && aggregate.MinSumPerPartition is null)
        {
            return null;
        }

        var value = new ValueQuery(aggregate, Request.Columns.First(c => c.Name == aggregate.Column));
        if (_values.TryGetValue(value.Key, out var known))
        {
            return known;
        }

        _values[value.Key] = value;
        return value;
    }
}
