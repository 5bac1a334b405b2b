using System.Diagnostics;
using System.Text.Json;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Records;
using DpSpark.Jobs.Sinks;

namespace DpSpark.Jobs.Running;

/// <summary>What one attempt at a run carries from step to step.</summary>
internal sealed record Attempt(IRunObserver Observer, OutputFolder Output, string JobHash, DateTimeOffset Started, Stopwatch Clock)
{
    /// <summary>The run; its plan is complete once a first pass has found its bounds.</summary>
    public required RunRequest Request { get; set; }

    /// <summary>Whether a pass before the release itself has drawn its noise: how the run ends may then tell something of the data, so that its reservation stays spent.</summary>
    public bool HasDrawn { get; set; }

    /// <summary>The place of the release on the cluster; null where it is a folder of this machine.</summary>
    public IClusterOutput? Cluster { get; init; }

    /// <summary>Whether the folder may be replaced: it may where it is only the copy of what is on the cluster.</summary>
    public bool MayReplace => Request.Output.Replace || Cluster is not null;

    /// <summary>The scheduler's id, or one derived from the job alone: an id that followed from the data could not be published.</summary>
    public string RunId => Request.RunId ?? "run-" + JobHash[..12];

    /// <summary>The record of a result; hash, attempts, commitment and ledger are added where they are known.</summary>
    public RecordInput Record(string releaseId, ReleaseResult result, EngineInfo engine, DateTimeOffset finished) => new()
    {
        ReleaseId = releaseId,
        Plan = Request.Plan,
        JobHash = JobHash,
        JobFile = Request.JobFile,
        Vars = Request.Vars,
        RunDate = Request.RunDate,
        ToolVersion = Request.ToolVersion,
        Engine = engine,
        RunId = RunId,
        Attempts = 1,
        Started = Started,
        Finished = finished,
        Principal = Request.Principal,
        // A query may name what only its author may know: the record has its kind, the job's hash covers its text.
        Source = (Request.Source.Format.ToString().ToLowerInvariant(), Request.Source.Format == Manifest.FileKind.Sql ? [] : Request.Source.Paths),
        OutputUri = Request.Output.Uri,
        OutputFormat = Request.Output.Cluster?.Table is null ? Request.Output.Format.ToString().ToLowerInvariant() : "table",
        Rows = result.Table.Length,
        Quality = Request.Quality,
        Columns = result.Table.Schema,
        OutputSha256 = "",
    };

    /// <summary>The result of a release.</summary>
    public RunResult Result(RunOutcome outcome, CommittedRelease committed, ILedger ledger)
    {
        using var record = JsonDocument.Parse(committed.Record);
        return new RunResult
        {
            Outcome = outcome,
            ReleaseId = committed.ReleaseId,
            RunId = outcome == RunOutcome.Replayed ? committed.RunId : RunId,
            Epsilon = committed.Epsilon,
            Delta = committed.Delta,
            Rows = record.RootElement.GetProperty("output").GetProperty("rows").GetInt32(),
            OutputPath = Output.FullPath,
            ClusterOutput = Request.Output.Cluster?.Uri,
            RecordPath = Path.Combine(Output.FullPath, OutputFolder.RecordName),
            Entry = committed.Entry,
            Budget = ledger.Show(committed.Dataset),
            Elapsed = Clock.Elapsed,
        };
    }

    /// <summary>The result of a test.</summary>
    public RunResult Tested(string id, ReleaseResult result) => new()
    {
        Outcome = RunOutcome.Tested,
        ReleaseId = id,
        RunId = RunId,
        Epsilon = Request.Plan.Epsilon,
        Delta = Request.Plan.Delta,
        Rows = result.Table.Length,
        OutputPath = Output.FullPath,
        RecordPath = Path.Combine(Output.FullPath, OutputFolder.TestRecordName),
        Table = result.Table,
        Elapsed = Clock.Elapsed,
    };
}
