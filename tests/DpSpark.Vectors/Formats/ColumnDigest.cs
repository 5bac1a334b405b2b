using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DpSpark.Arrow;

namespace DpSpark.Vectors.Formats;

/// <summary>SHA-256 and null count of a column's values, independent of their physical layout. Feed it the batches in order.</summary>
public sealed class ColumnDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[16384];
    private int _used;

    /// <summary>Rows that are null, so far.</summary>
    public long Nulls { get; private set; }

    /// <summary>Adds all rows of an array.</summary>
    /// <param name="array">The next part of the column.</param>
    public void Append(ArrowArray array)
    {
        for (var row = 0; row < array.Length; row++)
        {
            if (!AppendValue(array, row))
            {
                Nulls++;
            }
        }
    }

    /// <summary>The digest in lower-case hex. Ends the column.</summary>
    public string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    /// <summary>Appends one value; false when it is null.</summary>
    private bool AppendValue(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            Byte(0);
            return false;
        }

        if (array.Dictionary is { } dictionary)
        {
            return AppendValue(dictionary, array.IndexAt(row));
        }

        Byte(1);
        var type = array.Type;
        switch (type.Kind)
        {
            case TypeKind.Bool:
                Byte(array.BoolAt(row) ? (byte)1 : (byte)0);
                break;
            case TypeKind.Int or TypeKind.Date or TypeKind.Time or TypeKind.Timestamp or TypeKind.Duration:
                Span<byte> integer = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(integer, StoredInteger(array, row));
                Bytes(integer);
                break;
            case TypeKind.FloatingPoint or TypeKind.Decimal:
                Bytes(array.Values.Span.Slice(row * type.FixedWidth, type.FixedWidth));
                break;
            case TypeKind.Struct:
                foreach (var child in array.Children)
                {
                    AppendValue(child, row);
                }

                break;
            case TypeKind.List or TypeKind.LargeList or TypeKind.FixedSizeList:
                var (start, count) = array.ItemsAt(row);
                Count(count);
                for (var i = 0; i < count; i++)
                {
                    AppendValue(array.Children[0], start + i);
                }

                break;
            case TypeKind.Map:
                var (first, entries) = array.ItemsAt(row);
                Count(entries);
                for (var i = 0; i < entries; i++)
                {
                    AppendValue(array.Children[0].Children[0], first + i);
                    AppendValue(array.Children[0].Children[1], first + i);
                }

                break;
            default:
                var bytes = array.BytesAt(row);
                Count(bytes.Length);
                Bytes(bytes);
                break;
        }

        return true;
    }

    /// <summary>The stored integer of an Int, Date, Time, Timestamp or Duration, extended to 64 bits as its sign demands.</summary>
    internal static long StoredInteger(ArrowArray array, int row)
    {
        var signed = array.Type.Kind != TypeKind.Int || array.Type.IsSigned;
        var bytes = array.Values.Span;
        return array.Type.FixedWidth switch
        {
            1 => signed ? (sbyte)bytes[row] : bytes[row],
            2 => signed ? MemoryMarshal.Read<short>(bytes[(2 * row)..]) : MemoryMarshal.Read<ushort>(bytes[(2 * row)..]),
            4 => signed ? MemoryMarshal.Read<int>(bytes[(4 * row)..]) : MemoryMarshal.Read<uint>(bytes[(4 * row)..]),
            _ => MemoryMarshal.Read<long>(bytes[(8 * row)..]),
        };
    }

    private void Count(int count)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, count);
        Bytes(bytes);
    }

    private void Byte(byte value) => Bytes(new ReadOnlySpan<byte>(in value));

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            Flush();
            if (bytes.Length > _buffer.Length)
            {
                _hash.AppendData(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Flush()
    {
        _hash.AppendData(_buffer, 0, _used);
        _used = 0;
    }
}
