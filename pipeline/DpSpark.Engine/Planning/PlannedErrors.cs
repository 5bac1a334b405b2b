using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Engine.Planning;

/// <summary>The root mean square error that a plan predicts of its released numbers against the same numbers of the bounded rows without noise, from the plan and from statistics that are given.</summary>
/// <remarks>
/// Counts, sums, histograms, distinct counts and vectors: the standard deviation of their noise, with the rounding of whole numbers, whatever the data. Means, variances, standard deviations and covariances: the expected square of
/// what is really released, cut-offs included, by numerical integration over the planned draws (no derivatives, no chance; within 1 %). Quantiles, minima and maxima: the mean square over simulated
/// noise of the plan's law on a tree with the given values (a seed of its own, never a release's noise), in the column's units and in ranks.
/// <c>post: [non_negative]</c> is left out: it can only bring a number that is not negative nearer.
/// Thread safe. Source: docs/accuracy.md.
/// </remarks>
public sealed class PlannedErrors
{
    private readonly ReleasePlan _plan;
    private readonly Dictionary<string, NodeSpec> _nodes;
    private readonly Dictionary<string, MomentsError> _moments = new(StringComparer.Ordinal);

    /// <summary>Prepares the predictions of a plan.</summary>
    /// <param name="plan">The plan.</param>
    public PlannedErrors(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _plan = plan;
        _nodes = plan.Spec.Nodes.ToDictionary(n => n.Output, StringComparer.Ordinal);
        foreach (var node in plan.Spec.Nodes.Where(n => n.Form == NodeForm.Moments))
        {
            _moments[node.Output] = new MomentsError(node);
        }
    }

    /// <summary>Whether a column's error depends on nothing but the plan.</summary>
    /// <param name="output">A released column.</param>
    /// <exception cref="ArgumentException">The plan releases no such column.</exception>
    public bool IsConstant(string output) => NodeOf(output) is { Form: not NodeForm.Quantile } node && !IsRatio(node);

    /// <summary>The predicted root mean square error of a column other than a quantile, minimum or maximum.</summary>
    /// <param name="output">A released column.</param>
    /// <param name="at">What is in the partition; not looked at where <see cref="IsConstant"/>, needed elsewhere.</param>
    /// <returns>In the column's unit.</returns>
    /// <exception cref="ArgumentException">The plan releases no such column, or it is a quantile, minimum or maximum, or its statistics are missing.</exception>
    public double RootMeanSquare(string output, PartitionStatistics? at = null)
    {
        var node = NodeOf(output);
        switch (node.Form)
        {
            case NodeForm.Constant:
                return 0;
            case NodeForm.Direct:
                return node.IsInteger ? RoundedNoise.Deviation(node.Draws[0]) : node.Draws[0].StandardDeviation;
            case NodeForm.Scaled:
                return Math.Abs(node.Grid.ToDouble(node.Lower)) * node.Draws[0].StandardDeviation;
            case NodeForm.Quantile:
                throw new ArgumentException($"{output} is read off a tree: ask for its quantiles.", nameof(output));
        }

        if (!IsRatio(node))
        {
            // Linear in the draws: the integral is exact at any statistics. A whole number is rounded afterwards.
            return Math.Sqrt(_moments[output].MeanSquare(0, 0, 0, 0, false) + (node.IsInteger ? RoundedNoise.Variance : 0));
        }

        if (at is null)
        {
            throw new ArgumentException($"The error of {output} depends on what is in the partition.", nameof(at));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(at.Count, nameof(at));
        return Math.Sqrt(_moments[output].MeanSquare(at.Count, at.Mean, at.SecondMean, at.Variance, node.Aggregate == AggregateKind.Covariance));
    }

    /// <summary>Predictions for the quantiles, the minimum and the maximum of one column's values.</summary>
    /// <param name="output">One of the columns that are read off the tree.</param>
    /// <param name="seed">Of the simulated noise.</param>
    /// <returns>To be disposed of by the caller.</returns>
    /// <exception cref="ArgumentException">The column is none of these.</exception>
    public QuantilePrediction Quantiles(string output, int seed = 0) => NodeOf(output) is { Form: NodeForm.Quantile } node
        ? new QuantilePrediction(_plan.Spec, new TreeSimulation(_plan.Spec, node.Tree, seed))
        : throw new ArgumentException($"{output} is not read off a tree.", nameof(output));

    private static bool IsRatio(NodeSpec node) =>
        node.Form == NodeForm.Moments && node.Aggregate is AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev or AggregateKind.Covariance;

    private NodeSpec NodeOf(string output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return _nodes.TryGetValue(output, out var node) ? node : throw new ArgumentException($"The plan releases no column {output}.", nameof(output));
    }
}
