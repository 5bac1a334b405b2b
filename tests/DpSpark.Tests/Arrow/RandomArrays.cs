using DpSpark.Arrow;

namespace DpSpark.Tests.Arrow;

/// <summary>Random schemas and arrays of every type that is written.</summary>
internal sealed class RandomArrays(Random random)
{
    public Schema Schema(int maxColumns)
    {
        var fields = new Field[random.Next(maxColumns + 1)];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = Field(random.Next(3) == 0 ? "" : "c" + i, 3);
        }

        return new(fields) { Metadata = random.Next(2) == 0 ? [] : [new("key", "välue"), new("key", "")] };
    }

    public Field Field(string name, int depth)
    {
        var kind = (TypeKind)random.Next((int)TypeKind.Map + 1);
        if (depth == 0 && kind is TypeKind.Struct or TypeKind.List or TypeKind.LargeList or TypeKind.FixedSizeList or TypeKind.Map)
        {
            kind = TypeKind.Int;
        }

        Field[] children = kind switch
        {
            TypeKind.List or TypeKind.LargeList or TypeKind.FixedSizeList => [Field("item", depth - 1)],
            TypeKind.Struct => [.. Enumerable.Range(0, random.Next(4)).Select(i => Field("f" + i, depth - 1))],
            TypeKind.Map => [new Field("entries", new(TypeKind.Struct), false) { Children = [Field("key", 0) with { Nullable = false }, Field("value", depth - 1)] }],
            _ => [],
        };
        if (kind == TypeKind.Map && children[0].Children[0].Type.Kind == TypeKind.Null)
        {
            children = [children[0] with { Children = [new("key", ArrowType.Utf8, false), children[0].Children[1]] }];
        }

        var nullable = kind == TypeKind.Null || random.Next(3) > 0;
        return new(name, Type(kind), nullable) { Children = children, Metadata = random.Next(4) == 0 ? [new("m", "1")] : [] };
    }

    public ArrowArray Array(Field field, int length)
    {
        var valid = field.Nullable && random.Next(3) > 0 ? Enumerable.Range(0, length).Select(_ => random.Next(3) > 0).ToArray() : [];
        var bits = ArrowArrays.Bitmap(length, valid, out var nulls);
        var type = field.Type;
        switch (type.Kind)
        {
            case TypeKind.Null:
                return ArrowArrays.Null(length);
            case TypeKind.Bool:
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Values = Bytes((length + 7) / 8) };
            case TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Binary or TypeKind.LargeBinary:
                var (offsets, data) = Text(length, type.Kind is TypeKind.Utf8 or TypeKind.LargeUtf8);
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Offsets = Offsets(offsets, type), Values = data };
            case TypeKind.Utf8View or TypeKind.BinaryView:
                return Views(type, length, nulls, bits);
            case TypeKind.List or TypeKind.LargeList or TypeKind.Map:
                var cuts = Cuts(length, 3);
                var items = Array(field.Children[0], cuts[^1] + random.Next(2));
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Offsets = Offsets(cuts, type), Children = [items] };
            case TypeKind.FixedSizeList:
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Children = [Array(field.Children[0], length * type.ListSize)] };
            case TypeKind.Struct:
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Children = [.. field.Children.Select(c => Array(c, length))] };
            default:
                return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Values = Bytes(length * type.FixedWidth) };
        }
    }

    private ArrowType Type(TypeKind kind)
    {
        var unit = (TimeUnit)random.Next(4);
        return kind switch
        {
            TypeKind.Int => ArrowType.Int(8 << random.Next(4), random.Next(2) == 0),
            TypeKind.FloatingPoint => new(kind) { BitWidth = 16 << random.Next(3) },
            TypeKind.FixedSizeBinary => new(kind) { ByteWidth = random.Next(20) },
            TypeKind.Decimal => Decimal(random.Next(4)),
            TypeKind.Date => random.Next(2) == 0 ? ArrowType.Date : new(kind) { Unit = TimeUnit.Millisecond, BitWidth = 64 },
            TypeKind.Time => new(kind) { Unit = unit, BitWidth = unit < TimeUnit.Microsecond ? 32 : 64 },
            TypeKind.Timestamp => new(kind) { Unit = unit, BitWidth = 64, Timezone = random.Next(2) == 0 ? null : "Europe/Paris" },
            TypeKind.Duration => new(kind) { Unit = unit, BitWidth = 64 },
            TypeKind.FixedSizeList => new(kind) { ListSize = random.Next(3) },
            TypeKind.Map => new(kind) { KeysSorted = random.Next(2) == 0 },
            _ => new(kind),
        };
    }

    private ArrowType Decimal(int i) =>
        new(TypeKind.Decimal) { BitWidth = 32 << i, Precision = random.Next(1, new[] { 9, 18, 38, 76 }[i] + 1), Scale = random.Next(-3, 9) };

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private int[] Cuts(int length, int max)
    {
        // The first offset need not be 0: the writer must cope.
        var cuts = new int[length + 1];
        cuts[0] = random.Next(3) == 0 ? random.Next(3) : 0;
        for (var i = 0; i < length; i++)
        {
            cuts[i + 1] = cuts[i] + random.Next(max + 1);
        }

        return cuts;
    }

    private (int[] Offsets, byte[] Data) Text(int length, bool text)
    {
        string[] words = ["", "a", "é", "日本", "longer than twelve bytes", "𝄞"];
        if (!text)
        {
            var cuts = Cuts(length, 20);
            return (cuts, Bytes(cuts[^1]));
        }

        var values = Enumerable.Range(0, length).Select(_ => System.Text.Encoding.UTF8.GetBytes(words[random.Next(words.Length)])).ToArray();
        return ([0, .. values.Select((_, i) => values.Take(i + 1).Sum(v => v.Length))], [.. values.SelectMany(v => v)]);
    }

    private static byte[] Offsets(int[] offsets, ArrowType type) =>
        type.Kind is TypeKind.LargeUtf8 or TypeKind.LargeBinary or TypeKind.LargeList
            ? [.. offsets.SelectMany(o => BitConverter.GetBytes((long)o))]
            : [.. offsets.SelectMany(BitConverter.GetBytes)];

    private ArrowArray Views(ArrowType type, int length, int nulls, ReadOnlyMemory<byte> bits)
    {
        var (offsets, data) = Text(length, type.Kind == TypeKind.Utf8View);
        var views = new byte[16 * length];
        for (var i = 0; i < length; i++)
        {
            var value = data.AsSpan(offsets[i]..offsets[i + 1]);
            var view = views.AsSpan(16 * i, 16);
            BitConverter.TryWriteBytes(view, value.Length);
            value[..Math.Min(value.Length, value.Length <= 12 ? 12 : 4)].CopyTo(view[4..]);
            if (value.Length > 12)
            {
                BitConverter.TryWriteBytes(view[8..], 1);
                BitConverter.TryWriteBytes(view[12..], offsets[i]);
            }
        }

        return new() { Type = type, Length = length, NullCount = nulls, Validity = bits, Values = views, ViewData = [Bytes(3), data] };
    }
}
