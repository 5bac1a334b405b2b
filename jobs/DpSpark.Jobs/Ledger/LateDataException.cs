using DpSpark.Core;

namespace DpSpark.Jobs.Ledger;

/// <summary>The same job was released before, from other input. Ends a run with exit code 3: a person decides.</summary>
public sealed class LateDataException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="earlier">The release there is.</param>
    public LateDataException(string jobName, HistoryEntry earlier)
        : base("DPS4003", ExitCodes.Budget,
            $"the input of job '{jobName}' has changed since its release {earlier.ReleaseId} (entry #{earlier.Number}, {earlier.State.Name()}). Nothing was run, nothing was spent.",
            $"Releasing it again spends epsilon {earlier.Epsilon}, delta {earlier.Delta} once more: the same people are in both inputs.",
            ["Put the input back as it was to replay that release at no cost.", "Say `on_late_data: release_again` in the job to spend again on purpose."]) =>
        Earlier = earlier;

    /// <summary>The release there is.</summary>
    public HistoryEntry Earlier { get; }
}
