using System.Diagnostics;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Spark;

/// <summary>The engine that runs a plan through Spark Connect and our worker on the executors. What comes back here is released rows, nothing else.</summary>
internal sealed class SparkBackend : IBackend
{
    private readonly ConnectSession _session;
    private readonly int _cores;
    private readonly int? _askedSlices;
    private readonly bool _addsUp;

    public SparkBackend(ConnectSession session, int cores, int? askedSlices, bool addsUp)
    {
        _session = session;
        _cores = cores;
        _askedSlices = askedSlices;
        _addsUp = addsUp;
    }

    public ReleaseResult Run(ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        if (source is not SparkSource rows)
        {
            throw new ArgumentException("Spark runs sources that Spark reads.", nameof(source));
        }

        var watch = Stopwatch.StartNew();
        var relation = Relation(plan, rows, key, mode, out var file);
        var released = plan.Spec.Profile is null ? new ReleasedRows(plan.Spec, plan.Spec is { TopK: null, PublicPartitions: true } ? plan.Request.Keyset?.Keys : null) : new ReleasedRows(plan.Spec.ForWhole(), [[]]);
        var options = new ExecuteOptions
        {
            Progress = p => progress?.Report(new StageProgress("spark", (int)Math.Min(p.CompletedTasks, int.MaxValue), (int)Math.Min(Math.Max(p.Tasks, 1), int.MaxValue))),
        };
        Blocking.Run(async () =>
        {
            if (file is not null)
            {
                await _session.AddArtifactsAsync([file], cancellationToken).ConfigureAwait(false);
            }

            await foreach (var batch in _session.CollectAsync(relation, options, cancellationToken).ConfigureAwait(false))
            {
                using (batch)
                {
                    released.Add(batch);
                }
            }
        });
        return new ReleaseResult(released.ToTable(), new RunLog { HasCounts = false, Timings = new Dictionary<string, TimeSpan> { ["spark"] = watch.Elapsed } }) { Keys = released.Keys };
    }

    /// <summary>The release as Spark is asked for it, and the file that has to be there first.</summary>
    internal SparkRelation Relation(ReleasePlan plan, SparkSource rows, RunKey key, RunMode mode, out SparkArtifact? file)
    {
        var keyset = KeysetOnSpark.Of(plan.Request.Keyset?.Keys, out file);
        return new SparkPlan(plan, rows, SparkSlices.For(_cores, rows.Bytes, _askedSlices), keyset, key, mode, _addsUp).Release();
    }
}
