using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>What a run asks of the ledger before it decodes the first row.</summary>
public sealed record ReservationRequest
{
    /// <summary>Hash of canonical job, variables and run date, input fingerprint and mechanism version. The same key is the same release.</summary>
    public required string ReleaseKey { get; init; }

    /// <summary>Hash of everything in <see cref="ReleaseKey"/> but the input fingerprint and the mechanism version: tells late data from another job.</summary>
    public required string JobHash { get; init; }

    /// <summary>Name of the job.</summary>
    public required string JobName { get; init; }

    /// <summary>Fingerprint of the input. Stays in the ledger; published it would let anyone test a guess of the data.</summary>
    public required string InputFingerprint { get; init; }

    /// <summary>Whose cap pays.</summary>
    public required string Dataset { get; init; }

    /// <summary>What the release costs.</summary>
    public required ExactDecimal Epsilon { get; init; }

    /// <summary>What the release costs.</summary>
    public required ExactDecimal Delta { get; init; }

    /// <summary>Which datasets the release's guarantee compares. All charged releases of one dataset have the same: costs of different relations do not add up.</summary>
    public NeighbouringRelation Adjacency { get; init; } = NeighbouringRelation.AddOrRemoveOne;

    /// <summary>Who runs it.</summary>
    public required string Principal { get; init; }

    /// <summary>The scheduler's id of the run.</summary>
    public required string RunId { get; init; }

    /// <summary>Purpose named by the job, or null.</summary>
    public string? Purpose { get; init; }

    /// <summary>Run date, or null; becomes part of the release id.</summary>
    public DateOnly? RunDate { get; init; }

    /// <summary>How long the reservation stands when nobody works on it.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Whether the job says <c>on_late_data: release_again</c>.</summary>
    public bool AllowLateData { get; init; }
}
