using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DpSpark.Arrow;

namespace DpSpark.Core.Stages;

/// <summary>Text or bytes of varying length behind one indexer, whatever the Arrow layout; dictionary indices are followed.</summary>
internal sealed class TextColumn
{
    private readonly ArrowArray? _array;
    private readonly ArrowArray? _indices;

    private TextColumn(ArrowArray? array, ArrowArray? indices)
    {
        _array = array;
        _indices = indices;
    }

    public static TextColumn Empty { get; } = new(null, null);

    public static TextColumn Of(ArrowArray array) => array.Dictionary is { } dictionary ? new(dictionary, array) : new(array, null);

    /// <summary>Position of a row's value in the dictionary, or the row itself.</summary>
    public int IndexOf(int row) => _indices is null ? row : _indices.IndexType!.BitWidth switch
    {
        8 => _indices.Values.Span[row],
        16 => MemoryMarshal.Cast<byte, ushort>(_indices.Values.Span)[row],
        32 => MemoryMarshal.Cast<byte, int>(_indices.Values.Span)[row],
        _ => checked((int)MemoryMarshal.Cast<byte, long>(_indices.Values.Span)[row]),
    };

    /// <summary>The bytes of a row that is not null.</summary>
    public ReadOnlySpan<byte> this[int row]
    {
        get
        {
            var array = _array!;
            row = IndexOf(row);
            switch (array.Type.Kind)
            {
                case TypeKind.Utf8 or TypeKind.Binary:
                    var offsets = MemoryMarshal.Cast<byte, int>(array.Offsets.Span);
                    return array.Values.Span[offsets[row]..offsets[row + 1]];
                case TypeKind.LargeUtf8 or TypeKind.LargeBinary:
                    var large = MemoryMarshal.Cast<byte, long>(array.Offsets.Span);
                    return array.Values.Span[checked((int)large[row])..checked((int)large[row + 1])];
                case TypeKind.Utf8View or TypeKind.BinaryView:
                    var view = array.Values.Span.Slice(row * 16, 16);
                    var length = BinaryPrimitives.ReadInt32LittleEndian(view);
                    return length <= 12
                        ? view.Slice(4, length)
                        : array.ViewData[BinaryPrimitives.ReadInt32LittleEndian(view[8..])].Span.Slice(BinaryPrimitives.ReadInt32LittleEndian(view[12..]), length);
                case TypeKind.FixedSizeBinary:
                    return array.Values.Span.Slice(row * array.Type.ByteWidth, array.Type.ByteWidth);
                default:
                    throw new DataContractException("DPS5008", "a text column of the contract is not text in the source.");
            }
        }
    }
}
