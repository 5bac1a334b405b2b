using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>Reads batches of <see cref="StageSchemas.Projected"/> back into contributions.</summary>
internal sealed class ContributionReader
{
    private readonly KeyShape _unitShape;
    private readonly KeyShape _partitionShape;
    private readonly int _values;
    private readonly int _keys;
    private readonly ContributionBatch _batch = new();

    public ContributionReader(KeyShape unitShape, KeyShape partitionShape, int values, int keys)
    {
        _unitShape = unitShape;
        _partitionShape = partitionShape;
        _values = values;
        _keys = keys;
    }

    public ContributionBatch Read(RecordBatch source)
    {
        var n = source.Length;
        foreach (var array in source.Columns)
        {
            if (array.NullCount != 0)
            {
                throw new DpSparkException("DPS6405", ExitCodes.Bug, "A column between two steps holds a null.", "The plan around the step changed the rows.", ["Please report this."]);
            }
        }

        _batch.EnsureCapacity(n, _values, _unitShape, _partitionShape);
        _batch.Length = n;
        var at = 0;
        if (_unitShape == KeyShape.Word)
        {
            source.Columns[at++].ValuesAs<ulong>().CopyTo(_batch.Units);
        }
        else if (_unitShape == KeyShape.Bytes)
        {
            ReadBytes(source.Columns[at++], n, _batch.UnitBytes, _batch.UnitEnds, _batch.Units);
        }

        if (_partitionShape == KeyShape.Word)
        {
            var words = source.Columns[at++].ValuesAs<ulong>();
            words.CopyTo(_batch.Partitions);
            if (_keys >= 0)
            {
                CheckIndices(words);
            }
        }
        else
        {
            ReadBytes(source.Columns[at++], n, _batch.PartitionBytes, _batch.PartitionEnds, _batch.Partitions);
        }

        for (var v = 0; v < _values; v++)
        {
            source.Columns[at++].ValuesAs<long>().CopyTo(_batch.Values[v]);
        }

        return _batch;
    }

    private void CheckIndices(ReadOnlySpan<ulong> words)
    {
        foreach (var word in words)
        {
            if (word >= (ulong)_keys)
            {
                throw new DpSparkException("DPS6405", ExitCodes.Bug, "A partition is not an index of the keyset.", "The plan around the step changed the rows.", ["Please report this."]);
            }
        }
    }

    private static void ReadBytes(ArrowArray array, int n, KeyWriter bytes, int[] ends, ulong[] hashes)
    {
        bytes.Reset();
        for (var i = 0; i < n; i++)
        {
            var key = array.BytesAt(i);
            bytes.WriteRaw(key);
            ends[i] = bytes.Length;
            hashes[i] = ByteHash.Of(key);
        }
    }
}
