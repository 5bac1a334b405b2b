using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>The values of one column in the row group that is being filled, as they will be stored.</summary>
internal sealed class ColumnBuffer(StoredType type)
{
    private byte[] _values = new byte[4096];
    private int[] _ends = type.Physical == PhysicalType.ByteArray ? new int[1024] : [];
    private byte[] _present = type.Field.Nullable ? new byte[1024] : [];

    public StoredType Type => type;

    public int Rows { get; private set; }

    /// <summary>Rows that are not null.</summary>
    public int Values { get; private set; }

    /// <summary>Bytes of all values.</summary>
    public int Bytes { get; private set; }

    public bool IsPresent(int row) => !type.Field.Nullable || _present[row] != 0;

    /// <summary>A value, by its number among those that are not null; booleans are one byte.</summary>
    public ReadOnlySpan<byte> Value(int index)
    {
        if (type.Physical == PhysicalType.ByteArray)
        {
            var start = index == 0 ? 0 : _ends[index - 1];
            return _values.AsSpan(start, _ends[index] - start);
        }

        var width = Math.Max(1, type.Width);
        return _values.AsSpan(index * width, width);
    }

    /// <summary>Consecutive values of a fixed width.</summary>
    public ReadOnlySpan<byte> Fixed(int start, int count) => _values.AsSpan(start * Math.Max(1, type.Width), count * Math.Max(1, type.Width));

    public void Clear() => Rows = Values = Bytes = 0;

    public void Append(ArrowArray array, int start, int count)
    {
        if (type.Field.Nullable)
        {
            Reserve(ref _present, Rows + count);
            for (var i = 0; i < count; i++)
            {
                _present[Rows + i] = IsNull(array, start + i) ? (byte)0 : (byte)1;
            }
        }

        if (array.Dictionary is null && array.NullCount == 0 && IsCopy)
        {
            var bytes = array.Values.Span.Slice(start * type.Width, count * type.Width);
            bytes.CopyTo(Take(bytes.Length));
            Values += count;
        }
        else
        {
            for (var i = start; i < start + count; i++)
            {
                AppendRow(array, i);
            }
        }

        Rows += count;
    }

    private bool IsCopy => type.Width > 0 && type.Width == type.Field.Type.FixedWidth && type.Field.Type.Kind != TypeKind.Decimal;

    private static bool IsNull(ArrowArray array, int row) => array.IsNull(row) || (array.Dictionary is { } dictionary && dictionary.IsNull(array.IndexAt(row)));

    private static void Reserve<T>(ref T[] array, long length)
    {
        if (length > array.Length)
        {
            if (length > Array.MaxLength)
            {
                throw new ArrowUnsupportedException("more than 2 GiB of values of one column in a row group");
            }

            Array.Resize(ref array, (int)Math.Min(Array.MaxLength, Math.Max(length, array.Length * 2L)));
        }
    }

    private Span<byte> Take(int bytes)
    {
        Reserve(ref _values, (long)Bytes + bytes);
        var span = _values.AsSpan(Bytes, bytes);
        Bytes += bytes;
        return span;
    }

    private void AppendRow(ArrowArray array, int row)
    {
        if (IsNull(array, row))
        {
            if (!type.Field.Nullable)
            {
                throw new ArgumentException($"Column '{type.Field.Name}' is declared without nulls, but holds one.", nameof(array));
            }

            return;
        }

        if (array.Dictionary is { } dictionary)
        {
            row = array.IndexAt(row);
            array = dictionary;
        }

        switch (type.Physical)
        {
            case PhysicalType.Boolean:
                Take(1)[0] = array.BoolAt(row) ? (byte)1 : (byte)0;
                break;
            case PhysicalType.ByteArray:
                var value = array.BytesAt(row);
                value.CopyTo(Take(value.Length));
                Reserve(ref _ends, Values + 1L);
                _ends[Values] = Bytes;
                break;
            default:
                var from = array.Type.FixedWidth;
                Convert(array.Values.Span.Slice(row * from, from), Take(type.Width));
                break;
        }

        Values++;
    }

    private void Convert(ReadOnlySpan<byte> value, Span<byte> stored)
    {
        var arrow = type.Field.Type;
        if (arrow.Kind == TypeKind.Decimal)
        {
            ConvertDecimal(BinaryPrimitives.ReadInt128LittleEndian(value), stored);
        }
        else if (value.Length < stored.Length)
        {
            var wide = (value.Length, arrow.IsSigned) switch
            {
                (1, true) => (sbyte)value[0],
                (1, false) => value[0],
                (_, true) => MemoryMarshal.Read<short>(value),
                _ => (int)MemoryMarshal.Read<ushort>(value),
            };
            BinaryPrimitives.WriteInt32LittleEndian(stored, wide);
        }
        else
        {
            value.CopyTo(stored);
        }
    }

    private void ConvertDecimal(Int128 value, Span<byte> stored)
    {
        var shift = 128 - (8 * stored.Length);
        if (((value << shift) >> shift) != value)
        {
            throw new ArgumentException($"Column '{type.Field.Name}' holds a decimal of more than {type.Field.Type.Precision} digits.");
        }

        for (var i = 0; i < stored.Length; i++)
        {
            var at = type.Physical == PhysicalType.FixedLenByteArray ? stored.Length - 1 - i : i;
            stored[at] = (byte)(value >> (8 * i));
        }
    }
}
