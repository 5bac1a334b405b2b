using DpSpark.Arrow;
using DpSpark.Core.Stages;
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
    private readonly IProgress<StageProgress>? _progress;
    private long _partitionsWithData;

    public MergeAndRelease(StageSpec spec, IReadOnlyList<byte[]>? publicKeys, ReleaseKeys keys, bool noisy, int threads, KeyShape shape, IProgress<StageProgress>? progress)
    {
        _spec = spec;
        _publicKeys = publicKeys;
        _keys = keys;
        _noisy = noisy;
        _threads = threads;
        _shape = shape;
        _progress = progress;
    }

    /// <summary>Partitions with data, before selection: private, for the run log only.</summary>
    public long PartitionsWithData => _partitionsWithData;

    public RecordBatch Run(AccumulatorSpill[] spills, CancellationToken cancellationToken)
    {
        var (keys, numbers) = _publicKeys is null ? ReleaseSelected(spills, cancellationToken) : ReleasePublic(spills, _publicKeys, cancellationToken);
        return ReleasedTable.Of(_spec, keys, numbers);
    }

    private (IReadOnlyList<byte[]> Keys, ReleasedNumber[] Numbers) ReleaseSelected(AccumulatorSpill[] spills, CancellationToken cancellationToken)
    {
        var nodes = _spec.Nodes.Count;
        var shown = new List<(byte[] Key, ReleasedNumber[] Numbers)>[_threads];
        var next = -1;
        var done = 0;
        var word = ProjectStage.PartitionKey(_spec);
        Workers.Run(_threads, (thread, token) =>
        {
            var stage = new ReleaseStage(_keys, _noisy);
            var table = new AccumulatorTable(_spec.Accumulators.Count, _shape);
            var mine = shown[thread] = [];
            var numbers = new ReleasedNumber[nodes];
            var scratch = new byte[16];
            int bucket;
            while ((bucket = Interlocked.Increment(ref next)) < BucketWriter.Buckets)
            {
                token.ThrowIfCancellationRequested();
                table.Clear();
                foreach (var spill in spills)
                {
                    spill.MergeInto(bucket, table);
                }

                Interlocked.Add(ref _partitionsWithData, table.Count);
                for (var entry = 0; entry < table.Count; entry++)
                {
                    var key = _shape == KeyShape.Word ? word.Bytes(table.Word(entry), scratch) : table.Stored!.Key(entry);
                    if (stage.TryRelease(key, table.Units(entry), table.Values(entry), numbers))
                    {
                        mine.Add((key.ToArray(), (ReleasedNumber[])numbers.Clone()));
                    }

                    if ((entry & 1023) == 1023)
                    {
                        token.ThrowIfCancellationRequested();
                    }
                }

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

    private (IReadOnlyList<byte[]> Keys, ReleasedNumber[] Numbers) ReleasePublic(AccumulatorSpill[] spills, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        const int KeysAtOnce = 512;
        var nodes = _spec.Nodes.Count;
        var sums = _spec.Accumulators.Count;
        var numbers = new ReleasedNumber[checked(keys.Count * nodes)];
        var table = new AccumulatorTable(sums, KeyShape.Word);
        for (var bucket = 0; bucket < BucketWriter.Buckets; bucket++)
        {
            foreach (var spill in spills)
            {
                spill.MergeInto(bucket, table);
            }
        }

        _partitionsWithData = table.Count;
        var entryOf = new int[keys.Count];
        for (var entry = 0; entry < table.Count; entry++)
        {
            entryOf[(int)table.Word(entry)] = entry + 1;
        }

        var next = -1;
        var done = 0;
        var pieces = (keys.Count + KeysAtOnce - 1) / KeysAtOnce;
        Workers.Run(Math.Max(1, Math.Min(_threads, pieces)), (_, token) =>
        {
            var stage = new ReleaseStage(_keys, _noisy);
            var empty = new Int128[sums];
            int piece;
            while ((piece = Interlocked.Increment(ref next)) < pieces)
            {
                token.ThrowIfCancellationRequested();
                for (var i = piece * KeysAtOnce; i < Math.Min(keys.Count, (piece + 1) * KeysAtOnce); i++)
                {
                    var entry = entryOf[i] - 1;
                    stage.TryRelease(keys[i], entry < 0 ? 0 : table.Units(entry), entry < 0 ? empty : table.Values(entry), numbers.AsSpan(i * nodes, nodes));
                }

                _progress?.Report(new StageProgress("noise", Interlocked.Increment(ref done), pieces));
            }
        }, cancellationToken);
        return (keys, numbers);
    }
}
