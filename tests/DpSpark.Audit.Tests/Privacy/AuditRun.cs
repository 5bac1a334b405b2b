using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Testing.Statistics;
using Xunit.Abstractions;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>Releases both neighbours many times, each with a secret of its own, and reads off what that proves about epsilon.</summary>
/// <remarks>
/// 10^4 releases of each input; ten times as many where DPSPARK_LONG is 1. The gate has one fixed seed; the long run draws one and prints it.
/// False alarms: <see cref="EmpiricalEpsilon.FalseAlarm"/> for each correct release. Power: at least 1 - 1e-6 for each wrong one, checked by moving both counts 4.9 standard
/// deviations to the bad side.
/// </remarks>
internal static class AuditRun
{
    internal static bool IsLong { get; } = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1";

    internal static int Releases { get; } = IsLong ? 100_000 : 10_000;

    /// <summary>The half that bounds are counted on; the other one chooses the event.</summary>
    internal static int Counted => Releases / 2;

    internal static string Seed { get; } = IsLong ? Guid.NewGuid().ToString("N") : "gate";

    internal static void CheckAll(Neighbours neighbours, ITestOutputHelper output)
    {
        output.WriteLine($"seed {Seed}, {Releases} releases of each input");
        var plan = Planner.Plan(neighbours.Request);
        var recomputed = PlanAudit.Recompute(plan);
        Assert.True(recomputed.Holds, string.Join(' ', recomputed.Findings));
        var claim = neighbours.Request.Epsilon.ToDouble();
        var without = Collect(neighbours, plan, false, "correct");
        var correct = EmpiricalEpsilon.Measure(without, Collect(neighbours, plan, true, "correct"), neighbours.Request.Delta.ToDouble());
        output.WriteLine($"{neighbours.Name}: {correct}; at least {neighbours.Tight:F3} is asked");
        Assert.True(correct.Lower <= claim, $"{neighbours.Name} breaks its claim of epsilon {claim}: {correct}");
        Assert.True(correct.Lower >= neighbours.Tight, $"{neighbours.Name}: the audit sees too little: {correct}");
        foreach (var wrong in neighbours.Doubles)
        {
            var broken = plan with { Spec = wrong.Change(plan.Spec) };
            var found = EmpiricalEpsilon.Measure(
                wrong.OnlyUnit ? without : Collect(neighbours, broken, false, wrong.Name), Collect(neighbours, broken, true, wrong.Name), neighbours.Request.Delta.ToDouble());
            output.WriteLine($"{neighbours.Name}, {wrong.Name}: {found}, with power {found.LowerWithPower:F3}");
            Assert.True(found.LowerWithPower > claim, $"{neighbours.Name}: the audit does not notice '{wrong.Name}': {found}");
        }
    }

    internal static double[][] Collect(Neighbours neighbours, ReleasePlan plan, bool withUnit, string name, Func<RecordBatch, int, string, long, double>? read = null, RunMode mode = RunMode.Release)
    {
        var source = AuditJob.Source([.. neighbours.Others, .. withUnit ? neighbours.Unit : neighbours.Instead]);
        plan = neighbours.Pass(plan);
        var tables = AuditJob.Tables(plan);
        var rows = new double[Releases][];
        for (var i = 0; i < rows.Length; i++)
        {
            var table = AuditJob.Release(plan, source, AuditJob.Key($"{Seed} {neighbours.Name} {name} {withUnit}", i), mode);
            var release = i;
            rows[i] = neighbours.Statistics((output, key) => read is null ? neighbours.IsFirstRow ? AuditJob.ValueAt(table, output, 0) : AuditJob.ValueOf(table, output, key) : read(table, release, output, key));
        }

        GC.KeepAlive(tables);
        return rows;
    }
}
