using DpSpark.Engine.Planning;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Jobs.Diagnostics;

/// <summary>What the planner says about a job, with the place in its manifest.</summary>
public static class PlanDiagnostics
{
    /// <summary>The warnings of a plan.</summary>
    /// <param name="job">The job.</param>
    /// <param name="plan">Its plan.</param>
    public static IReadOnlyList<Diagnostic> Of(JobManifest job, ReleasePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return [.. plan.Diagnostics.Select(d => At(job, d.Path, d.Code, d.Message, d.Fixes, DiagnosticSeverity.Warning))];
    }

    /// <summary>The faults that kept a job from being planned.</summary>
    /// <param name="job">The job.</param>
    /// <param name="exception">The planner's exception.</param>
    public static IReadOnlyList<Diagnostic> Of(JobManifest job, PlanningException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return [.. exception.Faults.Select(f => At(job, f.Path, f.Code, f.Message, f.Fixes, DiagnosticSeverity.Error))];
    }

    private static Diagnostic At(JobManifest job, string path, string code, string message, IReadOnlyList<string> fixes, DiagnosticSeverity severity)
    {
        ArgumentNullException.ThrowIfNull(job);
        var place = job.Locate(path);
        return new Diagnostic { Code = code, Severity = severity, File = job.File, Line = place.Line, Column = place.Column, Path = path, Message = message, Fixes = fixes };
    }
}
