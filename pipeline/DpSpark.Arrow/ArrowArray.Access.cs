using System.Runtime.InteropServices;

namespace DpSpark.Arrow;

public sealed partial class ArrowArray
{
    /// <summary>A bit of Bool values.</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    /// <returns>Unspecified where null.</returns>
    public bool BoolAt(int row) => (Values.Span[row >> 3] & (1 << (row & 7))) != 0;

    /// <summary>One integer of any width and sign.</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    /// <returns>Unspecified where null.</returns>
    public Int128 IntegerAt(int row) => (Type.BitWidth, Type.IsSigned) switch
    {
        (8, true) => ValuesAs<sbyte>()[row],
        (8, false) => ValuesAs<byte>()[row],
        (16, true) => ValuesAs<short>()[row],
        (16, false) => ValuesAs<ushort>()[row],
        (32, true) => ValuesAs<int>()[row],
        (32, false) => ValuesAs<uint>()[row],
        (_, true) => ValuesAs<long>()[row],
        _ => ValuesAs<ulong>()[row],
    };

    /// <summary>The bytes of one text or binary value, of any of the layouts (32 or 64-bit offsets, views, fixed size).</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    /// <returns>Unspecified where null.</returns>
    /// <exception cref="InvalidOperationException">The type is neither text nor bytes.</exception>
    public ReadOnlySpan<byte> BytesAt(int row)
    {
        switch (Type.Kind)
        {
            case TypeKind.Utf8 or TypeKind.Binary:
                var offsets = Offsets32();
                return Values.Span[offsets[row]..offsets[row + 1]];
            case TypeKind.LargeUtf8 or TypeKind.LargeBinary:
                var large = Offsets64();
                return Values.Span[(int)large[row]..(int)large[row + 1]];
            case TypeKind.Utf8View or TypeKind.BinaryView:
                if (IsNull(row))
                {
                    return default;
                }

                var view = Values.Span.Slice(16 * row, 16);
                var parts = MemoryMarshal.Cast<byte, int>(view);
                return parts[0] <= 12 ? view.Slice(4, parts[0]) : ViewData[parts[2]].Span.Slice(parts[3], parts[0]);
            case TypeKind.FixedSizeBinary:
                return Values.Span.Slice(row * Type.ByteWidth, Type.ByteWidth);
            default:
                throw new InvalidOperationException("Values of type " + Type.Kind + " are neither text nor bytes.");
        }
    }

    /// <summary>First item and number of items of one list, map or fixed-size list.</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    /// <returns>Unspecified where null.</returns>
    /// <exception cref="InvalidOperationException">The type is not a list.</exception>
    public (int Start, int Count) ItemsAt(int row)
    {
        switch (Type.Kind)
        {
            case TypeKind.List or TypeKind.Map:
                var offsets = Offsets32();
                return (offsets[row], offsets[row + 1] - offsets[row]);
            case TypeKind.LargeList:
                var large = Offsets64();
                return ((int)large[row], (int)(large[row + 1] - large[row]));
            case TypeKind.FixedSizeList:
                return (row * Type.ListSize, Type.ListSize);
            default:
                throw new InvalidOperationException("Values of type " + Type.Kind + " are not lists.");
        }
    }

    /// <summary>The row of <see cref="Dictionary"/> that one row of a dictionary-encoded array refers to.</summary>
    /// <param name="row">0 to <see cref="Length"/> - 1.</param>
    /// <returns>Unspecified where null.</returns>
    public int IndexAt(int row) => IndexType!.BitWidth switch
    {
        8 => Values.Span[row],
        16 => ValuesAs<ushort>()[row],
        32 => ValuesAs<int>()[row],
        _ => (int)ValuesAs<long>()[row],
    };
}
