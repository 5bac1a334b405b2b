using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Core.Keys;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages.Hosting;

/// <summary>Accumulators as batches of <see cref="StageSchemas.Accumulators"/>, and back.</summary>
internal sealed class AccumulatorBatches
{
    private const int RowsPerBatch = 32 * 1024;

    /// <summary>Items of one row, and of one batch.</summary>
    private const int ItemsPerRow = 64 * 1024;
    private const int ItemsPerBatch = 512 * 1024;
    private readonly KeyShape _shape;
    private readonly IReadOnlyList<byte[]>? _keyset;
    private readonly FixedKey _word;

    public AccumulatorBatches(StageSpec spec, KeyShape shape, IReadOnlyList<byte[]>? keyset)
    {
        _shape = shape;
        _keyset = keyset;
        _word = shape == KeyShape.Word && keyset is null ? ProjectStage.PartitionKey(spec) : default;
    }

    /// <summary>The entries of a table. An entry with very many items takes several rows: the first has its units and sums, the others items alone.</summary>
    public IEnumerable<RecordBatch> Of(AccumulatorTable table)
    {
        table.CombineItems();
        var writer = new Writer(table.Sums);
        var from = new int[table.Items];
        for (var entry = 0; entry < table.Count; entry++)
        {
            Array.Clear(from);
            for (var first = true; writer.AddRow(this, table, entry, from, first); first = false)
            {
                if (writer.Items >= ItemsPerBatch)
                {
                    yield return writer.Take();
                }
            }

            if (writer.Rows >= RowsPerBatch || writer.Items >= ItemsPerBatch)
            {
                yield return writer.Take();
            }
        }

        if (writer.Rows > 0)
        {
            yield return writer.Take();
        }
    }

    /// <summary>The histograms of a first pass, as one accumulator of the one partition, the whole.</summary>
    public static RecordBatch Of(UnitProfile profile)
    {
        var sums = MemoryMarshal.AsBytes(profile.Counts.AsSpan()).ToArray();
        return new RecordBatch(StageSchemas.Accumulators, [ArrowArrays.Binary([[]]), ArrowArrays.Int64([profile.Units]), ArrowArrays.Binary([sums]), ArrowArrays.Binary([[]])], 1);
    }

    /// <summary>Adds the rows of a batch to a table that carries partitions as bytes.</summary>
    /// <param name="table">The table.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="codec">What the partitions are keys of.</param>
    public static void AddTo(AccumulatorTable table, RecordBatch batch, PartitionKeyCodec codec)
    {
        var units = batch.Columns[1].ValuesAs<long>();
        for (var row = 0; row < batch.Length; row++)
        {
            var sums = batch.Columns[2].BytesAt(row);
            if (sums.Length != 16 * table.Sums || units[row] < 0 || batch.Columns[0].IsNull(row) || batch.Columns[1].IsNull(row) || batch.Columns[2].IsNull(row) || batch.Columns[3].IsNull(row))
            {
                throw Fault();
            }

            var key = batch.Columns[0].BytesAt(row);
            if (!codec.IsKey(key))
            {
                throw Fault();
            }

            var entry = table.EntryOf(ByteHash.Of(key), key);
            table.AddUnits(entry, units[row]);
            var into = table.Values(entry);
            for (var i = 0; i < into.Length; i++)
            {
                into[i] += BinaryPrimitives.ReadInt128LittleEndian(sums[(16 * i)..]);
            }

            AddItems(table, entry, batch.Columns[3].BytesAt(row));
        }
    }

    /// <summary>A row is no accumulator of the release.</summary>
    public static DpSparkException Fault() =>
        new("DPS6405", ExitCodes.Bug, "An accumulator is not one of this release.", "The plan around the release step changed the rows.", ["Please report this."]);

    /// <summary>A row without items may have no bytes for them: a public key without data.</summary>
    private static void AddItems(AccumulatorTable table, int entry, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return;
        }

        for (var i = 0; i < table.Items; i++)
        {
            var count = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (count < 0 || count > (bytes.Length - 4) / sizeof(ulong))
            {
                throw Fault();
            }

            table.AddItems(entry, i, MemoryMarshal.Cast<byte, ulong>(bytes.Slice(4, count * sizeof(ulong))));
            bytes = bytes[(4 + (count * sizeof(ulong)))..];
        }

        if (bytes.Length > 0)
        {
            throw Fault();
        }
    }

    private ReadOnlySpan<byte> KeyOf(AccumulatorTable table, int entry, Span<byte> scratch) =>
        _shape == KeyShape.Bytes ? table.Stored!.Key(entry) : _keyset is null ? _word.Bytes(table.Word(entry), scratch) : _keyset[(int)table.Word(entry)];

    /// <summary>The rows of a batch while it is made.</summary>
    private sealed class Writer(int sumCount)
    {
        private readonly KeyWriter _keys = new(1024);
        private readonly KeyWriter _sums = new(1024);
        private readonly KeyWriter _items = new(1024);
        private readonly List<int> _keyEnds = [0];
        private readonly List<int> _sumEnds = [0];
        private readonly List<int> _itemEnds = [0];
        private readonly List<long> _units = [];

        public int Rows => _units.Count;

        public int Items { get; private set; }

        /// <summary>Adds a row of an entry; true when items are left for another one.</summary>
        public bool AddRow(AccumulatorBatches owner, AccumulatorTable table, int entry, int[] from, bool first)
        {
            Span<byte> scratch = stackalloc byte[16];
            _keys.WriteRaw(owner.KeyOf(table, entry, scratch));
            _keyEnds.Add(_keys.Length);
            _units.Add(first ? table.Units(entry) : 0);
            _sums.WriteRaw(first ? MemoryMarshal.AsBytes(table.Values(entry)) : new byte[16 * sumCount]);
            _sumEnds.Add(_sums.Length);
            var room = ItemsPerRow;
            var left = false;
            for (var i = 0; i < from.Length; i++)
            {
                var words = table.ItemsOf(entry, i)[from[i]..];
                var count = Math.Min(words.Length, room);
                BinaryPrimitives.WriteInt32LittleEndian(scratch, count);
                _items.WriteRaw(scratch[..4]);
                _items.WriteRaw(MemoryMarshal.AsBytes(words[..count]));
                from[i] += count;
                room -= count;
                left |= count < words.Length;
                Items += count;
            }

            _itemEnds.Add(_items.Length);
            return left;
        }

        public RecordBatch Take()
        {
            var batch = new RecordBatch(StageSchemas.Accumulators,
                [Column(_keys, _keyEnds), ArrowArrays.Int64(_units.ToArray()), Column(_sums, _sumEnds), Column(_items, _itemEnds)], Rows);
            _units.Clear();
            Items = 0;
            return batch;
        }

        private static ArrowArray Column(KeyWriter bytes, List<int> ends)
        {
            var column = ArrowArrays.Text(ArrowType.Binary, ends.ToArray(), bytes.Written.ToArray());
            bytes.Reset();
            ends.RemoveRange(1, ends.Count - 1);
            return column;
        }
    }
}
