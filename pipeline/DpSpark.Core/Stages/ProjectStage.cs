using DpSpark.Arrow;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>
/// Step 1 of a release: turns batches of the source into contributions. Applies the column contract, makes unit and partition keys, and leaves out rows outside of the keyset
/// before bounding, so that they do not use up a unit's partitions.
/// </summary>
/// <remarks>One instance serves one thread. Every decision is a function of one row, so the step is 1-stable.</remarks>
public sealed class ProjectStage
{
    private readonly StageSpec _spec;
    private readonly KeysetIndex? _keyset;
    private readonly KeysetIndex? _leftOut;
    private readonly ColumnConverter[] _columns;
    private readonly int[] _sourceIndex;
    private readonly int[] _unitColumns;
    private readonly PartitionReader[] _partitions;
    private readonly int[] _recordColumns;
    private readonly ContributionBatch _batch = new();
    private readonly KeyWriter _scratch = new(256);
    private readonly int _other = -1;
    private long[] _hashes = [];
    private byte[] _keep = [];

    /// <summary>Prepares the step for a source.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="source">Columns of the batches, by their names in the source.</param>
    /// <param name="keyset">The public keys, or those that <see cref="StageSpec.LeavesOutKeys"/> leaves out; or null.</param>
    /// <exception cref="DataContractException">A column of the contract is missing (DPS5001).</exception>
    public ProjectStage(StageSpec spec, Schema source, KeysetIndex? keyset)
    {
        _spec = spec;
        _keyset = spec.LeavesOutKeys ? null : keyset;
        _leftOut = spec.LeavesOutKeys ? keyset : null;
        _columns = new ColumnConverter[spec.Columns.Count];
        _sourceIndex = new int[spec.Columns.Count];
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i] = new ColumnConverter(spec.Columns[i]);
            _sourceIndex[i] = source.IndexOf(spec.Columns[i].SourceName);
            if (_sourceIndex[i] < 0)
            {
                throw new DataContractException("DPS5001", $"column '{spec.Columns[i].SourceName}' is not in the source.", fixes: ["Mend the name in the manifest's columns, or write from: the name in the file."]);
            }
        }

        _unitColumns = new int[spec.UnitColumns.Count];
        for (var i = 0; i < _unitColumns.Length; i++)
        {
            _unitColumns[i] = IndexOfColumn(spec, spec.UnitColumns[i]);
        }

        _partitions = new PartitionReader[spec.PartitionBy.Count];
        for (var i = 0; i < _partitions.Length; i++)
        {
            _partitions[i] = new PartitionReader(spec.PartitionBy[i], _columns[IndexOfColumn(spec, spec.PartitionBy[i].Column)]);
        }

        _recordColumns = new int[spec.RecordColumns.Count];
        for (var i = 0; i < _recordColumns.Length; i++)
        {
            _recordColumns[i] = IndexOfColumn(spec, spec.RecordColumns[i]);
        }

        UnitShape = UnitShapeOf(spec);
        PartitionShape = PartitionShapeOf(spec);
        if (spec.OtherKey)
        {
            _other = keyset?.Find(NullKey(spec.PartitionBy.Count)) ?? -1;
            if (_other < 0)
            {
                throw new InvalidOperationException("DPS9003: the keyset lacks the key of all others.");
            }
        }
    }

    /// <summary>The key of nulls alone, under which keys outside of a keyset may be gathered.</summary>
    /// <param name="columns">Number of partition columns.</param>
    public static byte[] NullKey(int columns)
    {
        var key = new KeyWriter();
        for (var i = 0; i < columns; i++)
        {
            key.WriteNull();
        }

        return key.Written.ToArray();
    }

    /// <summary>How units are carried.</summary>
    public KeyShape UnitShape { get; }

    /// <summary>How partitions are carried.</summary>
    public KeyShape PartitionShape { get; }

    /// <summary>How the units of a release are carried.</summary>
    /// <param name="spec">The release.</param>
    public static KeyShape UnitShapeOf(StageSpec spec) => spec.UnitColumns.Count == 0
        ? KeyShape.None
        : spec.UnitColumns.Count == 1 && !spec.NullIdIsOneUnit && TagOf(ColumnOf(spec, spec.UnitColumns[0]).Type) is not null ? KeyShape.Word : KeyShape.Bytes;

    /// <summary>How the partitions of a release are carried.</summary>
    /// <param name="spec">The release.</param>
    public static KeyShape PartitionShapeOf(StageSpec spec) => spec.PublicPartitions || spec.PartitionBy.Count == 0
        || (spec.PartitionBy.Count == 1 && !spec.PartitionBy[0].NullIsKey && TagOf(spec.PartitionBy[0].KeyType) is not null)
        ? KeyShape.Word
        : KeyShape.Bytes;

    /// <summary>The codec of unit words, where <see cref="UnitShape"/> is <see cref="KeyShape.Word"/>.</summary>
    /// <param name="spec">The release.</param>
    public static FixedKey UnitKey(StageSpec spec) => new(TagOf(ColumnOf(spec, spec.UnitColumns[0]).Type) ?? KeyTag.Null);

    /// <summary>The codec of partition words, where <see cref="PartitionShape"/> is <see cref="KeyShape.Word"/> and there is no keyset.</summary>
    /// <param name="spec">The release.</param>
    public static FixedKey PartitionKey(StageSpec spec) => new(spec.PartitionBy.Count == 0 ? KeyTag.Null : TagOf(spec.PartitionBy[0].KeyType) ?? KeyTag.Null);

    /// <summary>Projects a batch.</summary>
    /// <param name="source">A batch of the source.</param>
    /// <returns>The contributions; valid until the next call.</returns>
    /// <exception cref="DataContractException">A value breaks a policy that says <c>error</c>.</exception>
    public ContributionBatch Project(RecordBatch source)
    {
        var n = source.Length;
        if (_keep.Length < n)
        {
            _keep = new byte[n];
        }

        var keep = _keep.AsSpan(0, n);
        keep.Fill(1);
        var dropped = 0;
        for (var i = 0; i < _columns.Length; i++)
        {
            dropped += _columns[i].Convert(source.Columns[_sourceIndex[i]], keep);
        }

        dropped += _spec.NullIdIsOneUnit ? 0 : DropNullIds(keep);
        _batch.EnsureCapacity(n, _recordColumns.Length, UnitShape, PartitionShape);
        _batch.RowsRead = n;
        _batch.RowsOutsideKeyset = 0;
        ReadPartitions(keep, ref dropped);
        ReadUnits(keep);
        for (var c = 0; c < _recordColumns.Length; c++)
        {
            var column = _columns[_recordColumns[c]];
            Compact(column.IsText ? HashesOf(column, keep) : column.Words.AsSpan(0, n), keep, dropped, _batch.Values[c]);
        }

        _batch.Length = n - dropped;
        return _batch;
    }

    /// <summary>Leaves out the rows without an id. The columns' own policy did it unless nulls are kept because the id is a partition column as well.</summary>
    private int DropNullIds(Span<byte> keep)
    {
        var dropped = 0;
        foreach (var index in _unitColumns)
        {
            var column = _columns[index];
            for (var i = 0; column.HasNulls && i < keep.Length; i++)
            {
                if (column.IsNull(i))
                {
                    dropped += keep[i];
                    keep[i] = 0;
                }
            }
        }

        return dropped;
    }

    /// <summary>Writes the id of a row. An id with a null in it is a null id, and all null ids are one unit, never one for each value beside the null (dp-math.md 0.5).</summary>
    private void WriteUnit(KeyWriter bytes, int row)
    {
        var isNull = false;
        foreach (var column in _unitColumns)
        {
            isNull |= _columns[column].IsNull(row);
        }

        foreach (var column in _unitColumns)
        {
            if (isNull)
            {
                bytes.WriteNull();
            }
            else
            {
                WriteElement(bytes, _columns[column], TagOf(_columns[column].Spec.Type), row);
            }
        }
    }

    private void ReadUnits(ReadOnlySpan<byte> keep)
    {
        if (UnitShape == KeyShape.None)
        {
            return;
        }

        if (UnitShape == KeyShape.Word)
        {
            var words = System.Runtime.InteropServices.MemoryMarshal.Cast<long, ulong>(_columns[_unitColumns[0]].Words.AsSpan(0, keep.Length));
            Compact(words, keep, keep.IndexOf((byte)0) < 0 ? 0 : 1, _batch.Units);
            return;
        }

        var bytes = _batch.UnitBytes;
        bytes.Reset();
        var row = 0;
        for (var i = 0; i < keep.Length; i++)
        {
            if (keep[i] == 0)
            {
                continue;
            }

            var start = bytes.Length;
            WriteUnit(bytes, i);
            _batch.UnitEnds[row] = bytes.Length;
            _batch.Units[row] = ByteHash.Of(bytes.Written[start..]);
            row++;
        }
    }

    private void ReadPartitions(Span<byte> keep, ref int dropped)
    {
        foreach (var partition in _partitions)
        {
            partition.Prepare(keep.Length);
        }

        if (_leftOut is not null)
        {
            LeaveOut(_leftOut, keep, ref dropped);
        }

        if (PartitionShape == KeyShape.Word && _keyset is null)
        {
            if (_partitions.Length == 0)
            {
                Array.Clear(_batch.Partitions);
            }
            else
            {
                Compact(System.Runtime.InteropServices.MemoryMarshal.Cast<long, ulong>(_partitions[0].Words.AsSpan(0, keep.Length)), keep, dropped, _batch.Partitions);
            }

            return;
        }

        var bytes = PartitionShape == KeyShape.Bytes ? _batch.PartitionBytes : _scratch;
        bytes.Reset();
        var row = 0;
        for (var i = 0; i < keep.Length; i++)
        {
            if (keep[i] == 0)
            {
                continue;
            }

            var start = bytes.Length;
            foreach (var partition in _partitions)
            {
                WriteElement(bytes, partition.Source, TagOf(partition.Spec.KeyType), i, partition.Words);
            }

            if (_keyset is null)
            {
                _batch.PartitionEnds[row] = bytes.Length;
                _batch.Partitions[row] = ByteHash.Of(bytes.Written[start..]);
                row++;
                continue;
            }

            var index = _keyset.Find(bytes.Written[start..]);
            bytes.Reset();
            index = index < 0 ? _other : index;
            if (index < 0)
            {
                keep[i] = 0;
                dropped++;
                _batch.RowsOutsideKeyset++;
                continue;
            }

            _batch.Partitions[row++] = (ulong)index;
        }
    }

    /// <summary>Leaves out the rows whose key was shown before.</summary>
    private void LeaveOut(KeysetIndex keys, Span<byte> keep, ref int dropped)
    {
        for (var i = 0; i < keep.Length; i++)
        {
            if (keep[i] == 0)
            {
                continue;
            }

            _scratch.Reset();
            foreach (var partition in _partitions)
            {
                WriteElement(_scratch, partition.Source, TagOf(partition.Spec.KeyType), i, partition.Words);
            }

            if (keys.Find(_scratch.Written) >= 0)
            {
                keep[i] = 0;
                dropped++;
            }
        }
    }

    /// <summary>Words that stand for the texts of a column whose distinct values are counted: hashes under a key that both hosts know, as nothing private rests on them.</summary>
    private ReadOnlySpan<long> HashesOf(ColumnConverter column, ReadOnlySpan<byte> keep)
    {
        if (_hashes.Length < keep.Length)
        {
            _hashes = new long[keep.Length];
        }

        for (var i = 0; i < keep.Length; i++)
        {
            _hashes[i] = keep[i] == 0 ? 0 : (long)SipHash24.Hash(0, 0, column.IsReplacedText(i) ? column.NullText : column.Text[i]);
        }

        return _hashes.AsSpan(0, keep.Length);
    }

    private static void WriteElement(KeyWriter writer, ColumnConverter column, KeyTag? tag, int row, long[]? words = null)
    {
        if (column.IsNull(row))
        {
            writer.WriteNull();
            return;
        }

        if (column.IsText)
        {
            var text = column.IsReplacedText(row) ? column.NullText : column.Text[row];
            if (column.Spec.Type == ColumnType.Binary)
            {
                writer.WriteBinary(text);
            }
            else
            {
                writer.WriteString(text);
            }

            return;
        }

        var word = (words ?? column.Words)[row];
        switch (tag)
        {
            case KeyTag.Int64:
                writer.WriteInt64(word);
                break;
            case KeyTag.Double:
                writer.WriteDouble(BitConverter.Int64BitsToDouble(word));
                break;
            case KeyTag.Date:
                writer.WriteDate((int)word);
                break;
            case KeyTag.Timestamp:
                writer.WriteTimestamp(word);
                break;
            case KeyTag.Bool:
                writer.WriteBool(word != 0);
                break;
            default:
                writer.WriteDecimal(word, column.Spec.Scale);
                break;
        }
    }

    private static void Compact<T>(ReadOnlySpan<T> from, ReadOnlySpan<byte> keep, int dropped, T[] to)
    {
        if (dropped == 0)
        {
            from.CopyTo(to);
            return;
        }

        var row = 0;
        for (var i = 0; i < from.Length; i++)
        {
            to[row] = from[i];
            row += keep[i];
            if (row == to.Length)
            {
                break;
            }
        }
    }

    private static KeyTag? TagOf(ColumnType type) => type switch
    {
        ColumnType.Int or ColumnType.Long => KeyTag.Int64,
        ColumnType.Double or ColumnType.Float => KeyTag.Double,
        ColumnType.Date => KeyTag.Date,
        ColumnType.Timestamp => KeyTag.Timestamp,
        ColumnType.Bool => KeyTag.Bool,
        _ => null,
    };

    private static ColumnSpec ColumnOf(StageSpec spec, string name) => spec.Columns[IndexOfColumn(spec, name)];

    private static int IndexOfColumn(StageSpec spec, string name)
    {
        for (var i = 0; i < spec.Columns.Count; i++)
        {
            if (spec.Columns[i].Name == name)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"DPS9003: the stage description names column '{name}', which its contract does not have.");
    }
}
