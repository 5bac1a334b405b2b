using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>What must be right about histograms, vector sums and covariances.</summary>
internal static class ShapedAggregateCheck
{
    /// <summary>More bins or coordinates than this are refused: each one is a column of the output.</summary>
    internal const int MostColumns = 4096;

    internal static void Check(ReleaseRequest request, AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        foreach (var column in RequestCheck.ValueColumns(aggregate).DefaultIfEmpty(string.Empty))
        {
            RequestCheck.CheckColumn(request, column, path, faults);
        }

        switch (aggregate.Kind)
        {
            case AggregateKind.Histogram:
                CheckEdges(aggregate, path, faults);
                break;
            case AggregateKind.VectorSum:
                CheckVector(aggregate, path, faults);
                break;
            default:
                CheckPair(aggregate, path, faults);
                break;
        }
    }

    private static void CheckEdges(AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        var edges = aggregate.Edges ?? [];
        if (edges.Count < 2 || edges.Count > MostColumns + 1)
        {
            faults.Add(new("DPS2530", path + ".edges", $"A histogram has {Math.Max(0, edges.Count - 1)} bins; between 1 and {MostColumns} are possible.", ["Name the edges, or a width with min_value and max_value."]));
        }

        for (var i = 1; i < edges.Count; i++)
        {
            if (edges[i] <= edges[i - 1])
            {
                faults.Add(new("DPS2530", path + ".edges", "The edges of a histogram do not rise.", ["Sort them and leave out what is there twice."]));
                return;
            }
        }
    }

    private static void CheckVector(AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        var columns = aggregate.Columns ?? [];
        if (columns.Count is 0 or > MostColumns || columns.Distinct(StringComparer.Ordinal).Count() != columns.Count)
        {
            faults.Add(new("DPS2531", path + ".vector_sum", "The columns of a vector sum are missing, too many, or one is named twice.", [$"Name between 1 and {MostColumns} different columns."]));
        }

        if (aggregate.Norm is null || aggregate.MaxNorm is not { Sign: > 0 })
        {
            faults.Add(new("DPS2531", path + ".max_norm", "A vector sum needs a norm and a bound of it above 0; without them one row could change the result without limit.", ["Set norm: l1, l2 or linf, and max_norm."]));
        }
    }

    private static void CheckPair(AggregateRequest aggregate, string path, List<PlanFault> faults)
    {
        if (aggregate.Columns is not { Count: 2 } columns || columns[0] == columns[1])
        {
            faults.Add(new("DPS2531", path + ".covariance", "A covariance is of two different columns.", ["Name two columns.", "For one column use variance."]));
            return;
        }

        if (aggregate.MinValues is not { Count: 2 } low || aggregate.MaxValueList is not { Count: 2 } high)
        {
            faults.Add(new("DPS2509", path, "The bounds of the values are missing; without them one row could change the result without limit.", ["Set min_values and max_values, two each, from what you know of the values, not from the data."]));
        }
        else if (low[0] > high[0] || low[1] > high[1])
        {
            faults.Add(new("DPS2509", path + ".min_values", "A lower bound is above its upper bound.", ["Exchange them."]));
        }
    }
}
