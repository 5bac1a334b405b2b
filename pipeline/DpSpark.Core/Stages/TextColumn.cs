using DpSpark.Arrow;

namespace DpSpark.Core.Stages;

/// <summary>Text or bytes behind one indexer, whatever the Arrow layout; dictionary indices are followed.</summary>
internal sealed class TextColumn
{
    private readonly ArrowArray? _array;
    private readonly ArrowArray? _indices;
    private readonly bool _isText;

    private TextColumn(ArrowArray? array, ArrowArray? indices)
    {
        _array = array;
        _indices = indices;
        _isText = array?.Type is { } type && (type.IsVariableLength || type.Kind == TypeKind.FixedSizeBinary);
    }

    public static TextColumn Empty { get; } = new(null, null);

    public static TextColumn Of(ArrowArray array) => array.Dictionary is { } dictionary ? new(dictionary, array) : new(array, null);

    /// <summary>Position of a row's value in the dictionary, or the row itself.</summary>
    public int IndexOf(int row) => _indices is null ? row : _indices.IndexAt(row);

    /// <summary>The bytes of a row that is not null.</summary>
    public ReadOnlySpan<byte> this[int row] => _isText ? _array!.BytesAt(IndexOf(row)) : throw new DataContractException("DPS5008", "a text column of the contract is not text in the source.");
}
