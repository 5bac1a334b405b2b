using System.Text;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;

namespace DpSpark;

/// <summary>A job with every choice made: mechanisms, budget shares, expected errors.</summary>
public sealed class DpPlan
{
    internal DpPlan(JobManifest job, ReleasePlan plan) => (Job, Release) = (job, plan);

    /// <summary>The job.</summary>
    public JobManifest Job { get; }

    /// <summary>The plan in numbers.</summary>
    public ReleasePlan Release { get; }

    /// <summary>Warnings and hints, with their place in the manifest.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => PlanDiagnostics.Of(Job, Release);

    /// <summary>The plan as <c>dpspark plan</c> prints it, warnings last.</summary>
    public string ToText()
    {
        var text = new StringBuilder(PlanText.Write(Release));
        foreach (var diagnostic in Diagnostics)
        {
            text.Append(diagnostic).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The text of <see cref="ToText"/>.</summary>
    public override string ToString() => ToText();
}
