using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Items;
using DpSpark.Core.Stages.Spilling;
using DpSpark.Engine.Flow;

namespace DpSpark.Engine.Local;

/// <summary>Merges the threads' accumulators by partition, runs the release step on each, and builds the released table in key order.</summary>
internal sealed class MergeAndRelease
{
    private readonly StageSpec _spec;
    private readonly IReadOnlyList<byte[]>? _publicKeys;
    private readonly ReleaseKeys _keys;
    private readonly bool _noisy;
    private readonly int _threads;
    private readonly KeyShape _shape;
    private const int KeysAtOnce = 512;
    private readonly long _tableLimit;
    private readonly IProgress<StageProgress>? _progress;
    private long _partitionsWithData;

    public MergeAndRelease(StageSpec spec, IReadOnlyList<byte[]>? publicKeys, ReleaseKeys keys, bool noisy, int threads, KeyShape shape, long tableLimit, IProgress<StageProgress>? progress)
    {
        _spec = spec;
        _publicKeys = publicKeys;
        _keys = keys;
        _noisy = noisy;
        _threads = threads;
        _shape = shape;
        _tableLimit = tableLimit;
        _progress = progress;
    }

    /// <summary>Partitions with data, before selection: private, for the run log only.</summary>
    public long PartitionsWithData => _partitionsWithData;

    /// <summary>Canonical bytes of the released partitions, in row order.</summary>
    public IReadOnlyList<byte[]> Keys { get; private set; } = [];

    public RecordBatch Run(AccumulatorSpill[] spills, CancellationToken cancellationToken)
    {
        var (keys, numbers) = _publicKeys is null ? ReleaseSelected(spills, cancellationToken) : ReleasePublic(spills, _publicKeys, cancellationToken);
        Keys = keys;
        return ReleasedTable.Of(_spec, keys, numbers);
    }

    private (IReadOnlyList<byte[]> Keys, ReleasedNumber[] Numbers) ReleaseSelected(AccumulatorSpill[] spills, CancellationToken cancellationToken)
    {
        var nodes = _spec.Nodes.Count;
        var shown = new List<(byte[] Key, ReleasedNumber[] Numbers)>[_threads];
        var next = -1;
        var done = 0;
        Workers.Run(_threads, (thread, token) =>
        {
            var stage = new ReleaseStage(_keys, _noisy);
            var table = new AccumulatorTable(_spec, _shape);
            var merge = new BucketMerge(spills, table, _tableLimit);
            var mine = shown[thread] = [];
            var numbers = new ReleasedNumber[nodes];
            var scratch = new byte[16];
            int bucket;
            while ((bucket = Interlocked.Increment(ref next)) < BucketWriter.Buckets)
            {
                token.ThrowIfCancellationRequested();
                merge.Run(bucket, () => ReleaseShown(stage, table, mine, numbers, scratch, token), token);
                _progress?.Report(new StageProgress("noise", Interlocked.Increment(ref done), BucketWriter.Buckets));
            }
        }, cancellationToken);
        var codec = new PartitionKeyCodec(_spec.PartitionBy);
        var all = new List<(byte[] Key, ReleasedNumber[] Numbers)>();
        foreach (var part in shown)
        {
            all.AddRange(part ?? []);
        }

        all.Sort((a, b) => codec.Compare(a.Key, b.Key));
        var flat = new ReleasedNumber[checked(all.Count * nodes)];
        var keys = new byte[all.Count][];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = all[i].Key;
            all[i].Numbers.CopyTo(flat, i * nodes);
        }

        return (keys, flat);
    }

    private void ReleaseShown(ReleaseStage stage, AccumulatorTable table, List<(byte[] Key, ReleasedNumber[] Numbers)> shown, ReleasedNumber[] numbers, byte[] scratch, CancellationToken token)
    {
        var word = ProjectStage.PartitionKey(_spec);
        Interlocked.Add(ref _partitionsWithData, table.Count);
        for (var entry = 0; entry < table.Count; entry++)
        {
            var key = _shape == KeyShape.Word ? word.Bytes(table.Word(entry), scratch) : table.Stored!.Key(entry);
            if (stage.TryRelease(key, table.Units(entry), table.Values(entry), new PartitionItems(table, entry), numbers))
            {
                shown.Add((key.ToArray(), (ReleasedNumber[])numbers.Clone()));
            }

            if ((entry & 1023) == 1023)
            {
                token.ThrowIfCancellationRequested();
            }
        }
    }

    private (IReadOnlyList<byte[]> Keys, ReleasedNumber[] Numbers) ReleasePublic(AccumulatorSpill[] spills, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        var nodes = _spec.Nodes.Count;
        var numbers = new ReleasedNumber[checked(keys.Count * nodes)];
        var hasData = new bool[keys.Count];
        var scores = new Int128[_spec.TopK is null ? 0 : keys.Count];
        var next = -1;
        var done = 0;
        Workers.Run(_threads, (_, token) =>
        {
            var stage = new ReleaseStage(_keys, _noisy);
            var table = new AccumulatorTable(_spec, KeyShape.Word);
            var merge = new BucketMerge(spills, table, _tableLimit);
            int bucket;
            while ((bucket = Interlocked.Increment(ref next)) < BucketWriter.Buckets)
            {
                token.ThrowIfCancellationRequested();
                merge.Run(bucket, () => ReleaseKnown(stage, table, keys, hasData, scores, numbers, token), token);
                _progress?.Report(new StageProgress("noise", Interlocked.Increment(ref done), BucketWriter.Buckets));
            }
        }, cancellationToken);

        // Keys without data: the same step on sums of zero.
        next = -1;
        var pieces = (keys.Count + KeysAtOnce - 1) / KeysAtOnce;
        Workers.Run(Math.Max(1, Math.Min(_threads, pieces)), (_, token) =>
        {
            var stage = new ReleaseStage(_keys, _noisy);
            var empty = new Int128[_spec.Accumulators.Count + _spec.Items.Count];
            int piece;
            while ((piece = Interlocked.Increment(ref next)) < pieces)
            {
                token.ThrowIfCancellationRequested();
                for (var i = piece * KeysAtOnce; i < Math.Min(keys.Count, (piece + 1) * KeysAtOnce); i++)
                {
                    if (!hasData[i])
                    {
                        stage.TryRelease(keys[i], 0, empty, numbers.AsSpan(i * nodes, nodes));
                    }
                }
            }
        }, cancellationToken);
        if (_spec.TopK is null)
        {
            return (keys, numbers);
        }

        var chosen = TopKStage.Choose(_keys, scores, _noisy);
        return ([.. chosen.Select(i => keys[i])], [.. chosen.SelectMany(i => numbers.AsSpan(i * nodes, nodes).ToArray())]);
    }

    private void ReleaseKnown(ReleaseStage stage, AccumulatorTable table, IReadOnlyList<byte[]> keys, bool[] hasData, Int128[] scores, ReleasedNumber[] numbers, CancellationToken token)
    {
        var nodes = _spec.Nodes.Count;
        Interlocked.Add(ref _partitionsWithData, table.Count);
        for (var entry = 0; entry < table.Count; entry++)
        {
            var key = (int)table.Word(entry);
            hasData[key] = true;
            if (scores.Length > 0)
            {
                scores[key] = TopKStage.ScoreOf(_spec, table.Units(entry), table.Values(entry));
            }

            stage.TryRelease(keys[key], table.Units(entry), table.Values(entry), new PartitionItems(table, entry), numbers.AsSpan(key * nodes, nodes));
            if ((entry & 1023) == 1023)
            {
                token.ThrowIfCancellationRequested();
            }
        }
    }
}
