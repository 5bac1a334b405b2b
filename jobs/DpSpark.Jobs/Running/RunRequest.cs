using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Quality;
using DpSpark.Jobs.Sources;

namespace DpSpark.Jobs.Running;

/// <summary>Everything one run needs to know: the plan, where rows come from and go, who pays, and the limits of the machine.</summary>
public sealed record RunRequest
{
    /// <summary>The plan.</summary>
    public required ReleasePlan Plan { get; init; }

    /// <summary>The job as text in which only what matters leaves a trace; see product words "canonical job".</summary>
    public required string CanonicalJob { get; init; }

    /// <summary>Name of the manifest's file, without folders; null for a job made by code.</summary>
    public string? JobFile { get; init; }

    /// <summary>Variables that the job uses.</summary>
    public IReadOnlyDictionary<string, string> Vars { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Date of the run, if one was given.</summary>
    public DateOnly? RunDate { get; init; }

    /// <summary>Where rows come from.</summary>
    public required SourceLocation Source { get; init; }

    /// <summary>Where the release goes.</summary>
    public required OutputTarget Output { get; init; }

    /// <summary>When a released number is of low quality; null for no such column.</summary>
    public QualityRule? Quality { get; init; }

    /// <summary>Who pays; null for a test only.</summary>
    public LedgerTarget? Ledger { get; init; }

    /// <summary>Id chosen by a scheduler, or null.</summary>
    public string? RunId { get; init; }

    /// <summary>Who runs it.</summary>
    public required string Principal { get; init; }

    /// <summary>Version of the tool, for the record.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>A release, or which test.</summary>
    public RunMode Mode { get; init; }

    /// <summary>32 bytes that a seeded test draws from; null for a release, and where a test draws its own.</summary>
    public byte[]? TestKey { get; init; }

    /// <summary>Bytes the engine may hold.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Folder for temporary files; null for the system's.</summary>
    public string? TempFolder { get; init; }

    /// <summary>Full path of the file that true figures are written to; null for none.</summary>
    public string? RunLog { get; init; }
}

/// <summary>Where a release goes.</summary>
/// <param name="Path">Full path of the folder.</param>
/// <param name="Uri">The path as written, for the record.</param>
/// <param name="Format">Format of the files.</param>
/// <param name="Replace">Whether what the folder holds is replaced; otherwise it is refused.</param>
/// <param name="Cluster">Where the release appears on the cluster; the folder then holds its record and its files as proof and for repairs. Null where the folder is the place.</param>
public sealed record OutputTarget(string Path, string Uri, FileKind Format, bool Replace, ClusterTarget? Cluster = null);

/// <summary>Who pays for a release.</summary>
/// <param name="Dataset">Whose cap pays.</param>
/// <param name="Purpose">Purpose named by the job, or null. Another purpose is another release.</param>
/// <param name="Expires">How long an open reservation stands; null for the ledger's default.</param>
/// <param name="AllowLateData">Whether a changed input is released again.</param>
public sealed record LedgerTarget(string Dataset, string? Purpose = null, TimeSpan? Expires = null, bool AllowLateData = false);
