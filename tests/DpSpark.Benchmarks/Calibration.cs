using System.Diagnostics;
using DpSpark.Core.Accounting.Loss;

namespace DpSpark.Benchmarks;

/// <summary>How long the loss accountant takes to calibrate a plan of 100 mechanisms, ten of them distinct.</summary>
internal static class Calibration
{
    private const int Runs = 6;

    /// <summary>Calibrates some times; the first time warms up.</summary>
    public static void Run(TextWriter output)
    {
        for (var run = 0; run < Runs; run++)
        {
            var evaluations = 0;
            using var process = Process.GetCurrentProcess();
            var before = process.UserProcessorTime;
            var clock = Stopwatch.StartNew();
            var factor = LossCalibration.SmallestFactor(
                c =>
                {
                    evaluations++;
                    return [.. Enumerable.Range(0, 100).Select(i => new MechanismUse(Kind(i % 10, c), 1))];
                },
                1,
                1e-6);
            process.Refresh();
            output.WriteLine(FormattableString.Invariant(
                $"{(run == 0 ? "first" : "again")}: factor {factor:G9}, {evaluations} evaluations, {clock.Elapsed.TotalMilliseconds:F0} ms, processor {(process.UserProcessorTime - before).TotalMilliseconds:F0} ms"));
        }
    }

    private static PrivacyMechanism Kind(int i, double c) =>
        i % 2 == 0 ? new LaplaceMechanism(c * (1 + (0.37 * i)), 1 + (i % 3)) : new GaussianMechanism(c * (3 + i), 1 + (i % 2));
}
