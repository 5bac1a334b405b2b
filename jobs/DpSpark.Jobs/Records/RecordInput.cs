using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Quality;
using DpSpark.Jobs.Running;

namespace DpSpark.Jobs.Records;

/// <summary>What the record of a release is made of. Nothing of it depends on the data but the released rows.</summary>
internal sealed record RecordInput
{
    /// <summary>Random id of the release, or <c>test</c>.</summary>
    public required string ReleaseId { get; init; }

    /// <summary>Word for a test's mode; null for a release.</summary>
    public string? TestMode { get; init; }

    /// <summary>The plan.</summary>
    public required ReleasePlan Plan { get; init; }

    /// <summary>Hash of the canonical job, lower-case hex.</summary>
    public required string JobHash { get; init; }

    /// <summary>Name of the manifest's file, without folders; null for a job made by code.</summary>
    public string? JobFile { get; init; }

    /// <summary>Variables that the job uses.</summary>
    public required IReadOnlyDictionary<string, string> Vars { get; init; }

    /// <summary>Date of the run, if one was given.</summary>
    public DateOnly? RunDate { get; init; }

    /// <summary>Version of the tool.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>The engine.</summary>
    public required EngineInfo Engine { get; init; }

    /// <summary>Id of the run, the scheduler's or our own.</summary>
    public required string RunId { get; init; }

    /// <summary>Attempts until the release was staged.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the run began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the release was staged.</summary>
    public required DateTimeOffset Finished { get; init; }

    /// <summary>Who ran it.</summary>
    public required string Principal { get; init; }

    /// <summary>SHA-256("commit" || secret), lower-case hex; null for a test.</summary>
    public string? SecretCommitment { get; init; }

    /// <summary>Source of the job: kind and paths as written.</summary>
    public required (string Format, IReadOnlyList<string> Paths) Source { get; init; }

    /// <summary>Output path as written.</summary>
    public required string OutputUri { get; init; }

    /// <summary>Format of the output in manifest words.</summary>
    public required string OutputFormat { get; init; }

    /// <summary>Released rows.</summary>
    public required int Rows { get; init; }

    /// <summary>The rule that made the quality columns, or null.</summary>
    public QualityRule? Quality { get; init; }

    /// <summary>Columns of the output.</summary>
    public required Schema Columns { get; init; }

    /// <summary>Hash of the data files, lower-case hex.</summary>
    public required string OutputSha256 { get; init; }

    /// <summary>The ledger's part; null for a test.</summary>
    public RecordLedger? Ledger { get; init; }

    /// <summary>Level of the confidence intervals, or null.</summary>
    public ExactDecimal? ConfidenceLevel => Plan.Request.ConfidenceLevel;
}

/// <summary>Where a release stands in the ledger.</summary>
/// <param name="Dataset">Dataset charged.</param>
/// <param name="Entry">Number of the release.</param>
/// <param name="PreviousHash">Chain hash before the reservation.</param>
/// <param name="Hash">Chain hash of the reservation.</param>
internal sealed record RecordLedger(string Dataset, long Entry, string PreviousHash, string Hash);
