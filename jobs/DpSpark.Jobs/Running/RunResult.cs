using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;

namespace DpSpark.Jobs.Running;

/// <summary>How a run that did not fail ended.</summary>
public enum RunOutcome
{
    /// <summary>A new release.</summary>
    Released,

    /// <summary>The same release was there already; nothing was run and nothing spent.</summary>
    Replayed,

    /// <summary>A test; never a release.</summary>
    Tested,
}

/// <summary>What a run gives.</summary>
public sealed record RunResult
{
    /// <summary>How it ended.</summary>
    public required RunOutcome Outcome { get; init; }

    /// <summary>Id of the release; <c>test</c> for a test.</summary>
    public required string ReleaseId { get; init; }

    /// <summary>Id of the run.</summary>
    public required string RunId { get; init; }

    /// <summary>Epsilon of the release.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>Delta of the release.</summary>
    public required ExactDecimal Delta { get; init; }

    /// <summary>Released rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Full path of the output folder.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Table or address that the release appeared in, where only the cluster sees it; the folder then holds a copy. Otherwise null.</summary>
    public string? ClusterOutput { get; init; }

    /// <summary>Full path of the record.</summary>
    public required string RecordPath { get; init; }

    /// <summary>The released rows; null where the release was not computed by this run.</summary>
    public RecordBatch? Table { get; init; }

    /// <summary>Number of the release in the ledger; null for a test.</summary>
    public long? Entry { get; init; }

    /// <summary>The dataset after the run; null for a test.</summary>
    public DatasetBudget? Budget { get; init; }

    /// <summary>Wall time.</summary>
    public required TimeSpan Elapsed { get; init; }
}
