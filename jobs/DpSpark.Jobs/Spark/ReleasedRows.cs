using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Stages;

namespace DpSpark.Jobs.Spark;

/// <summary>Puts the released rows, which come slice by slice, into the table that the local engine would give.</summary>
internal sealed class ReleasedRows
{
    private readonly StageSpec _spec;
    private readonly IReadOnlyList<byte[]>? _keyset;
    private readonly int _first;
    private readonly Dictionary<byte[], ReleasedNumber[]> _rows = new(ByteKeys.Instance);

    /// <summary>Starts with no row.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="keyset">The public keys, in release order; or null.</param>
    public ReleasedRows(StageSpec spec, IReadOnlyList<byte[]>? keyset)
    {
        _spec = spec;
        _keyset = keyset;
        _first = spec.PartitionBy.Count;
    }

    /// <summary>Takes the rows of a batch of <see cref="Core.Stages.Hosting.StageSchemas.Released"/> with keys.</summary>
    public void Add(RecordBatch batch)
    {
        var width = _spec.ConfidenceLevel is null ? 1 : 4;
        if (batch.Columns.Count != _first + (width * _spec.Nodes.Count) + 1)
        {
            throw Wrong("has other columns than the release");
        }

        foreach (var column in batch.Columns.Skip(_first))
        {
            if (column.NullCount != 0)
            {
                throw Wrong("holds a null where a number was released");
            }
        }

        for (var row = 0; row < batch.Length; row++)
        {
            var numbers = new ReleasedNumber[_spec.Nodes.Count];
            for (var n = 0; n < numbers.Length; n++)
            {
                var at = _first + (n * width);
                numbers[n] = width == 1
                    ? new ReleasedNumber(Word(batch, at, row), 0, 0, 0)
                    : new ReleasedNumber(Word(batch, at, row), BitConverter.Int64BitsToDouble(Word(batch, at + 1, row)), Word(batch, at + 2, row), Word(batch, at + 3, row));
            }

            if (!_rows.TryAdd(batch.Columns[^1].BytesAt(row).ToArray(), numbers))
            {
                throw Wrong("names a partition twice");
            }
        }
    }

    /// <summary>Canonical bytes of the rows' keys, in the order of the table that was made.</summary>
    public IReadOnlyList<byte[]> Keys { get; private set; } = [];

    /// <summary>The table, in key order.</summary>
    public RecordBatch ToTable()
    {
        var keys = Keys = _keyset ?? Sorted();
        var nodes = _spec.Nodes.Count;
        var flat = new ReleasedNumber[checked(keys.Count * nodes)];
        if (keys.Count != _rows.Count || (_spec.TopK is { } top && keys.Count > top.K))
        {
            throw Wrong("has another number of partitions than the keyset");
        }

        for (var i = 0; i < keys.Count; i++)
        {
            (_rows.TryGetValue(keys[i], out var numbers) ? numbers : throw Wrong("lacks a partition of the keyset")).CopyTo(flat, i * nodes);
        }

        return ReleasedTable.Of(_spec, keys, flat);
    }

    private List<byte[]> Sorted()
    {
        var codec = new PartitionKeyCodec(_spec.PartitionBy);
        List<byte[]> keys = [.. _rows.Keys];
        keys.Sort((a, b) => codec.Compare(a, b));
        return keys;
    }

    private static long Word(RecordBatch batch, int column, int row) => batch.Columns[column].ValuesAs<long>()[row];

    private static DpSparkException Wrong(string what) =>
        new("DPS9007", ExitCodes.Bug, "the result of Spark " + what + ".", "The plan around the release step changed its rows.", ["please report this with the plan (`dpspark plan`)"]);

    private sealed class ByteKeys : IEqualityComparer<byte[]>
    {
        public static ByteKeys Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = new HashCode();
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
