namespace DpSpark.Core.Stages;

/// <summary>Binary search in edges.</summary>
internal static class SortedSearch
{
    /// <summary>Number of edges that are at most a value.</summary>
    /// <param name="edges">Edges in ascending order.</param>
    /// <param name="value">The value.</param>
    public static int CountAtMost<T>(ReadOnlySpan<T> edges, T value)
        where T : IComparable<T>
    {
        var (low, high) = (0, edges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (edges[middle].CompareTo(value) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
