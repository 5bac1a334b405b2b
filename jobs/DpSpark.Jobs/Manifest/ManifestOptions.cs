using DpSpark.Jobs.Manifest.Keysets;

namespace DpSpark.Jobs.Manifest;

/// <summary>What the command line or a program adds to a manifest.</summary>
public sealed record ManifestOptions
{
    /// <summary>Variables of <c>--var</c>; they win over those of the manifest.</summary>
    public IReadOnlyDictionary<string, string> Vars { get; init; } = new Dictionary<string, string>();

    /// <summary>Date of <c>--run-date</c>; a manifest that uses <c>${run_date}</c> needs it, there is no default so that a release never depends on the clock.</summary>
    public DateOnly? RunDate { get; init; }

    /// <summary>Reads keyset files; null where none can be read.</summary>
    public IKeysetFileReader? KeysetFiles { get; init; }

    /// <summary>Whether a missing <c>ledger</c> is a fault.</summary>
    public bool RequireLedger { get; init; }

    /// <summary>Folder that relative paths start from; null for the manifest's own, or the working directory for a text.</summary>
    public string? Folder { get; init; }

    /// <summary>Most keys that a keyset may have.</summary>
    public long MaxKeys { get; init; } = 10_000_000;
}
