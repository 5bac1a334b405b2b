using DpSpark.Engine.Flow;
using DpSpark.Jobs.Spark;

namespace DpSpark.Jobs.Running;

/// <summary>What a run adds to a job: limits of the machine, ids, and places that win over those of the job.</summary>
public sealed record RunSettings
{
    /// <summary>A release, or which test.</summary>
    public RunMode Mode { get; init; }

    /// <summary>32 bytes for a seeded test; null for a release, and where a test draws its own.</summary>
    public byte[]? TestKey { get; init; }

    /// <summary>Bytes the engine may hold; null for half of the machine's memory.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The Spark that computes; null for this process.</summary>
    public SparkSettings? Spark { get; init; }

    /// <summary>Threads; null for all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>Folder for temporary files; null for the system's.</summary>
    public string? TempFolder { get; init; }

    /// <summary>Full path of the file that true figures are written to; null for none.</summary>
    public string? RunLog { get; init; }

    /// <summary>Full path of the ledger file, in place of the job's; null for the job's.</summary>
    public string? LedgerFile { get; init; }

    /// <summary>How long to wait for a lock, and for another run of the same release.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Id chosen by a scheduler, or null.</summary>
    public string? RunId { get; init; }

    /// <summary>Full path of the output folder, in place of the job's; null for the job's.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Who runs it; null for the user of the process.</summary>
    public string? Principal { get; init; }

    /// <summary>Version of the tool, for the record.</summary>
    public string ToolVersion { get; init; } = typeof(RunSettings).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
