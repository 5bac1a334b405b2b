#if DEBUG
using System.Globalization;
#endif
using DpSpark.Arrow;
using DpSpark.Core.Stages.Hosting;

namespace DpSpark.Worker.Udfs;

/// <summary>
/// A place in the middle of a task where a test can hold it, to end the process or its executor there. Compiled into Debug builds, which tests use, and into nothing that is published.
/// </summary>
/// <remarks>
/// In the folder that <c>DPSPARK_TASK_GATE</c> names, every task leaves <c>seen-STEP-…</c> after its first batch. A file <c>hold-STEP</c> there holds one task, which renames it to
/// <c>held-STEP-PID</c> and goes on when that file is deleted; a held task that Spark cancels leaves <c>cancelled-STEP-PID</c>.
/// </remarks>
internal static class TaskGate
{
#if DEBUG
    private static readonly string? s_folder = Environment.GetEnvironmentVariable("DPSPARK_TASK_GATE");
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
#endif

    /// <summary>Passes batches on, through the gate after the first.</summary>
    /// <param name="step">What the task does.</param>
    /// <param name="input">Its rows.</param>
    /// <param name="cancellationToken">Cancelled when the peer is gone.</param>
    public static IEnumerable<RecordBatch> Through(StageStep step, IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
#if DEBUG
    {
        var first = s_folder is not null;
        foreach (var batch in input)
        {
            if (first)
            {
                first = false;
                Pass(step.ToString().ToLowerInvariant(), cancellationToken);
            }

            yield return batch;
        }
    }

    private static void Pass(string step, CancellationToken cancellationToken)
    {
        var me = step + "-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(s_folder!, $"seen-{me}-{Guid.NewGuid():N}"), "");
        var held = Path.Combine(s_folder!, "held-" + me);
        try
        {
            File.Move(Path.Combine(s_folder!, "hold-" + step), held);
        }
        catch (FileNotFoundException)
        {
            return;
        }

        while (File.Exists(held) && !cancellationToken.WaitHandle.WaitOne(s_look))
        {
        }

        if (cancellationToken.IsCancellationRequested)
        {
            File.WriteAllText(Path.Combine(s_folder!, "cancelled-" + me), "");
        }
    }
#else
        => input;
#endif
}
