using DpSpark.Arrow;
using DpSpark.Core.Bounding;
using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>
/// All rows of each unit of the slice to accumulators per partition: steps 2 and 3 of a release. Rows wait in native chunks up to a budget and in a spill file beyond; accumulators that grow
/// too large are given out early, because the next step adds them up anyway.
/// </summary>
internal sealed class BoundTask : StageTask
{
    private readonly StageSpec _spec;
    private readonly bool _bounded;
    private readonly StageResources _resources;
    private readonly RowFormat _format;
    private readonly BoundKey _key;
    private readonly UnitBucket _bucket;
    private readonly ProjectStage? _project;
    private readonly ContributionReader? _reader;
    private readonly AccumulatorBatches _output;
    private readonly ChunkPool _pool;
    private readonly BucketWriter _rows;
    private long _spilledAgain;

    public BoundTask(StageRequest request, Schema input, StageResources resources)
    {
        _bounded = request.Bounded;
        _resources = resources;
        _spec = request.Spec!;
        if (request.Input != StageInput.Projected)
        {
            _spec = request.Input == StageInput.Partial ? PartialSums.SpecOf(_spec) : _spec;
            _project = new ProjectStage(_spec, input, resources.Keyset);
        }
        else
        {
            Require(StageSchemas.Projected(_spec), input, "bounding");
            _reader = new ContributionReader(ProjectStage.UnitShapeOf(_spec), ProjectStage.PartitionShapeOf(_spec), _spec.RecordColumns.Count, resources.PublicKeys(_spec)?.Keys.Count ?? -1);
        }

        _format = new RowFormat(_spec);
        _key = request.BoundKeyValue();
        _bucket = UnitBucket.Create(_spec, _format, _bounded, _key, resources.PublicKeys(_spec)?.Keys);
        _output = new AccumulatorBatches(_spec, _format.PartitionShape, resources.PublicKeys(_spec)?.Keys);
        _pool = new ChunkPool(resources.RowLimit);
        _rows = new BucketWriter(_pool, resources.SpillStore);
    }

    public override Schema Output => StageSchemas.Accumulators;

    public override long BytesSpilled => _rows.BytesSpilled + _spilledAgain;

    public override IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
    {
        var spread = new UnitSpread(_format);
        var direct = _format.UnitShape == KeyShape.None ? new RowsAsUnits(_spec, _bounded, _format, _key, _bucket) : null;
        foreach (var batch in input)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (batch)
            {
                var rows = _project?.Project(batch) ?? _reader!.Read(batch);
                if (direct is null)
                {
                    spread.Write(rows, _rows);
                    continue;
                }

                direct.Add(rows);
            }

            foreach (var ready in TableIfLarge())
            {
                yield return ready;
            }
        }

        if (direct is null)
        {
            foreach (var ready in Buckets(cancellationToken))
            {
                yield return ready;
            }
        }

        foreach (var ready in _bucket.Profile is { } profile ? [AccumulatorBatches.Of(profile)] : Table())
        {
            yield return ready;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _rows.Dispose();
        _pool.Dispose();
        base.Dispose(disposing);
    }

    private IEnumerable<RecordBatch> Buckets(CancellationToken cancellationToken)
    {
        var buffer = Array.Empty<ulong>();
        var oversize = new OversizeBucket(_format, _resources.SpillStore, _pool, _resources.BucketLimit);
        var early = new List<RecordBatch>();
        for (var bucket = 0; bucket < BucketWriter.Buckets; bucket++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = _rows.BytesOf(bucket);
            if (bytes > _resources.BucketLimit)
            {
                oversize.Process([_rows], bucket, BucketWriter.BucketBits, _bucket, () => early.AddRange(TableIfLarge()), cancellationToken);
                _spilledAgain += oversize.TakeBytesSpilled();
                foreach (var ready in early)
                {
                    yield return ready;
                }

                early.Clear();
            }
            else if (bytes > 0)
            {
                var words = (int)(bytes / sizeof(ulong));
                if (buffer.Length < words)
                {
                    buffer = GC.AllocateUninitializedArray<ulong>(words + (words / 8));
                }

                _bucket.Process(buffer.AsSpan(0, _rows.Take(bucket, buffer)), BucketWriter.BucketBits);
            }

            foreach (var ready in TableIfLarge())
            {
                yield return ready;
            }
        }
    }

    private IEnumerable<RecordBatch> TableIfLarge() => _bucket.Table.IsLarge(_resources.TableLimit) ? Table() : [];

    private IEnumerable<RecordBatch> Table()
    {
        foreach (var batch in _output.Of(_bucket.Table))
        {
            yield return batch;
        }

        _bucket.Table.Clear();
        _bucket.TableEmptied();
    }
}
