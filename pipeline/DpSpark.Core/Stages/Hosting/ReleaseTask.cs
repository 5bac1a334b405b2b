using System.Security.Cryptography;
using DpSpark.Arrow;
using DpSpark.Core.Stages.Items;
using DpSpark.Core.Stages.Spilling;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>All accumulators of each partition of the slice to released rows: steps 4 to 6 of a release. What leaves this task is private.</summary>
/// <remarks>
/// Rows are given in key order within the slice, so their order says nothing about the rows that were read. A key of a keyset without data comes as an accumulator of no units; the side that
/// plans adds one for every key before the shuffle, so each key reaches exactly one slice whatever the data are.
/// </remarks>
internal sealed class ReleaseTask : StageTask
{
    private const int RowsPerBatch = 32 * 1024;
    private readonly StageSpec _spec;
    private readonly StageRequest _request;
    private readonly StageResources _resources;
    private readonly ReleaseKeys _keys;
    private readonly ChunkPool _pool;
    private readonly AccumulatorSpill _spill;
    private readonly AccumulatorTable _table;

    public ReleaseTask(StageRequest request, Schema input, StageResources resources)
    {
        Require(StageSchemas.Accumulators, input, "release");
        _spec = request.Spec!;
        _request = request;
        _resources = resources;
        _keys = new ReleaseKeys(_spec, request.Secret, request.ReleaseId);
        _pool = new ChunkPool(resources.RowLimit);
        _spill = new AccumulatorSpill(_pool, resources.SpillStore);
        _table = new AccumulatorTable(_spec, KeyShape.Bytes);
        Output = StageSchemas.Released(_spec, request.EmitKey);
    }

    public override Schema Output { get; }

    public override long BytesSpilled => _spill.BytesSpilled;

    public override IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
    {
        var setAside = false;
        var codec = new PartitionKeyCodec(_spec.PartitionBy);
        foreach (var batch in input)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (batch)
            {
                AccumulatorBatches.AddTo(_table, batch, codec);
            }

            if (_table.IsLarge(_resources.TableLimit))
            {
                setAside = true;
                _spill.Write(_table);
                _table.Clear();
            }
        }

        var stage = new ReleaseStage(_keys, _request.Noisy);
        var shown = new List<(byte[] Key, ReleasedNumber[] Numbers, Int128 Score)>();
        if (setAside)
        {
            _spill.Write(_table);
        }

        var merge = new BucketMerge([_spill], _table, _resources.TableLimit);
        for (var bucket = 0; setAside && bucket < BucketWriter.Buckets; bucket++)
        {
            merge.Run(bucket, () => ReleaseAll(stage, shown, cancellationToken), cancellationToken);
        }

        if (!setAside)
        {
            _table.CountItems();
            ReleaseAll(stage, shown, cancellationToken);
        }

        shown.Sort((a, b) => codec.Compare(a.Key, b.Key));
        if (_spec.TopK is not null)
        {
            // The plan brings all keys of the keyset to this one slice.
            var all = shown;
            var scores = new List<Int128>(all.Count);
            foreach (var row in all)
            {
                scores.Add(row.Score);
            }

            shown = [];
            foreach (var index in TopKStage.Choose(_keys, scores, _request.Noisy))
            {
                shown.Add(all[index]);
            }
        }

        for (var first = 0; first < shown.Count; first += RowsPerBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return BatchOf(shown.GetRange(first, Math.Min(RowsPerBatch, shown.Count - first)));
        }
    }

    protected override void Dispose(bool disposing)
    {
        _keys.Dispose();
        CryptographicOperations.ZeroMemory(_request.Secret);
        _spill.Dispose();
        _pool.Dispose();
        base.Dispose(disposing);
    }

    private void ReleaseAll(ReleaseStage stage, List<(byte[] Key, ReleasedNumber[] Numbers, Int128 Score)> shown, CancellationToken cancellationToken)
    {
        var numbers = new ReleasedNumber[_spec.Nodes.Count];
        for (var entry = 0; entry < _table.Count; entry++)
        {
            if ((entry & 255) == 255)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (TryRelease(stage, entry, numbers))
            {
                shown.Add((_table.Stored!.Key(entry).ToArray(), (ReleasedNumber[])numbers.Clone(), TopKStage.ScoreOf(_spec, _table.Units(entry), _table.Values(entry))));
            }
        }
    }

    private bool TryRelease(ReleaseStage stage, int entry, ReleasedNumber[] numbers)
    {
        try
        {
            return stage.TryRelease(_table.Stored!.Key(entry), _table.Units(entry), _table.Values(entry), new PartitionItems(_table, entry), numbers);
        }
        catch (OverflowException)
        {
            // The plan chose grids so that sums of bounded rows never come near: these are no such sums.
            throw AccumulatorBatches.Fault();
        }
    }

    private RecordBatch BatchOf(List<(byte[] Key, ReleasedNumber[] Numbers, Int128 Score)> rows)
    {
        var keys = new byte[rows.Count][];
        var numbers = new ReleasedNumber[rows.Count * _spec.Nodes.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = rows[i].Key;
            rows[i].Numbers.CopyTo(numbers, i * _spec.Nodes.Count);
        }

        var columns = new List<ArrowArray>(ReleasedTable.ColumnsOf(_spec, keys, numbers));
        if (_request.EmitKey)
        {
            columns.Add(ArrowArrays.Binary(keys));
        }

        return new RecordBatch(Output, columns, keys.Length);
    }
}
