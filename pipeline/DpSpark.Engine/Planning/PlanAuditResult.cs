namespace DpSpark.Engine.Planning;

/// <summary>What an audit of a plan found.</summary>
/// <param name="Epsilon">Epsilon at which the mechanisms were checked: the exact sum of the pure ones, or the plan's where Gaussian noise trades epsilon for delta. Infinite when it cannot be told.</param>
/// <param name="Delta">Upper bound of the delta at that epsilon.</param>
/// <param name="Findings">What contradicts the plan's claim; empty when it holds.</param>
public sealed record PlanAuditResult(double Epsilon, double Delta, IReadOnlyList<string> Findings)
{
    /// <summary>Whether the plan keeps what it claims.</summary>
    public bool Holds => Findings.Count == 0;
}
