using DpSpark.Connect;

namespace DpSpark.Jobs.Spark;

/// <summary>Which Spark computes a release, and where its worker comes from.</summary>
public sealed record SparkSettings
{
    /// <summary>Connection string of a Spark Connect server: <c>sc://host:port/;key=value</c>.</summary>
    public required string Remote { get; init; }

    /// <summary>Bearer token where the string has none; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Settings of the session (<c>--conf</c>). Those that the release depends on win over them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the worker comes from; null to look beside the program.</summary>
    public WorkerPlacement? Worker { get; init; }

    /// <summary>When failed calls are tried again; null for what suits a server anywhere.</summary>
    internal RetryPolicy? Retry { get; init; }
}
