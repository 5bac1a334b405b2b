using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Turns stored values into Arrow values of another width or meaning.</summary>
internal sealed class ValueConversion
{
    private readonly Kind _kind;
    private readonly ParquetColumn _column;

    private ValueConversion(Kind kind, ParquetColumn column)
    {
        _kind = kind;
        _column = column;
    }

    private enum Kind
    {
        Copy,
        Narrow8,
        Narrow16,
        WidenInt32,
        WidenInt64,
        BigEndian,
        Int96,
    }

    /// <summary>Whether stored and Arrow values are the same bytes.</summary>
    public bool IsCopy => _kind == Kind.Copy;

    public static ValueConversion Between(ParquetColumn column)
    {
        var type = column.Type;
        var kind = (type.Kind, column.Physical) switch
        {
            (TypeKind.Decimal, PhysicalType.Int32) => Kind.WidenInt32,
            (TypeKind.Decimal, PhysicalType.Int64) => Kind.WidenInt64,
            (TypeKind.Decimal, _) => Kind.BigEndian,
            (TypeKind.Int, PhysicalType.Int32) when type.BitWidth == 8 => Kind.Narrow8,
            (TypeKind.Int, PhysicalType.Int32) when type.BitWidth == 16 => Kind.Narrow16,
            (_, PhysicalType.Int96) => Kind.Int96,
            _ => Kind.Copy,
        };
        return new ValueConversion(kind, column);
    }

    /// <summary>Converts values of one stored width.</summary>
    public void Convert(ReadOnlySpan<byte> stored, Span<byte> values)
    {
        switch (_kind)
        {
            case Kind.Copy:
                stored.CopyTo(values);
                break;
            case Kind.Narrow8:
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = stored[i * 4];
                }

                break;
            case Kind.Narrow16:
                var from = MemoryMarshal.Cast<byte, int>(stored);
                var narrow = MemoryMarshal.Cast<byte, short>(values);
                for (var i = 0; i < narrow.Length; i++)
                {
                    narrow[i] = unchecked((short)from[i]);
                }

                break;
            case Kind.WidenInt32:
                foreach (var value in MemoryMarshal.Cast<byte, int>(stored))
                {
                    BinaryPrimitives.WriteInt128LittleEndian(values, value);
                    values = values[16..];
                }

                break;
            case Kind.WidenInt64:
                foreach (var value in MemoryMarshal.Cast<byte, long>(stored))
                {
                    BinaryPrimitives.WriteInt128LittleEndian(values, value);
                    values = values[16..];
                }

                break;
            default:
                var width = _column.Type.FixedWidth;
                for (; !stored.IsEmpty; stored = stored[_column.Width..], values = values[width..])
                {
                    if (_kind == Kind.Int96)
                    {
                        BinaryPrimitives.WriteInt64LittleEndian(values, Timestamp(stored));
                    }
                    else
                    {
                        ConvertBytes(stored[.._column.Width], values[..width]);
                    }
                }

                break;
        }
    }

    /// <summary>Converts one byte array: a copy, or a big-endian decimal.</summary>
    public void ConvertBytes(ReadOnlySpan<byte> stored, Span<byte> value)
    {
        if (_kind == Kind.Copy)
        {
            stored.CopyTo(value);
            return;
        }

        var negative = !stored.IsEmpty && stored[0] >= 128;
        var sign = negative ? (byte)255 : (byte)0;
        value.Fill(sign);
        for (var i = 0; i < stored.Length; i++)
        {
            var b = stored[stored.Length - 1 - i];
            if (i < value.Length)
            {
                value[i] = b;
            }
            else if (b != sign)
            {
                throw TooLarge();
            }
        }

        if (stored.IsEmpty || (value[^1] >= 128) != negative)
        {
            throw TooLarge();
        }
    }

    private ParquetFormatException TooLarge() => new($"Column '{_column.Path}': a stored decimal does not fit {_column.Type.BitWidth} bits.");

    /// <summary>Nanoseconds of the day and Julian day to a timestamp; the zone is UTC, the calendar Gregorian.</summary>
    private long Timestamp(ReadOnlySpan<byte> stored)
    {
        const int julianDayOf1970 = 2440588;
        var nanoseconds = BinaryPrimitives.ReadInt64LittleEndian(stored);
        if (_column.Type.Unit == TimeUnit.Nanosecond)
        {
            var day = BinaryPrimitives.ReadUInt32LittleEndian(stored[8..]) - (long)julianDayOf1970;
            return unchecked((day * 86_400_000_000_000) + nanoseconds);
        }

        // Spark writes days before the Julian epoch as negative numbers.
        var signedDay = BinaryPrimitives.ReadInt32LittleEndian(stored[8..]) - (long)julianDayOf1970;
        var sinceMidnight = nanoseconds >= 0 ? nanoseconds / 1000 : ((nanoseconds + 1) / 1000) - 1;
        var value = ((Int128)signedDay * 86_400_000_000) + sinceMidnight;
        return value >= long.MinValue && value <= long.MaxValue
            ? (long)value
            : throw new ParquetFormatException($"Column '{_column.Path}': an INT96 timestamp lies beyond what 64 bits of microseconds can hold.");
    }
}
