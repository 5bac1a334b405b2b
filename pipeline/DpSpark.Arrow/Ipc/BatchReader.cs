using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Ipc;

/// <summary>Cuts the body of a RecordBatch into arrays, as the schema says, and checks them.</summary>
internal ref struct BatchReader
{
    private readonly ReadOnlySpan<byte> _nodes;
    private readonly ReadOnlySpan<byte> _viewCounts;
    private readonly DictionaryStore _dictionaries;
    private readonly bool _check;
    private BodyBuffers _buffers;
    private int _node;
    private int _viewCount;

    private BatchReader(FlatTable batch, ReadOnlyMemory<byte> body, DictionaryStore dictionaries, ArrowReaderOptions options)
    {
        _nodes = batch.Vector(1, 16, out _);
        _viewCounts = batch.Vector(4, 8, out _);
        _dictionaries = dictionaries;
        _check = options.CheckValues;
        _buffers = new(batch, body, options);
    }

    /// <summary>Reads the columns of a batch.</summary>
    /// <param name="batch">The RecordBatch table.</param>
    /// <param name="body">Its body. The arrays are views of it.</param>
    /// <param name="fields">The columns.</param>
    /// <param name="dictionaries">The dictionaries in force.</param>
    /// <param name="options">Limits.</param>
    /// <param name="length">Number of rows.</param>
    /// <param name="block">Further memory that the arrays are views of, or null; the caller's to return.</param>
    public static ArrowArray[] Read(
        FlatTable batch,
        ReadOnlyMemory<byte> body,
        IReadOnlyList<Field> fields,
        DictionaryStore dictionaries,
        ArrowReaderOptions options,
        out int length,
        out AlignedBlock? block)
    {
        length = Length(batch.Int64(0), options.MaxBatchRows);
        var reader = new BatchReader(batch, body, dictionaries, options);
        block = reader._buffers.Block;
        try
        {
            var columns = new ArrowArray[fields.Count];
            for (var i = 0; i < columns.Length; i++)
            {
                columns[i] = reader.Field(fields[i]);
                if (columns[i].Length != length)
                {
                    throw new ArrowFormatException($"Column '{fields[i].Name}' is not of the batch's length.");
                }
            }

            if (reader._buffers.Left > 0 || reader._node * 16 != reader._nodes.Length || reader._viewCount * 8 != reader._viewCounts.Length)
            {
                throw new ArrowFormatException("The batch has more nodes or buffers than its schema needs.");
            }

            return columns;
        }
        catch
        {
            block?.Return();
            throw;
        }
    }

    private static int Length(long length, int max) => length >= 0 && length <= max
        ? (int)length
        : throw new ArrowFormatException("A number of rows is negative or beyond the limit.");

    private ArrowArray Field(Field field)
    {
        try
        {
            return field.Dictionary is { } encoding ? Indices(field, encoding) : Values(field);
        }
        catch (ArrowFormatException e) when (e is not ArrowUnsupportedException)
        {
            throw new ArrowFormatException($"Field '{field.Name}': {e.Message}", e.InnerException);
        }
    }

    private ArrowArray Values(Field field)
    {
        var (length, nulls) = Node();
        var type = field.Type;
        if (type.Kind == TypeKind.Null)
        {
            return new() { Type = type, Length = length, NullCount = length };
        }

        var validity = Validity(length, ref nulls);
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return new() { Type = type, Length = length, NullCount = nulls, Validity = validity, Values = Buffer((length + 7L) / 8) };
            case TypeKind.Utf8 or TypeKind.Binary or TypeKind.LargeUtf8 or TypeKind.LargeBinary:
                return Text(type, length, nulls, validity);
            case TypeKind.Utf8View or TypeKind.BinaryView:
                return Views(type, length, nulls, validity);
            case TypeKind.List or TypeKind.LargeList or TypeKind.Map:
                return Lists(field, length, nulls, validity);
            case TypeKind.FixedSizeList or TypeKind.Struct:
                var children = new ArrowArray[field.Children.Count];
                var needed = type.Kind == TypeKind.Struct ? length : (long)length * type.ListSize;
                for (var i = 0; i < children.Length; i++)
                {
                    children[i] = Field(field.Children[i]);
                    if (children[i].Length < needed)
                    {
                        throw new ArrowFormatException("It has fewer child values than it needs.");
                    }
                }

                return new() { Type = type, Length = length, NullCount = nulls, Validity = validity, Children = children };
            default:
                var values = Buffer((long)length * type.FixedWidth);
                return new() { Type = type, Length = length, NullCount = nulls, Validity = validity, Values = values };
        }
    }

    private ArrowArray Text(ArrowType type, int length, int nulls, ReadOnlyMemory<byte> validity)
    {
        var large = type.Kind is TypeKind.LargeUtf8 or TypeKind.LargeBinary;
        var text = type.Kind is TypeKind.Utf8 or TypeKind.LargeUtf8;
        var offsets = Offsets(length, large ? 8 : 4);
        var data = _buffers.Next();
        var array = new ArrowArray { Type = type, Length = length, NullCount = nulls, Validity = validity, Offsets = offsets, Values = data };
        if (!_check)
        {
            return array;
        }

        if (large)
        {
            ValueChecks.Offsets(array.Offsets64(), data.Length);
            if (text)
            {
                ValueChecks.Text(array, array.Offsets64(), data.Span);
            }
        }
        else
        {
            ValueChecks.Offsets(array.Offsets32(), data.Length);
            if (text)
            {
                ValueChecks.Text(array, array.Offsets32(), data.Span);
            }
        }

        return array;
    }

    private ArrowArray Views(ArrowType type, int length, int nulls, ReadOnlyMemory<byte> validity)
    {
        var views = Buffer(16L * length);
        if (_viewCounts.Length < 8 * (_viewCount + 1))
        {
            throw new ArrowFormatException("The number of its data buffers is not given.");
        }

        var count = BinaryPrimitives.ReadInt64LittleEndian(_viewCounts[(8 * _viewCount++)..]);
        if (count < 0 || count > _buffers.Left)
        {
            throw new ArrowFormatException("The number of its data buffers is negative or too large.");
        }

        var data = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = _buffers.Next();
        }

        var array = new ArrowArray { Type = type, Length = length, NullCount = nulls, Validity = validity, Values = views, ViewData = data };
        if (_check)
        {
            ValueChecks.Views(array, type.Kind == TypeKind.Utf8View);
        }

        return array;
    }

    private ArrowArray Lists(Field field, int length, int nulls, ReadOnlyMemory<byte> validity)
    {
        var large = field.Type.Kind == TypeKind.LargeList;
        var offsets = Offsets(length, large ? 8 : 4);
        var items = Field(field.Children[0]);
        var array = new ArrowArray { Type = field.Type, Length = length, NullCount = nulls, Validity = validity, Offsets = offsets, Children = [items] };
        if (!_check)
        {
            return array;
        }

        if (large)
        {
            ValueChecks.Offsets(array.Offsets64(), items.Length);
        }
        else
        {
            ValueChecks.Offsets(array.Offsets32(), items.Length);
            if (field.Type.Kind == TypeKind.Map)
            {
                ValueChecks.MapKeys(array, array.Offsets32());
            }
        }

        return array;
    }

    private ArrowArray Indices(Field field, DictionaryEncoding encoding)
    {
        var (length, nulls) = Node();
        var validity = Validity(length, ref nulls);
        var array = new ArrowArray
        {
            Type = field.Type,
            Length = length,
            NullCount = nulls,
            Validity = validity,
            Values = Buffer((long)length * encoding.IndexType.FixedWidth),
            IndexType = encoding.IndexType,
            Dictionary = _dictionaries.Current(encoding.Id, mayBeMissing: nulls == length),
        };
        if (_check)
        {
            ValueChecks.Indices(array, array.Dictionary.Length);
        }

        return array;
    }

    private (int Length, int Nulls) Node()
    {
        if (_nodes.Length < 16 * (_node + 1))
        {
            throw new ArrowFormatException("The batch has fewer nodes than its schema needs.");
        }

        var node = _nodes.Slice(16 * _node++, 16);
        var length = Length(BinaryPrimitives.ReadInt64LittleEndian(node), int.MaxValue - 1);
        var nulls = BinaryPrimitives.ReadInt64LittleEndian(node[8..]);
        return nulls >= 0 && nulls <= length
            ? (length, (int)nulls)
            : throw new ArrowFormatException("Its number of nulls is negative or larger than the number of rows.");
    }

    private ReadOnlyMemory<byte> Validity(int length, ref int nulls)
    {
        var bits = _buffers.Next();
        if (bits.IsEmpty && nulls == 0)
        {
            return default;
        }

        var bytes = (int)((length + 7L) / 8);
        if (bits.Length < bytes)
        {
            throw new ArrowFormatException("Its validity buffer is too short.");
        }

        if (_check && ValueChecks.CountOnes(bits.Span, length) != length - nulls)
        {
            throw new ArrowFormatException("Its number of nulls differs from its validity buffer.");
        }

        return nulls == 0 ? default : bits[..bytes];
    }

    private ReadOnlyMemory<byte> Offsets(int length, int width)
    {
        var buffer = _buffers.Next();
        var bytes = width * (length + 1L);
        if (buffer.Length < bytes)
        {
            return length == 0 ? NullSlots.ZeroOffset[..width] : throw new ArrowFormatException("Its offsets buffer is too short.");
        }

        return buffer[..(int)bytes];
    }

    private ReadOnlyMemory<byte> Buffer(long bytes)
    {
        var buffer = _buffers.Next();
        return buffer.Length >= bytes ? buffer[..(int)bytes] : throw new ArrowFormatException("Its values buffer is too short.");
    }
}
