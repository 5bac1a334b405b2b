using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>A predicted root mean square error, and how far a released quantile is from its rank.</summary>
/// <param name="Deviation">In the column's unit.</param>
/// <param name="Rank">In ranks; null for all but quantiles, minima and maxima.</param>
/// <param name="RankError">Ranks that a released number is off.</param>
internal readonly record struct Predicted(double Deviation, double? Rank, Func<double, double>? RankError);

/// <summary>The predicted errors of all columns of a plan in one partition after the other: from the plan and the partition's statistics, never from what was released.</summary>
internal sealed class Prediction(ReleasePlan plan, ExactStatistics statistics)
{
    /// <summary>Simulations per partition and release: together as many as make their own error a small part of that of the measurement.</summary>
    private const int Simulations = 16;

    private readonly PlannedErrors _errors = new(plan);
    private readonly Dictionary<(string Output, PartitionStatistics At), double> _known = [];
    private readonly Dictionary<int, QuantilePrediction> _trees = [];
    private readonly Dictionary<string, Predicted> _quantiles = new(StringComparer.Ordinal);

    /// <summary>Reads the quantiles of a partition.</summary>
    /// <param name="number">The partition's row of the second job's table.</param>
    public void Enter(Func<string, double> number)
    {
        foreach (var node in plan.Spec.Nodes.Where(n => n.Form == NodeForm.Quantile).DistinctBy(n => n.Tree))
        {
            if (!_trees.TryGetValue(node.Tree, out var tree))
            {
                _trees[node.Tree] = tree = _errors.Quantiles(node.Output);
            }

            tree.Take(statistics.Values(plan.Request.Aggregates[node.AggregateIndex], number));
            foreach (var error in tree.Predict(Simulations))
            {
                _quantiles[error.Output] = new Predicted(error.Value, error.Rank, released => tree.RankError(error.Output, released));
            }
        }
    }

    /// <summary>The prediction of a column in the partition that was entered.</summary>
    /// <param name="node">The column.</param>
    /// <param name="number">The partition's row of the second job's table; not looked at where the error is that of the plan alone.</param>
    public Predicted Of(NodeSpec node, Func<string, double>? number)
    {
        if (node.Form == NodeForm.Quantile)
        {
            return _quantiles[node.Output];
        }

        var at = _errors.IsConstant(node.Output) ? new PartitionStatistics { Count = 0 } : statistics.Moments(plan.Request.Aggregates[node.AggregateIndex], number!);
        if (!_known.TryGetValue((node.Output, at), out var deviation))
        {
            _known[(node.Output, at)] = deviation = _errors.RootMeanSquare(node.Output, at);
        }

        return new Predicted(deviation, null, null);
    }
}
