using System.Globalization;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>The columns that an aggregate releases: its name, or its name with a bin's number, a coordinate's column or a rank in percent.</summary>
public static class AggregateColumns
{
    /// <summary>The names, in output order.</summary>
    /// <param name="request">The aggregate.</param>
    public static IReadOnlyList<string> Of(AggregateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return NamesOf(request);
    }

    /// <summary>Column of one rank: <c>fare_p25</c> for 0.25, <c>fare_p99_9</c> for 0.999.</summary>
    /// <param name="output">Name of the aggregate.</param>
    /// <param name="rank">0 to 1.</param>
    public static string OfRank(string output, ExactDecimal rank) => output + "_p" + (rank * ExactDecimal.Parse("100")).ToString().Replace('.', '_');

    private static IReadOnlyList<string> NamesOf(AggregateRequest request) => request.Kind switch
    {
        AggregateKind.Histogram => [.. Enumerable.Range(0, Math.Max(0, (request.Edges?.Count ?? 0) - 1)).Select(i => string.Create(CultureInfo.InvariantCulture, $"{request.Output}_{i}"))],
        AggregateKind.VectorSum => [.. (request.Columns ?? []).Select(c => $"{request.Output}_{c}")],
        AggregateKind.Quantile => [.. (request.Ranks ?? []).Select(r => OfRank(request.Output, r))],
        _ => [request.Output],
    };
}
