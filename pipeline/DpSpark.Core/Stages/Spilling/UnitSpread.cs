using System.Runtime.CompilerServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>Spreads contributions over the buckets of a writer by the hash of their unit, in the layout of <see cref="RowFormat"/>.</summary>
internal sealed unsafe class UnitSpread
{
    private readonly RowFormat _format;

    public UnitSpread(RowFormat format) => _format = format;

    /// <summary>Writes the rows of a batch.</summary>
    public void Write(ContributionBatch batch, BucketWriter writer)
    {
        if (_format.IsFixed)
        {
            SpreadFixed(batch, writer);
        }
        else
        {
            SpreadBytes(batch, writer);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SpreadFixed(ContributionBatch batch, BucketWriter writer)
    {
        var units = batch.Units.AsSpan(0, batch.Length);
        var partitions = batch.Partitions.AsSpan(0, batch.Length);
        var values = batch.Values;
        var stride = _format.Stride;
        if (stride == 3)
        {
            var only = values[0].AsSpan(0, batch.Length);
            for (var i = 0; i < units.Length; i++)
            {
                var row = writer.Reserve((int)(ByteHash.Of(units[i]) >> (64 - BucketWriter.BucketBits)), 3);
                row[0] = units[i];
                row[1] = partitions[i];
                row[2] = (ulong)only[i];
            }

            return;
        }

        for (var i = 0; i < units.Length; i++)
        {
            var row = writer.Reserve((int)(ByteHash.Of(units[i]) >> (64 - BucketWriter.BucketBits)), stride);
            row[0] = units[i];
            row[1] = partitions[i];
            for (var v = 0; v < values.Length; v++)
            {
                row[2 + v] = (ulong)values[v][i];
            }
        }
    }

    private void SpreadBytes(ContributionBatch batch, BucketWriter writer)
    {
        var unitBytes = _format.UnitShape == KeyShape.Bytes;
        var partitionBytes = _format.PartitionShape == KeyShape.Bytes;
        var unitStart = 0;
        var partitionStart = 0;
        for (var i = 0; i < batch.Length; i++)
        {
            var unit = unitBytes ? batch.UnitBytes.Written[unitStart..batch.UnitEnds[i]] : default;
            var partition = partitionBytes ? batch.PartitionBytes.Written[partitionStart..batch.PartitionEnds[i]] : default;
            unitStart += unit.Length;
            partitionStart += partition.Length;
            var words = _format.WordsOf(unit.Length, partition.Length);
            var hash = unitBytes ? batch.Units[i] : ByteHash.Of(batch.Units[i]);
            var row = writer.Reserve((int)(hash >> (64 - BucketWriter.BucketBits)), words);
            row[0] = (uint)words | ((ulong)unit.Length << 32);
            row[1] = (ulong)partition.Length;
            row[2] = batch.Units[i];
            row[3] = batch.Partitions[i];
            for (var v = 0; v < batch.Values.Length; v++)
            {
                row[RowFormat.HeaderWords + v] = (ulong)batch.Values[v][i];
            }

            row[words - 1] = _format.Values + RowFormat.HeaderWords == words ? row[words - 1] : 0;
            var bytes = new Span<byte>(row + RowFormat.HeaderWords + _format.Values, unit.Length + partition.Length);
            unit.CopyTo(bytes);
            partition.CopyTo(bytes[unit.Length..]);
        }
    }
}
