using System.Runtime.InteropServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>Processes a bucket that does not fit into memory: spreads it again by further bits of the units' hashes, and hands single units that are too large to <see cref="UnitBucket.ProcessHeavy"/>.</summary>
internal sealed unsafe class OversizeBucket
{
    private readonly RowFormat _format;
    private readonly ISpillStore _store;
    private readonly ChunkPool _pool;
    private readonly long _limit;
    private long _spilled;

    public OversizeBucket(RowFormat format, ISpillStore store, ChunkPool pool, long limit)
    {
        _format = format;
        _store = store;
        _pool = pool;
        _limit = limit;
    }

    /// <summary>Bytes spilled since the last call.</summary>
    public long TakeBytesSpilled()
    {
        var spilled = _spilled;
        _spilled = 0;
        return spilled;
    }

    /// <summary>Processes the bucket and lets go of it.</summary>
    /// <param name="writers">What the threads hold of it.</param>
    /// <param name="bucket">Its number.</param>
    /// <param name="usedBits">Hash bits that chose it.</param>
    /// <param name="processor">The thread's processor.</param>
    /// <param name="processed">Called after each part, so that accumulators can be set aside.</param>
    /// <param name="token">Stops the work.</param>
    public void Process(IReadOnlyList<BucketWriter> writers, int bucket, int usedBits, UnitBucket processor, Action processed, CancellationToken token)
    {
        using var spread = new BucketWriter(_pool, _store);
        var firstUnit = new ulong[BucketWriter.Buckets];
        var mixed = new bool[BucketWriter.Buckets];
        ulong[][] buffer = [[]];
        foreach (var writer in writers)
        {
            foreach (var words in writer.Stream(bucket, buffer, free: true))
            {
                token.ThrowIfCancellationRequested();
                Spread(buffer[0].AsSpan(0, words), usedBits, spread, firstUnit, mixed);
            }
        }

        for (var part = 0; part < BucketWriter.Buckets; part++)
        {
            token.ThrowIfCancellationRequested();
            var bytes = spread.BytesOf(part);
            if (bytes == 0)
            {
                continue;
            }

            if (bytes <= _limit)
            {
                var words = (int)(bytes / sizeof(ulong));
                if (buffer[0].Length < words)
                {
                    buffer[0] = GC.AllocateUninitializedArray<ulong>(words);
                }

                spread.Take(part, buffer[0]);
                processor.Process(buffer[0].AsSpan(0, words), usedBits + BucketWriter.BucketBits);
            }
            else if (mixed[part] && usedBits + BucketWriter.BucketBits < 56)
            {
                Process([spread], part, usedBits + BucketWriter.BucketBits, processor, processed, token);
            }
            else
            {
                processor.ProcessHeavy(spread, part, _store, _pool, token);
            }

            processed();
        }

        _spilled += spread.BytesSpilled;
    }

    private void Spread(ReadOnlySpan<ulong> rows, int usedBits, BucketWriter spread, ulong[] firstUnit, bool[] mixed)
    {
        for (var at = 0; at < rows.Length;)
        {
            var words = _format.IsFixed ? _format.Stride : (int)(uint)rows[at];
            var unit = rows[_format.IsFixed ? at : at + 2];
            var hash = _format.UnitShape == KeyShape.Bytes ? unit : ByteHash.Of(unit);
            var part = (int)((hash << usedBits) >> (64 - BucketWriter.BucketBits));
            if (spread.BytesOf(part) == 0)
            {
                firstUnit[part] = unit;
            }
            else if (firstUnit[part] != unit)
            {
                mixed[part] = true;
            }

            rows.Slice(at, words).CopyTo(new Span<ulong>(spread.Reserve(part, words), words));
            at += words;
        }
    }
}

/// <summary>The rows of one heavy unit in a bucket of a writer.</summary>
internal sealed unsafe class HeavyRows : IHeavyRows
{
    private readonly BucketWriter _writer;
    private readonly int _bucket;
    private readonly ISpillStore _store;
    private readonly ChunkPool _pool;
    private readonly int _stride;
    private readonly Func<ArraySegment<ulong>, ArraySegment<ulong>> _localise;
    private readonly CancellationToken _token;

    public HeavyRows(BucketWriter writer, int bucket, ISpillStore store, ChunkPool pool, int stride, Func<ArraySegment<ulong>, ArraySegment<ulong>> localise, CancellationToken token)
    {
        _writer = writer;
        _bucket = bucket;
        _store = store;
        _pool = pool;
        _stride = stride;
        _localise = localise;
        _token = token;
    }

    public IEnumerable<ArraySegment<ulong>> Read()
    {
        ulong[][] buffer = [[]];
        foreach (var words in _writer.Stream(_bucket, buffer, free: false))
        {
            _token.ThrowIfCancellationRequested();
            yield return _localise(new ArraySegment<ulong>(buffer[0], 0, words));
        }
    }

    public IEnumerable<ArraySegment<ulong>> Group(IEnumerable<ArraySegment<ulong>> rows)
    {
        using var groups = new BucketWriter(_pool, _store);
        foreach (var block in rows)
        {
            Spread(block, groups);
        }

        ulong[][] buffer = [[]];
        for (var group = 0; group < BucketWriter.Buckets; group++)
        {
            foreach (var words in groups.Stream(group, buffer, free: true))
            {
                _token.ThrowIfCancellationRequested();
                yield return new ArraySegment<ulong>(buffer[0], 0, words);
            }

            yield return ArraySegment<ulong>.Empty;
        }
    }

    private void Spread(ArraySegment<ulong> block, BucketWriter groups)
    {
        for (var at = 0; at < block.Count; at += _stride)
        {
            var row = block.AsSpan(at, _stride);
            var hash = ByteHash.Of(MemoryMarshal.AsBytes(row[1..]));
            row.CopyTo(new Span<ulong>(groups.Reserve((int)(hash >> (64 - BucketWriter.BucketBits)), _stride), _stride));
        }
    }
}
