using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>Accumulators as batches of <see cref="StageSchemas.Accumulators"/>, and back.</summary>
internal sealed class AccumulatorBatches
{
    private const int RowsPerBatch = 32 * 1024;
    private readonly KeyShape _shape;
    private readonly IReadOnlyList<byte[]>? _keyset;
    private readonly FixedKey _word;

    public AccumulatorBatches(StageSpec spec, KeyShape shape, IReadOnlyList<byte[]>? keyset)
    {
        _shape = shape;
        _keyset = keyset;
        _word = shape == KeyShape.Word && keyset is null ? ProjectStage.PartitionKey(spec) : default;
    }

    /// <summary>The entries of a table.</summary>
    public IEnumerable<RecordBatch> Of(AccumulatorTable table)
    {
        for (var first = 0; first < table.Count; first += RowsPerBatch)
        {
            yield return Of(table, first, Math.Min(RowsPerBatch, table.Count - first));
        }
    }

    /// <summary>Adds the rows of a batch to a table that carries partitions as bytes.</summary>
    public static void AddTo(AccumulatorTable table, RecordBatch batch)
    {
        var units = batch.Columns[1].ValuesAs<long>();
        for (var row = 0; row < batch.Length; row++)
        {
            var sums = batch.Columns[2].BytesAt(row);
            if (sums.Length != 16 * table.Sums || units[row] < 0 || batch.Columns[0].IsNull(row) || batch.Columns[1].IsNull(row) || batch.Columns[2].IsNull(row))
            {
                throw new DpSparkException("DPS6405", ExitCodes.Bug, "An accumulator is not one of this release.", "The plan around the release step changed the rows.", ["Please report this."]);
            }

            var key = batch.Columns[0].BytesAt(row);
            var entry = table.EntryOf(ByteHash.Of(key), key);
            table.AddUnits(entry, units[row]);
            var into = table.Values(entry);
            for (var i = 0; i < into.Length; i++)
            {
                into[i] += System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(sums[(16 * i)..]);
            }
        }
    }

    private RecordBatch Of(AccumulatorTable table, int first, int count)
    {
        var keys = new KeyWriter(count * 16);
        var ends = new int[count + 1];
        var units = new long[count];
        var sums = new byte[count * 16 * table.Sums];
        var sumEnds = new int[count + 1];
        Span<byte> scratch = stackalloc byte[16];
        for (var i = 0; i < count; i++)
        {
            var entry = first + i;
            keys.WriteRaw(_shape == KeyShape.Bytes ? table.Stored!.Key(entry) : _keyset is null ? _word.Bytes(table.Word(entry), scratch) : _keyset[(int)table.Word(entry)]);
            ends[i + 1] = keys.Length;
            units[i] = table.Units(entry);
            MemoryMarshal.AsBytes(table.Values(entry)).CopyTo(sums.AsSpan(i * 16 * table.Sums));
            sumEnds[i + 1] = (i + 1) * 16 * table.Sums;
        }

        return new RecordBatch(StageSchemas.Accumulators,
            [ArrowArrays.Text(ArrowType.Binary, ends, keys.Written.ToArray()), ArrowArrays.Int64(units), ArrowArrays.Text(ArrowType.Binary, sumEnds, sums)], count);
    }
}
