using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Ledger;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sinks;
using DpSpark.Jobs.Sources;
using DpSpark.Jobs.Spark;

namespace DpSpark.Jobs.Running;

/// <summary>Runs a job that was read and planned, in this process or on Spark, with the ledger that it names.</summary>
public static class JobRunner
{
    private const long SmallestMemory = 64 << 20;

    /// <summary>Runs a job, or finds that it was released already.</summary>
    /// <param name="job">The job.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="settings">What the run adds.</param>
    /// <param name="observer">Is told what happens.</param>
    /// <param name="cancellationToken">Ends the run within two seconds.</param>
    /// <exception cref="DpSparkException">Every fault that has a code.</exception>
    public static RunResult Run(JobManifest job, ReleasePlan plan, RunSettings settings, IRunObserver observer, CancellationToken cancellationToken)
    {
        var request = RequestOf(job, plan, settings);
        if (settings.Spark is not { } spark)
        {
            return new ReleaseRunner(new LocalEngine(), () => OpenLedger(job, settings), settings.Time).Run(request, observer, cancellationToken);
        }

        using var engine = new SparkEngine(spark, observer);
        return new ReleaseRunner(engine, () => OpenLedger(job, settings), settings.Time).Run(request, observer, cancellationToken);
    }

    /// <summary>Full path of the ledger that a job pays from.</summary>
    /// <param name="job">The job.</param>
    /// <param name="file">The ledger file in place of the job's, or null.</param>
    /// <exception cref="DpSparkException">Neither names one (DPS2034).</exception>
    public static string LedgerPathOf(JobManifest job, string? file) => file ?? (job.Ledger?.File is { } own ? job.ResolvePath(own) : throw NoLedger());

    private static BudgetLedger OpenLedger(JobManifest job, RunSettings settings)
    {
        var ledger = BudgetLedger.Open(LedgerPathOf(job, settings.LedgerFile), LedgerOpenMode.OpenOrCreate, settings.Wait, settings.Time);
#if DEBUG
        ledger.Step = FailPoints.Hook;
#endif
        return ledger;
    }

    private static RunRequest RequestOf(JobManifest job, ReleasePlan plan, RunSettings settings)
    {
        var isRelease = settings.Mode == RunMode.Release;
        if (isRelease)
        {
            LedgerPathOf(job, settings.LedgerFile);
        }

        var cluster = settings.OutputPath is null ? ClusterOf(job) : null;
        var output = settings.OutputPath ?? (cluster is null ? job.ResolvePath(job.Output.Path) : CopyOf(job, cluster));
        return new RunRequest
        {
            Plan = plan,
            CanonicalJob = job.ToCanonicalText(),
            JobFile = job.File is null ? null : Path.GetFileName(job.File),
            Vars = job.Vars,
            RunDate = job.RunDate,
            Source = new SourceLocation(job.Source.Kind, job.Source.Paths, job.Folder, job.Source.Csv),
            Output = new OutputTarget(output, settings.OutputPath is null ? cluster?.Uri ?? job.Output.Path : Path.GetFileName(Path.TrimEndingDirectorySeparator(output)), job.Output.Format,
                job.Output.Mode == OutputMode.Replace || cluster is not null, isRelease ? cluster : null),
            Quality = job.Output.Quality,
            Ledger = !isRelease ? null : new LedgerTarget((job.Ledger ?? throw NoLedger()).Dataset, job.Ledger.Purpose, job.Ledger.Expires, job.OnLateData == LateDataPolicy.ReleaseAgain),
            RunId = settings.RunId,
            Principal = settings.Principal ?? Environment.UserName,
            ToolVersion = settings.ToolVersion,
            Mode = settings.Mode,
            TestKey = settings.TestKey,
            MemoryBytes = settings.MemoryBytes ?? Math.Max(SmallestMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2),
            Threads = settings.Threads ?? Environment.ProcessorCount,
            TempFolder = settings.TempFolder,
            RunLog = settings.RunLog,
        };
    }

    /// <summary>The place of a release that only a cluster sees; null for a folder of this machine.</summary>
    private static ClusterTarget? ClusterOf(JobManifest job)
    {
        var replace = job.Output.Mode == OutputMode.Replace;
        if (job.Output.Table is { } table)
        {
            return new ClusterTarget(table, null, replace);
        }

        if (!job.Output.Path.Contains("://", StringComparison.Ordinal))
        {
            return null;
        }

        return job.Output.Format == FileKind.Parquet
            ? new ClusterTarget(null, job.Output.Path, replace)
            : throw new DpSparkException("DPS2097", ExitCodes.Usage, $"output.path '{job.Output.Path}' is on the cluster, where releases are written as Parquet.", "Spark writes other formats in ways of its own.",
                ["say `format: parquet`", "write to a local folder and copy it"]);
    }

    /// <summary>Where record and files of a release stay that appears on the cluster: beside the manifest, one folder a place.</summary>
    private static string CopyOf(JobManifest job, ClusterTarget cluster)
    {
        var name = new string([.. cluster.Uri.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '=' ? c : '_')]).Trim('.', '_');
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(cluster.Uri)).AsSpan(0, 4));
        return job.ResolvePath(Path.Combine(job.Name + ".releases", $"{(name.Length > 100 ? name[^100..] : name)}-{hash}"));
    }

    private static DpSparkException NoLedger() => new("DPS2034", ExitCodes.Usage, "the job names no ledger, and a release without one is not made.",
        "What releases cost adds up; without a ledger nobody would know.",
        ["add `ledger: { file: ./ledger.db, dataset: NAME }` to the job", "give the file with --ledger FILE (the job still names the dataset)", "use --test-mode for a run that is no release"]);
}
