using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>What came of reading a manifest.</summary>
/// <param name="Job">The job; null when there are errors.</param>
/// <param name="Diagnostics">All faults and warnings, by their place in the text.</param>
public sealed record ManifestResult(JobManifest? Job, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>The job, or an exception with all faults.</summary>
    /// <exception cref="ManifestException">There are errors.</exception>
    public JobManifest EnsureJob() => Job ?? throw new ManifestException(Diagnostics);
}

/// <summary>The manifest is wrong (exit 2). Carries every fault, not only the first.</summary>
public sealed class ManifestException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="diagnostics">The faults; the first error gives code and message.</param>
    public ManifestException(IReadOnlyList<Diagnostic> diagnostics)
        : base(First(diagnostics).Code, ExitCodes.Usage, string.Join("\n", diagnostics), First(diagnostics).Why, First(diagnostics).Fixes) => Diagnostics = diagnostics;

    /// <summary>All faults and warnings.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    private static Diagnostic First(IReadOnlyList<Diagnostic> diagnostics) => diagnostics.First(d => d.Severity == DiagnosticSeverity.Error);
}
