using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Writes, compares and reads partition keys as canonical key tuples (dp-math.md 2.3), the form in which both hosts carry them.</summary>
/// <remarks>Stateless after construction; safe to share between threads.</remarks>
public sealed class PartitionKeyCodec
{
    private readonly IReadOnlyList<PartitionColumnSpec> _columns;

    /// <summary>Makes a codec for the partition columns of a job.</summary>
    /// <param name="columns">The columns; their <see cref="PartitionColumnSpec.KeyType"/> is string, bool, long, double, date or timestamp.</param>
    public PartitionKeyCodec(IReadOnlyList<PartitionColumnSpec> columns) => _columns = columns;

    /// <summary>Encodes one key.</summary>
    /// <param name="values">One value a column: string or UTF-8 <c>byte[]</c>, bool, long, double, date as int days, timestamp as long microseconds UTC; null where null is a key.</param>
    /// <exception cref="ArgumentException">A value does not fit its column.</exception>
    public byte[] Encode(IReadOnlyList<object?> values)
    {
        if (values.Count != _columns.Count)
        {
            throw new ArgumentException($"The key has {values.Count} values; the partition has {_columns.Count} columns.", nameof(values));
        }

        var writer = new KeyWriter();
        for (var i = 0; i < values.Count; i++)
        {
            switch (_columns[i].KeyType, values[i])
            {
                case (_, null):
                    writer.WriteNull();
                    break;
                case (ColumnType.String, string text):
                    writer.WriteString(System.Text.Encoding.UTF8.GetBytes(text));
                    break;
                case (ColumnType.String, byte[] utf8):
                    writer.WriteString(utf8);
                    break;
                case (ColumnType.Bool, bool flag):
                    writer.WriteBool(flag);
                    break;
                case (ColumnType.Long, long number):
                    writer.WriteInt64(number);
                    break;
                case (ColumnType.Double, double number):
                    writer.WriteDouble(number);
                    break;
                case (ColumnType.Date, int days):
                    writer.WriteDate(days);
                    break;
                case (ColumnType.Timestamp, long microseconds):
                    writer.WriteTimestamp(microseconds);
                    break;
                default:
                    throw new ArgumentException($"Value {i + 1} of the key does not have the type of partition column '{_columns[i].Name}'.", nameof(values));
            }
        }

        return writer.Written.ToArray();
    }

    /// <summary>Whether bytes are a key of these columns: what <see cref="Compare"/> and <see cref="Decode"/> take.</summary>
    /// <param name="bytes">Bytes that came from elsewhere.</param>
    public bool IsKey(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < _columns.Count; i++)
        {
            if (bytes.Length < CanonicalKey.NullBytes || BinaryPrimitives.ReadInt32BigEndian(bytes) is var length && (length < 1 || length > bytes.Length - 4))
            {
                return false;
            }

            var payload = bytes.Slice(5, length - 1);
            var fits = ((KeyTag)bytes[4], _columns[i].KeyType) switch
            {
                (KeyTag.Null, _) => payload.Length == 0,
                (KeyTag.String, ColumnType.String) => true,
                (KeyTag.Bool, ColumnType.Bool) => payload is [0 or 1],
                (KeyTag.Int64, ColumnType.Long) or (KeyTag.Double, ColumnType.Double) or (KeyTag.Timestamp, ColumnType.Timestamp) => payload.Length == 8,
                (KeyTag.Date, ColumnType.Date) => payload.Length == 4,
                _ => false,
            };
            if (!fits)
            {
                return false;
            }

            bytes = bytes[(4 + length)..];
        }

        return bytes.Length == 0;
    }

    /// <summary>Compares two keys in release order: column by column, null first, numbers and dates by value, false before true, text by its UTF-8 bytes.</summary>
    /// <param name="left">Canonical bytes.</param>
    /// <param name="right">Canonical bytes.</param>
    public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (var i = 0; i < _columns.Count; i++)
        {
            var a = TakeElement(ref left);
            var b = TakeElement(ref right);
            var aNull = a[0] == (byte)KeyTag.Null;
            var bNull = b[0] == (byte)KeyTag.Null;
            if (aNull || bNull)
            {
                if (aNull && bNull)
                {
                    continue;
                }

                return aNull ? -1 : 1;
            }

            a = a[1..];
            b = b[1..];
            var order = _columns[i].KeyType switch
            {
                ColumnType.Long or ColumnType.Timestamp => BinaryPrimitives.ReadInt64BigEndian(a).CompareTo(BinaryPrimitives.ReadInt64BigEndian(b)),
                ColumnType.Double => BinaryPrimitives.ReadDoubleBigEndian(a).CompareTo(BinaryPrimitives.ReadDoubleBigEndian(b)),
                ColumnType.Date => BinaryPrimitives.ReadInt32BigEndian(a).CompareTo(BinaryPrimitives.ReadInt32BigEndian(b)),
                _ => a.SequenceCompareTo(b),
            };
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    /// <summary>The fields of the decoded columns.</summary>
    public IReadOnlyList<Field> Fields()
    {
        var fields = new Field[_columns.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = new Field(_columns[i].Name, ArrowTypeOf(_columns[i].KeyType), _columns[i].NullIsKey);
        }

        return fields;
    }

    /// <summary>Decodes keys into one array a column.</summary>
    /// <param name="keys">Canonical bytes of each key, in row order.</param>
    public IReadOnlyList<ArrowArray> Decode(IReadOnlyList<byte[]> keys)
    {
        var positions = new int[keys.Count];
        var arrays = new ArrowArray[_columns.Count];
        for (var c = 0; c < arrays.Length; c++)
        {
            arrays[c] = DecodeColumn(_columns[c].KeyType, keys, positions);
        }

        return arrays;
    }

    private static ArrowArray DecodeColumn(ColumnType type, IReadOnlyList<byte[]> keys, int[] positions)
    {
        var n = keys.Count;
        var validity = new byte[(n + 7) / 8];
        var nulls = 0;
        var width = type switch { ColumnType.Long or ColumnType.Double or ColumnType.Timestamp => 8, ColumnType.Date => 4, _ => 0 };
        var values = new byte[type == ColumnType.Bool ? (n + 7) / 8 : n * width];
        var offsets = type == ColumnType.String ? new int[n + 1] : [];
        var text = new List<byte[]>();
        var textLength = 0;
        for (var row = 0; row < n; row++)
        {
            ReadOnlySpan<byte> rest = keys[row].AsSpan(positions[row]);
            var before = rest.Length;
            var element = TakeElement(ref rest);
            positions[row] += before - rest.Length;
            if (element[0] == (byte)KeyTag.Null)
            {
                nulls++;
            }
            else
            {
                validity[row >> 3] |= (byte)(1 << (row & 7));
                element = element[1..];
                switch (type)
                {
                    case ColumnType.String:
                        text.Add(element.ToArray());
                        textLength = checked(textLength + element.Length);
                        break;
                    case ColumnType.Bool:
                        values[row >> 3] |= (byte)(element[0] << (row & 7));
                        break;
                    default:
                        for (var b = 0; b < width; b++)
                        {
                            values[(row * width) + b] = element[width - 1 - b];
                        }

                        break;
                }
            }

            if (type == ColumnType.String)
            {
                offsets[row + 1] = textLength;
            }
        }

        if (type == ColumnType.String)
        {
            values = new byte[textLength];
            var at = 0;
            foreach (var piece in text)
            {
                piece.CopyTo(values, at);
                at += piece.Length;
            }
        }

        return new ArrowArray
        {
            Type = ArrowTypeOf(type),
            Length = n,
            NullCount = nulls,
            Validity = nulls == 0 ? default(ReadOnlyMemory<byte>) : validity,
            Offsets = MemoryMarshal.AsBytes(offsets.AsSpan()).ToArray(),
            Values = values,
        };
    }

    private static ArrowType ArrowTypeOf(ColumnType type) => type switch
    {
        ColumnType.String => ArrowType.Utf8,
        ColumnType.Bool => ArrowType.Bool,
        ColumnType.Long => ArrowType.Int64,
        ColumnType.Double => ArrowType.Double,
        ColumnType.Date => ArrowType.Date,
        ColumnType.Timestamp => ArrowType.TimestampUtc,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of a partition key."),
    };

    private static ReadOnlySpan<byte> TakeElement(ref ReadOnlySpan<byte> rest)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(rest);
        var element = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return element;
    }
}
