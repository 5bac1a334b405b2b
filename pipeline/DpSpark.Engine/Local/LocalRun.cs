using System.Diagnostics;
using DpSpark.Core.Bounding;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Spilling;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Local;

/// <summary>One run of the local engine: scan and spread by unit, bound and pre-aggregate, merge by partition, release.</summary>
internal sealed class LocalRun : IDisposable
{
    private readonly LocalOptions _options;
    private readonly StageSpec _spec;
    private readonly IRowSource _source;
    private readonly RunKey _key;
    private readonly RunMode _mode;
    private readonly IProgress<StageProgress>? _progress;
    private readonly RowFormat _format;
    private readonly KeysetIndex? _keyset;
    private readonly IReadOnlyList<byte[]>? _publicKeys;
    private readonly BoundKey _boundKey;
    private readonly ChunkPool _pool;
    private readonly BucketWriter[] _byUnit;
    private readonly AccumulatorSpill[] _byPartition;
    private readonly UnitBucket?[] _processors;
    private readonly Dictionary<string, TimeSpan> _timings = [];
    private long _rowsRead;
    private long _rowsDropped;
    private long _rowsOutside;
    private long _spilledAgain;

    public LocalRun(LocalOptions options, ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress)
    {
        _options = options;
        _spec = plan.Spec;
        _source = source;
        _key = key;
        _mode = mode;
        _progress = progress;
        _format = new RowFormat(_spec);
        _keyset = plan.Request.Keyset is { } keyset ? new KeysetIndex(keyset.Keys) : null;
        _publicKeys = _spec.LeavesOutKeys ? null : plan.Request.Keyset?.Keys;
        _boundKey = BoundKey.Derive(key.Secret, key.ReleaseId);
        _pool = new ChunkPool(options.RowBytes ?? options.MemoryBytes / 2);
        _byUnit = new BucketWriter[options.Threads];
        _byPartition = new AccumulatorSpill[options.Threads];
        _processors = new UnitBucket?[options.Threads];
        for (var i = 0; i < options.Threads; i++)
        {
            _byUnit[i] = new BucketWriter(_pool, options.SpillStore);
            _byPartition[i] = new AccumulatorSpill(_pool, options.SpillStore);
        }
    }

    private bool IsBounded => _mode != RunMode.Raw;

    private bool IsNoisy => _mode is RunMode.Release or RunMode.Seeded;

    /// <summary>Bytes of one bucket that a thread takes into memory at once.</summary>
    private long BucketLimit => _options.BucketBytes ?? Math.Max(4L << 20, _options.MemoryBytes / 10 / _options.Threads);

    /// <summary>Bytes of a thread's accumulators before they are set aside.</summary>
    private long TableLimit => _options.TableBytes ?? Math.Max(2L << 20, _options.MemoryBytes / 10 / _options.Threads);

    public ReleaseResult Execute(CancellationToken cancellationToken)
    {
        Timed("scan", () => Scan(cancellationToken));
        Timed("bound", () => BoundAll(cancellationToken));
        foreach (var writer in _byUnit)
        {
            _spilledAgain += writer.BytesSpilled;
            writer.Dispose();
        }

        ReleaseResult? result = null;
        Timed("release", () => result = Release(cancellationToken));
        return result!;
    }

    public void Dispose()
    {
        foreach (var writer in _byUnit)
        {
            writer.Dispose();
        }

        foreach (var writer in _byPartition)
        {
            writer.Dispose();
        }

        _pool.Dispose();
    }

    private void Timed(string stage, Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        _timings[stage] = watch.Elapsed;
    }

    private void Scan(CancellationToken cancellationToken)
    {
        var splits = _source.Splits;
        var next = -1;
        var done = 0;
        Workers.Run(Math.Max(1, Math.Min(_options.Threads, splits.Count)), (thread, token) =>
        {
            var project = new ProjectStage(_spec, _source.Schema, _keyset);
            var spread = new UnitSpread(_format);
            var direct = _format.UnitShape == KeyShape.None ? new RowsAsUnits(_spec, IsBounded, _format, _boundKey, Processor(thread)) : null;
            var rowsRead = 0L;
            var kept = 0L;
            var outside = 0L;
            int split;
            while ((split = Interlocked.Increment(ref next)) < splits.Count)
            {
                foreach (var batch in splits[split].ReadBatches(token))
                {
                    token.ThrowIfCancellationRequested();
                    using (batch)
                    {
                        var contributions = project.Project(batch);
                        rowsRead += contributions.RowsRead;
                        kept += contributions.Length;
                        outside += contributions.RowsOutsideKeyset;
                        if (direct is not null)
                        {
                            direct.Add(contributions);
                            SetAsideIfLarge(thread);
                        }
                        else
                        {
                            spread.Write(contributions, _byUnit[thread]);
                        }
                    }
                }

                _progress?.Report(new StageProgress("read", Interlocked.Increment(ref done), splits.Count));
            }

            Interlocked.Add(ref _rowsRead, rowsRead);
            Interlocked.Add(ref _rowsDropped, rowsRead - kept - outside);
            Interlocked.Add(ref _rowsOutside, outside);
        }, cancellationToken);
    }

    private void BoundAll(CancellationToken cancellationToken)
    {
        var next = -1;
        var done = 0;
        if (_format.UnitShape != KeyShape.None)
        {
            Workers.Run(_options.Threads, (thread, token) =>
            {
                var buffer = Array.Empty<ulong>();
                var heavy = new OversizeBucket(_format, _options.SpillStore, _pool, BucketLimit);
                int bucket;
                while ((bucket = Interlocked.Increment(ref next)) < BucketWriter.Buckets)
                {
                    token.ThrowIfCancellationRequested();
                    var bytes = _byUnit.Sum(w => w.BytesOf(bucket));
                    if (bytes > BucketLimit)
                    {
                        heavy.Process(_byUnit, bucket, BucketWriter.BucketBits, Processor(thread), () => SetAsideIfLarge(thread), token);
                        Interlocked.Add(ref _spilledAgain, heavy.TakeBytesSpilled());
                    }
                    else if (bytes > 0)
                    {
                        var words = (int)(bytes / sizeof(ulong));
                        if (buffer.Length < words)
                        {
                            buffer = GC.AllocateUninitializedArray<ulong>(words + (words / 8));
                        }

                        var taken = 0;
                        foreach (var writer in _byUnit)
                        {
                            taken += writer.Take(bucket, buffer.AsSpan(taken));
                        }

                        Processor(thread).Process(buffer.AsSpan(0, taken), BucketWriter.BucketBits);
                        SetAsideIfLarge(thread);
                    }

                    _progress?.Report(new StageProgress("bound", Interlocked.Increment(ref done), BucketWriter.Buckets));
                }
            }, cancellationToken);
        }

        for (var thread = 0; thread < _processors.Length; thread++)
        {
            if (_processors[thread] is { } processor)
            {
                _byPartition[thread].Write(processor.Table);
                processor.Table.Clear();
                processor.TableEmptied();
            }
        }
    }

    private UnitBucket Processor(int thread) => _processors[thread] ??= UnitBucket.Create(_spec, _format, IsBounded, _boundKey, _publicKeys);

    private void SetAsideIfLarge(int thread)
    {
        var processor = Processor(thread);
        if (processor.Table.IsLarge(TableLimit))
        {
            _byPartition[thread].Write(processor.Table);
            processor.Table.Clear();
            processor.TableEmptied();
        }
    }

    private ReleaseResult Release(CancellationToken cancellationToken)
    {
        if (_spec.Profile is not null)
        {
            return ReleaseProfile();
        }

        using var keys = new ReleaseKeys(_spec, _key.Secret, _key.ReleaseId);
        var merge = new MergeAndRelease(_spec, _publicKeys, keys, IsNoisy, _options.Threads, _format.PartitionShape, TableLimit, _progress);
        var table = merge.Run(_byPartition, cancellationToken);
        var log = new RunLog
        {
            RowsRead = _rowsRead,
            RowsDropped = _rowsDropped,
            RowsOutsideKeyset = _rowsOutside,
            BytesSpilled = _spilledAgain + _byPartition.Sum(w => w.BytesSpilled),
            Partitions = merge.PartitionsWithData,
            Timings = _timings,
        };
        return new ReleaseResult(table, log) { Keys = merge.Keys };
    }

    /// <summary>The first pass: the threads' histograms together are the one partition, the whole. Only its noisy counts are given.</summary>
    private ReleaseResult ReleaseProfile()
    {
        var spec = _spec.ForWhole();
        using var keys = new ReleaseKeys(spec, _key.Secret, _key.ReleaseId);
        var whole = new UnitProfile(_spec);
        foreach (var processor in _processors)
        {
            if (processor?.Profile is { } profile)
            {
                whole.Add(profile);
            }
        }

        var numbers = new ReleasedNumber[spec.Nodes.Count];
        new ReleaseStage(keys, IsNoisy).TryRelease([], whole.Units, whole.Counts, numbers);
        return new ReleaseResult(ReleasedTable.Of(spec, [[]], numbers), new RunLog { HasCounts = false, Timings = _timings });
    }
}
