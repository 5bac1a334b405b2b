using System.Globalization;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>The columns that an aggregate releases: its name, or its name with a bin's number or a coordinate's column.</summary>
internal static class AggregateColumns
{
    /// <summary>The names, in output order.</summary>
    internal static IReadOnlyList<string> Of(AggregateRequest request) => request.Kind switch
    {
        AggregateKind.Histogram => [.. Enumerable.Range(0, Math.Max(0, (request.Edges?.Count ?? 0) - 1)).Select(i => string.Create(CultureInfo.InvariantCulture, $"{request.Output}_{i}"))],
        AggregateKind.VectorSum => [.. (request.Columns ?? []).Select(c => $"{request.Output}_{c}")],
        _ => [request.Output],
    };
}
