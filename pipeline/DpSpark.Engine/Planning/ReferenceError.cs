using System.Runtime.CompilerServices;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>The predicted root mean square error of a column whose error depends on the data, at data made up for the purpose: values spread evenly over the bounds.</summary>
/// <param name="Output">The released column.</param>
/// <param name="Rows">Rows of the partition.</param>
/// <param name="Error">In the column's unit.</param>
/// <param name="RankError">In ranks; null for all but quantiles, minima and maxima.</param>
public sealed record ReferenceError(string Output, long Rows, double Error, double? RankError)
{
    /// <summary>Simulated releases behind the error of a quantile: it is known to 7 %, and a plan answers at once.</summary>
    private const int Simulations = 100;

    private static readonly ConditionalWeakTable<ReleasePlan, IReadOnlyList<ReferenceError>> s_known = [];

    /// <summary>The numbers of rows that plans show.</summary>
    public static IReadOnlyList<long> ShownRows { get; } = [100, 1_000, 10_000];

    /// <summary>The errors of a plan's means, variances, standard deviations, covariances, quantiles, minima and maxima, in output order; none while bounds are yet to be found.</summary>
    /// <param name="plan">The plan.</param>
    public static IReadOnlyList<ReferenceError> Of(ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return s_known.GetValue(plan, Compute);
    }

    private static IReadOnlyList<ReferenceError> Compute(ReleasePlan plan)
    {
        if (plan.Bounds is { Found: null })
        {
            return [];
        }

        var errors = new PlannedErrors(plan);
        var quantiles = new Dictionary<(string Output, long Rows), QuantileError>();
        var result = new List<ReferenceError>();
        foreach (var node in plan.Spec.Nodes.Where(n => !errors.IsConstant(n.Output)))
        {
            foreach (var rows in ShownRows)
            {
                if (node.Form != NodeForm.Quantile)
                {
                    result.Add(new ReferenceError(node.Output, rows, errors.RootMeanSquare(node.Output, Even(node, rows)), null));
                    continue;
                }

                if (!quantiles.ContainsKey((node.Output, rows)))
                {
                    foreach (var error in Simulate(plan, errors, node, rows))
                    {
                        quantiles[(error.Output, rows)] = error;
                    }
                }

                result.Add(new ReferenceError(node.Output, rows, quantiles[(node.Output, rows)].Value, quantiles[(node.Output, rows)].Rank));
            }
        }

        return result;
    }

    private static PartitionStatistics Even(NodeSpec node, long rows)
    {
        var (low, high) = (node.Grid.ToDouble(node.Lower), node.Grid.ToDouble(node.Upper));
        var (secondLow, secondHigh) = (node.SecondGrid.ToDouble(node.SecondLower), node.SecondGrid.ToDouble(node.SecondUpper));
        return new PartitionStatistics
        {
            Count = rows,
            Mean = (low + high) / 2,
            SecondMean = (secondLow + secondHigh) / 2,
            Variance = node.Aggregate == AggregateKind.Covariance ? 0 : Math.Pow(high - low, 2) / 12,
        };
    }

    private static IReadOnlyList<QuantileError> Simulate(ReleasePlan plan, PlannedErrors errors, NodeSpec node, long rows)
    {
        var item = plan.Spec.Items[plan.Spec.Trees[node.Tree].Item];
        var (low, high) = (item.Grid.ToDouble(item.Lower), item.Grid.ToDouble(item.Upper));
        var values = new double[rows];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = low + ((high - low) * (i + 0.5) / values.Length);
        }

        using var prediction = errors.Quantiles(node.Output);
        prediction.Take(values);
        return prediction.Predict(Simulations);
    }
}
