using System.Globalization;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Running;

namespace DpSpark.Cli.Output;

/// <summary>Prints the steps of a run: one line each, and a bar per stage of the engine on a terminal.</summary>
internal sealed class StepPrinter(Reporter reporter, TimeProvider time, bool bars) : IRunObserver
{
    private const int BarWidth = 28;
    private readonly Lock _gate = new();
    private string? _stage;
    private int _shown;

    /// <inheritdoc/>
    public void Step(string step, string text)
    {
        lock (_gate)
        {
            EndBar();
            reporter.Line($"[{Clock()}] {step,-9} {text}".TrimEnd(), Verbosity.Normal);
        }
    }

    /// <inheritdoc/>
    public void Progress(StageProgress progress)
    {
        if (reporter.Verbosity < Verbosity.Normal)
        {
            return;
        }

        lock (_gate)
        {
            var isNew = _stage != progress.Stage;
            if (!bars)
            {
                // One line per stage, when it is done.
                if (progress.Done >= progress.Total && (isNew || _shown != progress.Total))
                {
                    (_stage, _shown) = (progress.Stage, progress.Total);
                    reporter.Line($"[{Clock()}] {progress.Stage,-9} done", Verbosity.Normal);
                }

                return;
            }

            if (isNew)
            {
                EndBar();
            }

            var filled = progress.Total <= 0 ? BarWidth : (int)((long)BarWidth * Math.Min(progress.Done, progress.Total) / progress.Total);
            // Threads report in any order; a bar only grows.
            if (isNew || filled > _shown)
            {
                (_stage, _shown) = (progress.Stage, filled);
                reporter.Text.Write(string.Create(CultureInfo.InvariantCulture,
                    $"\r[{Clock()}] {progress.Stage,-9} {new string('#', filled)}{new string('.', BarWidth - filled)} {progress.Done}/{progress.Total}"));
            }
        }
    }

    private void EndBar()
    {
        if (bars && _stage is not null)
        {
            reporter.Text.WriteLine();
        }

        _stage = null;
    }

    private string Clock() => time.GetUtcNow().UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
