using DpSpark.Core;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;

namespace DpSpark.Cli.Output;

/// <summary>Turns exceptions into diagnostics.</summary>
internal static class Faults
{
    /// <summary>All faults that an exception carries.</summary>
    public static IReadOnlyList<Diagnostic> Of(DpSparkException exception, Func<DpSparkException, Diagnostic>? locate) => exception switch
    {
        ManifestException manifest => manifest.Diagnostics,
        SourceContractException contract => [.. contract.Faults.Select(f => Diagnostic.FromException(f))],
        _ => [locate is null ? Diagnostic.FromException(exception) : locate(exception)],
    };

    /// <summary>A defect of ours: what is needed to report it, without a word of what the exception says, which may come from the data.</summary>
    public static Diagnostic Defect(Exception exception)
    {
        var cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
        var places = new System.Diagnostics.StackTrace(cause, fNeedFileInfo: false).GetFrames()
            .Select(f => f.GetMethod()).Where(m => m?.DeclaringType?.FullName?.StartsWith("DpSpark", StringComparison.Ordinal) == true)
            .Take(3).Select(m => $"{m!.DeclaringType!.FullName}.{m.Name}");
        return new Diagnostic
        {
            Code = "DPS9001",
            Message = $"an unexpected fault inside dpspark: {cause.GetType().Name} in {string.Join(" < ", places)}.",
            Why = "This is a defect of dpspark. The reservation, if there is one, is kept.",
            Fixes = ["report it with this message and the plan (`dpspark plan`); neither holds data", "run again: the same release continues, with the same noise"],
        };
    }
}
