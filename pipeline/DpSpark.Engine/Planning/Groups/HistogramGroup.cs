using System.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>Counts of a column's values in public bins: a row moves one bin by one, whatever the number of bins, so l1 and l2 are those of a count (dp-math.md 3.10).</summary>
internal sealed class HistogramGroup : NumberGroup
{
    private readonly AggregateRequest _request;

    internal HistogramGroup(PlanContext context, AggregateRequest request)
        : base(context) => _request = request;

    /// <inheritdoc/>
    internal override IReadOnlyList<PlannedDraw> Draws(NoiseLevel level)
    {
        var column = Context.Request.Columns.First(c => c.Name == _request.Column);
        var edges = _request.Edges!.Select(e => OrderedWord.OfEdge(column, e)).ToList();
        var first = Context.AppendAccumulators(Enumerable.Range(0, edges.Count - 1).Select(i => new AccumulatorSpec
        {
            Kind = AccumulatorKind.Bin,
            Column = column.Name,
            Lower = edges[i],
            Upper = edges[i + 1],
            Index = i,
        }));
        return [.. Enumerable.Range(0, edges.Count - 1).Select(i =>
            Draw(Context.RowQuery("bin", [new(first + i, BigInteger.One)], GridUnit.One, BigInteger.One, true), level, One))];
    }

    /// <inheritdoc/>
    internal override bool IsWhole => true;

    /// <inheritdoc/>
    internal override double Variance(NoiseKind kind, double amount) =>
        kind == NoiseKind.DiscreteLaplace ? Context.LaplaceVariance(amount) : Context.GaussianVariance(amount, true);

    /// <inheritdoc/>
    internal override double Reference(AggregateRequest request) => (double)Context.Norms.RowsPerPartition!.Value;
}
