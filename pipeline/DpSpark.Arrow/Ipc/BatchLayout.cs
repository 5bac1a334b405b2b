using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Ipc;

/// <summary>Nodes and buffers of one batch, flattened in the order of the format. Used again for each batch.</summary>
internal sealed class BatchLayout
{
    private readonly List<long> _viewCounts = [];

    /// <summary>Length and null count of each node.</summary>
    public List<(long Length, long Nulls)> Nodes { get; } = [];

    /// <summary>The buffers, without padding.</summary>
    public List<ReadOnlyMemory<byte>> Buffers { get; } = [];

    /// <summary>Number of data buffers of each view column.</summary>
    public ReadOnlySpan<long> ViewCounts => CollectionsMarshal.AsSpan(_viewCounts);

    /// <summary>Lays out a batch.</summary>
    /// <exception cref="ArgumentException">The columns do not fit the schema.</exception>
    public void Fill(Schema schema, IReadOnlyList<ArrowArray> columns, int length)
    {
        Clear();
        if (columns.Count != schema.Fields.Count)
        {
            throw new ArgumentException($"{columns.Count} columns for a schema of {schema.Fields.Count}.", nameof(columns));
        }

        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Length != length)
            {
                throw new ArgumentException($"Column '{schema.Fields[i].Name}' has not as many rows as the batch.", nameof(columns));
            }

            Add(schema.Fields[i], columns[i]);
        }
    }

    /// <summary>Lets go of the buffers.</summary>
    public void Clear()
    {
        Nodes.Clear();
        Buffers.Clear();
        _viewCounts.Clear();
    }

    private void Add(Field field, ArrowArray array)
    {
        if (array.Dictionary is not null)
        {
            throw new ArrowUnsupportedException("writing dictionary-encoded Arrow columns");
        }

        if (field.Type != array.Type || field.Children.Count != array.Children.Count)
        {
            throw new ArgumentException($"Field '{field.Name}' is {field.Type.Kind}, but its array is {array.Type.Kind} or differs in its parameters or children.");
        }

        if (!field.Nullable && array.NullCount > 0 && array.Type.Kind != TypeKind.Null)
        {
            throw new ArgumentException($"Field '{field.Name}' is not nullable, but its array holds nulls.");
        }

        int n = array.Length, bits = (n + 7) / 8;
        Nodes.Add((n, array.NullCount));
        if (array.Type.Kind == TypeKind.Null)
        {
            return;
        }

        Buffers.Add(array.NullCount > 0 ? array.Validity[..bits] : default);
        switch (array.Type.Kind)
        {
            case TypeKind.Bool:
                Buffers.Add(NullSlots.Clear(array, array.Values[..bits]));
                break;
            case TypeKind.Utf8 or TypeKind.Binary or TypeKind.LargeUtf8 or TypeKind.LargeBinary:
                var (offsets, data) = NullSlots.Compact(array);
                Buffers.Add(offsets);
                Buffers.Add(data);
                break;
            case TypeKind.Utf8View or TypeKind.BinaryView:
                Buffers.Add(NullSlots.Clear(array, array.Values[..(16 * n)]));
                Buffers.AddRange(array.ViewData);
                _viewCounts.Add(array.ViewData.Count);
                break;
            case TypeKind.List or TypeKind.Map or TypeKind.LargeList:
                var width = array.Type.Kind == TypeKind.LargeList ? 8 : 4;
                Buffers.Add(n == 0 ? NullSlots.ZeroOffset[..width] : array.Offsets[..((n + 1) * width)]);
                break;
            case TypeKind.FixedSizeList or TypeKind.Struct:
                break;
            default:
                Buffers.Add(NullSlots.Clear(array, array.Values[..(n * array.Type.FixedWidth)]));
                break;
        }

        for (var i = 0; i < field.Children.Count; i++)
        {
            Add(field.Children[i], array.Children[i]);
        }
    }
}
