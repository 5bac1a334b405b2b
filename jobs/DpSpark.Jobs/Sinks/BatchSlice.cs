using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sinks;

/// <summary>Cuts rows out of a released table.</summary>
internal static class BatchSlice
{
    /// <summary>Some rows of a table; shares its buffers.</summary>
    /// <param name="table">Flat columns: fixed width, bool, or text and bytes with 32-bit offsets; no dictionaries.</param>
    /// <param name="start">First row; a multiple of 8.</param>
    /// <param name="length">Rows.</param>
    public static RecordBatch Of(RecordBatch table, int start, int length) =>
        new(table.Schema, [.. table.Columns.Select(c => Slice(c, start, length))], length);

    private static ArrowArray Slice(ArrowArray array, int start, int length)
    {
        if (start % 8 != 0 || array.Dictionary is not null)
        {
            throw new ArgumentException("Slices begin at a multiple of 8 rows and have no dictionaries.", nameof(start));
        }

        var validity = array.Validity.IsEmpty ? default : array.Validity.Slice(start / 8, (length + 7) / 8);
        var nulls = 0;
        for (var row = start; !validity.IsEmpty && row < start + length; row++)
        {
            nulls += array.IsNull(row) ? 1 : 0;
        }

        var result = new ArrowArray { Type = array.Type, Length = length, NullCount = nulls, Validity = nulls == 0 ? default : validity };
        if (array.Type.Kind == TypeKind.Bool)
        {
            return Copy(result, array.Values.Slice(start / 8, (length + 7) / 8), default);
        }

        if (array.Type.Kind is TypeKind.Utf8 or TypeKind.Binary)
        {
            var offsets = array.Offsets32().Slice(start, length + 1);
            var rebased = new int[length + 1];
            for (var i = 0; i <= length; i++)
            {
                rebased[i] = offsets[i] - offsets[0];
            }

            return Copy(result, array.Values[offsets[0]..offsets[length]], MemoryMarshal.AsBytes(rebased.AsSpan()).ToArray());
        }

        var width = array.Type.FixedWidth;
        return Copy(result, array.Values.Slice(start * width, length * width), default);
    }

    private static ArrowArray Copy(ArrowArray shape, ReadOnlyMemory<byte> values, ReadOnlyMemory<byte> offsets) => new()
    {
        Type = shape.Type,
        Length = shape.Length,
        NullCount = shape.NullCount,
        Validity = shape.Validity,
        Values = values,
        Offsets = offsets,
    };
}
