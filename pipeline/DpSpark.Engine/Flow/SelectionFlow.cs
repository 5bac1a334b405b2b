using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Flow;

/// <summary>A release whose partitions are selected in rounds: one pass over the rows for each round, with the keys shown so far left out, then one for the numbers of all keys shown.</summary>
/// <remarks>
/// Guarantee: the plan's. The keys of a round are released when the next one begins, so they may travel; nothing else of a round leaves its last step. Every pass is a function of the rows, the
/// run's key and the keys shown before, so that a run which is started again shows the same keys and draws the same numbers. Proof: docs/proofs/selection-rounds.md.
/// </remarks>
public static class SelectionFlow
{
    private const string Source = "shown by rounds of partition selection";

    /// <summary>Runs a plan; at once where it has no rounds.</summary>
    /// <param name="backend">Where it runs.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="source">The rows; read once per round, and once more.</param>
    /// <param name="key">Secret and release id.</param>
    /// <param name="mode">How much of the guarantee to apply.</param>
    /// <param name="progress">Told about stages. May be null.</param>
    /// <param name="shown">Told after each round its number and the keys that it showed. May be null.</param>
    /// <param name="cancellationToken">Stops the run within a second.</param>
    public static ReleaseResult Run(
        IBackend backend, ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress, Action<int, int>? shown, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Rounds.Count == 0)
        {
            return backend.Run(plan, source, key, mode, progress, cancellationToken);
        }

        var codec = new PartitionKeyCodec(plan.Spec.PartitionBy);
        var keys = new List<byte[]>();
        var logs = new List<RunLog>();
        for (var round = 1; round <= plan.Rounds.Count; round++)
        {
            var result = backend.Run(RoundOf(plan, round, keys), source, key, mode, progress, cancellationToken);
            using var table = result.Table;
            logs.Add(result.Log);
            keys.AddRange(result.Keys ?? throw Wrong("gives no keys"));
            keys.Sort((a, b) => codec.Compare(a, b));
            for (var i = 1; i < keys.Count; i++)
            {
                if (keys[i].AsSpan().SequenceEqual(keys[i - 1]))
                {
                    throw Wrong("shows a key that was shown before");
                }
            }

            shown?.Invoke(round, result.Keys.Count);
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (keys.Count == 0 || plan.Spec.Nodes.Count == 0)
        {
            return new ReleaseResult(ReleasedTable.Of(plan.Spec, keys, []), Together(logs)) { Keys = keys };
        }

        var last = backend.Run(WithKeys(plan, plan.Spec, keys), source, key, mode, progress, cancellationToken);
        return last with { Log = Together([.. logs, last.Log]) };
    }

    /// <summary>What a round runs.</summary>
    /// <param name="plan">The plan of the release.</param>
    /// <param name="round">The round, from 1.</param>
    /// <param name="keys">The keys shown before.</param>
    public static ReleasePlan RoundOf(ReleasePlan plan, int round, IReadOnlyList<byte[]> keys)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(keys);
        return plan.Rounds[round - 1] is { LeavesOutKeys: false } first ? plan with { Spec = first } : WithKeys(plan, plan.Rounds[round - 1], keys);
    }

    private static ReleasePlan WithKeys(ReleasePlan plan, StageSpec spec, IReadOnlyList<byte[]> keys) =>
        plan with { Spec = spec, Request = plan.Request with { Keyset = new PublicKeys([.. keys], Source) } };

    /// <summary>The first pass sees all rows and all partitions; bytes and times add up.</summary>
    private static RunLog Together(IReadOnlyList<RunLog> logs) => logs[0] with
    {
        BytesSpilled = logs.Sum(l => l.BytesSpilled),
        Timings = logs.SelectMany(l => l.Timings).GroupBy(t => t.Key).ToDictionary(g => g.Key, g => g.Aggregate(TimeSpan.Zero, (sum, t) => sum + t.Value)),
    };

    private static DpSparkException Wrong(string what) => new("DPS9007", ExitCodes.Bug, $"a round of partition selection {what}.", null, ["please report this with the plan (`dpspark plan`)"]);
}
