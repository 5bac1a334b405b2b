using System.Runtime.InteropServices;
using System.Text;

namespace DpSpark.Arrow;

/// <summary>Makes arrays from values. Where validity is given it has one entry per row, true = present; the value of a null row is not kept.</summary>
public static class ArrowArrays
{
    /// <summary>Signed 32-bit integers.</summary>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Int32(ReadOnlySpan<int> values, ReadOnlySpan<bool> valid = default) => FixedWidth(ArrowType.Int32, values, valid);

    /// <summary>Signed 64-bit integers.</summary>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Int64(ReadOnlySpan<long> values, ReadOnlySpan<bool> valid = default) => FixedWidth(ArrowType.Int64, values, valid);

    /// <summary>32-bit floating point.</summary>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Float(ReadOnlySpan<float> values, ReadOnlySpan<bool> valid = default) => FixedWidth(ArrowType.Float, values, valid);

    /// <summary>64-bit floating point.</summary>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Double(ReadOnlySpan<double> values, ReadOnlySpan<bool> valid = default) => FixedWidth(ArrowType.Double, values, valid);

    /// <summary>Dates.</summary>
    /// <param name="days">Days since 1970-01-01, one per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Date(ReadOnlySpan<int> days, ReadOnlySpan<bool> valid = default) => FixedWidth(ArrowType.Date, days, valid);

    /// <summary>Instants in UTC.</summary>
    /// <param name="microseconds">Microseconds since 1970-01-01T00:00:00Z, one per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray TimestampUtc(ReadOnlySpan<long> microseconds, ReadOnlySpan<bool> valid = default) =>
        FixedWidth(ArrowType.TimestampUtc, microseconds, valid);

    /// <summary>Decimals of 128 bits.</summary>
    /// <param name="unscaled">Values times 10 to the <paramref name="scale"/>, one per row.</param>
    /// <param name="precision">Digits in all, 1 to 38.</param>
    /// <param name="scale">Digits after the point.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Decimal128(ReadOnlySpan<Int128> unscaled, int precision, int scale, ReadOnlySpan<bool> valid = default) =>
        FixedWidth(ArrowType.Decimal128(precision, scale), unscaled, valid);

    /// <summary>Values of any type of fixed width.</summary>
    /// <typeparam name="T">Has the width of the type.</typeparam>
    /// <param name="type">Type of the array.</param>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    /// <exception cref="ArgumentException">The widths differ, or there are not as many validities as values.</exception>
    public static unsafe ArrowArray FixedWidth<T>(ArrowType type, ReadOnlySpan<T> values, ReadOnlySpan<bool> valid = default) where T : unmanaged
    {
        if (type.FixedWidth != sizeof(T))
        {
            throw new ArgumentException($"A value of type {type.Kind} has {type.FixedWidth} bytes, not {sizeof(T)}.", nameof(type));
        }

        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        var bits = Bitmap(values.Length, valid, out var nulls);
        for (var i = 0; nulls > 0 && i < valid.Length; i++)
        {
            if (!valid[i])
            {
                bytes.AsSpan(i * sizeof(T), sizeof(T)).Clear();
            }
        }

        return new() { Type = type, Length = values.Length, NullCount = nulls, Validity = bits, Values = bytes };
    }

    /// <summary>Booleans.</summary>
    /// <param name="values">One per row.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Bool(ReadOnlySpan<bool> values, ReadOnlySpan<bool> valid = default)
    {
        var bits = Bitmap(values.Length, valid, out var nulls);
        var data = new byte[(values.Length + 7) / 8];
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] && (valid.IsEmpty || valid[i]))
            {
                data[i >> 3] |= (byte)(1 << (i & 7));
            }
        }

        return new() { Type = ArrowType.Bool, Length = values.Length, NullCount = nulls, Validity = bits, Values = data };
    }

    /// <summary>Text.</summary>
    /// <param name="values">One per row; null for a null row. Halves of surrogate pairs become U+FFFD.</param>
    public static ArrowArray Utf8(IEnumerable<string?> values) => Text(ArrowType.Utf8, values.Select(v => v is null ? null : Encoding.UTF8.GetBytes(v)));

    /// <summary>Bytes of varying length.</summary>
    /// <param name="values">One per row; null for a null row.</param>
    public static ArrowArray Binary(IEnumerable<byte[]?> values) => Text(ArrowType.Binary, values);

    /// <summary>Text or bytes with 32-bit offsets, from the finished buffers.</summary>
    /// <param name="type">Utf8 or Binary.</param>
    /// <param name="offsets">One more than rows; the first is 0. Kept, not copied.</param>
    /// <param name="data">The bytes that the offsets cut. Kept, not copied.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Text(ArrowType type, int[] offsets, ReadOnlyMemory<byte> data, ReadOnlySpan<bool> valid = default)
    {
        var length = offsets.Length - 1;
        var bits = Bitmap(length, valid, out var nulls);
        var bytes = MemoryMarshal.AsBytes(offsets.AsSpan()).ToArray();
        return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Offsets = bytes, Values = data };
    }

    /// <summary>Rows that are all null.</summary>
    /// <param name="length">Number of rows.</param>
    public static ArrowArray Null(int length) => new() { Type = ArrowType.Null, Length = length, NullCount = length };

    /// <summary>Structs.</summary>
    /// <param name="length">Number of rows.</param>
    /// <param name="children">One array per member, each of <paramref name="length"/> rows.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray Struct(int length, IReadOnlyList<ArrowArray> children, ReadOnlySpan<bool> valid = default)
    {
        var bits = Bitmap(length, valid, out var nulls);
        return new() { Type = new(TypeKind.Struct), Length = length, NullCount = nulls, Validity = bits, Children = children };
    }

    /// <summary>Lists with 32-bit offsets.</summary>
    /// <param name="offsets">One more than rows, never falling, within the items.</param>
    /// <param name="items">The items of all rows.</param>
    /// <param name="valid">Validity; empty when no row is null.</param>
    public static ArrowArray List(ReadOnlySpan<int> offsets, ArrowArray items, ReadOnlySpan<bool> valid = default)
    {
        var length = offsets.Length - 1;
        var bits = Bitmap(length, valid, out var nulls);
        return new()
        {
            Type = new(TypeKind.List),
            Length = length,
            NullCount = nulls,
            Validity = bits,
            Offsets = MemoryMarshal.AsBytes(offsets).ToArray(),
            Children = [items],
        };
    }

    /// <summary>Packs validity into bits.</summary>
    /// <param name="length">Number of rows.</param>
    /// <param name="valid">One per row, or empty.</param>
    /// <param name="nulls">Number of null rows.</param>
    /// <returns>Empty when no row is null.</returns>
    /// <exception cref="ArgumentException">There are not as many validities as rows.</exception>
    public static ReadOnlyMemory<byte> Bitmap(int length, ReadOnlySpan<bool> valid, out int nulls)
    {
        nulls = 0;
        if (valid.IsEmpty)
        {
            return default;
        }

        if (valid.Length != length)
        {
            throw new ArgumentException($"{length} rows, but {valid.Length} validities.", nameof(valid));
        }

        var bits = new byte[(length + 7) / 8];
        for (var i = 0; i < length; i++)
        {
            if (valid[i])
            {
                bits[i >> 3] |= (byte)(1 << (i & 7));
            }
            else
            {
                nulls++;
            }
        }

        return nulls == 0 ? default : bits;
    }

    private static ArrowArray Text(ArrowType type, IEnumerable<byte[]?> values)
    {
        var offsets = new List<int> { 0 };
        var valid = new List<bool>();
        using var data = new MemoryStream();
        foreach (var value in values)
        {
            valid.Add(value is not null);
            data.Write(value);
            offsets.Add(checked((int)data.Length));
        }

        return Text(type, [.. offsets], data.ToArray(), CollectionsMarshal.AsSpan(valid));
    }
}
