using System.Runtime.InteropServices;
using DpSpark.Arrow;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>Finds the smallest and the largest value of a column.</summary>
internal static class ColumnStatistics
{
    /// <summary>Longest text or bytes that is written as a bound; longer ones are left out.</summary>
    private const int MaxBoundBytes = 64;

    /// <summary>The bounds in stored form; null where there are none, or where NaN makes them meaningless.</summary>
    public static (byte[]? Min, byte[]? Max) Of(ColumnBuffer column)
    {
        if (column.Values == 0)
        {
            return default;
        }

        var type = column.Type;
        switch (type.Physical)
        {
            case PhysicalType.Int32 when type.IsUnsigned:
                return Numbers<uint>(column);
            case PhysicalType.Int32:
                return Numbers<int>(column);
            case PhysicalType.Int64 when type.IsUnsigned:
                return Numbers<ulong>(column);
            case PhysicalType.Int64:
                return Numbers<long>(column);
            case PhysicalType.Float:
                return Floats<float>(column);
            case PhysicalType.Double:
                return Floats<double>(column);
            case PhysicalType.FixedLenByteArray when type.Field.Type.Kind == TypeKind.FloatingPoint:
                return default;
            default:
                var (min, max) = Bytes(column, type.Field.Type.Kind == TypeKind.Decimal);
                return (min.Length > MaxBoundBytes ? null : min, max.Length > MaxBoundBytes ? null : max);
        }
    }

    private static (byte[] Min, byte[] Max) Numbers<T>(ColumnBuffer column) where T : unmanaged, IComparable<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(column.Fixed(0, column.Values));
        var min = values[0];
        var max = values[0];
        foreach (var value in values)
        {
            min = value.CompareTo(min) < 0 ? value : min;
            max = value.CompareTo(max) > 0 ? value : max;
        }

        return (MemoryMarshal.AsBytes([min]).ToArray(), MemoryMarshal.AsBytes([max]).ToArray());
    }

    private static (byte[]? Min, byte[]? Max) Floats<T>(ColumnBuffer column) where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(column.Fixed(0, column.Values));
        var min = T.PositiveInfinity;
        var max = T.NegativeInfinity;
        foreach (var value in values)
        {
            if (T.IsNaN(value))
            {
                return default;
            }

            min = value < min ? value : min;
            max = value > max ? value : max;
        }

        // Readers may compare bit patterns: zero bounds get the sign that covers both zeros.
        min = min == T.Zero ? T.NegativeZero : min;
        max = max == T.Zero ? T.Zero : max;
        return (MemoryMarshal.AsBytes([min]).ToArray(), MemoryMarshal.AsBytes([max]).ToArray());
    }

    private static (byte[] Min, byte[] Max) Bytes(ColumnBuffer column, bool signed)
    {
        var min = 0;
        var max = 0;
        for (var i = 1; i < column.Values; i++)
        {
            min = Compare(column.Value(i), column.Value(min), signed) < 0 ? i : min;
            max = Compare(column.Value(i), column.Value(max), signed) > 0 ? i : max;
        }

        return (column.Value(min).ToArray(), column.Value(max).ToArray());
    }

    /// <summary>Unsigned lexicographic order; for big-endian two's complement numbers the first byte decides as a signed one.</summary>
    private static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, bool signed) =>
        signed && a[0] != b[0] ? ((sbyte)a[0]).CompareTo((sbyte)b[0]) : a.SequenceCompareTo(b);
}
