using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Ipc;

/// <summary>Joins two arrays of one type, for dictionaries that grow.</summary>
internal static class ArrayConcatenation
{
    /// <summary>The rows of both arrays. Neither is changed; the result shares nothing with them but view buffers.</summary>
    /// <exception cref="ArrowFormatException">The result would be too large.</exception>
    public static ArrowArray Concatenate(ArrowArray a, ArrowArray b)
    {
        var length = Sum(a.Length, b.Length);
        var nulls = a.NullCount + b.NullCount;
        var type = a.Type;
        var plain = type.Kind != TypeKind.Null || a.Dictionary is not null;
        var validity = nulls > 0 && plain ? Bits(a.Validity, a.Length, b.Validity, b.Length) : default(ReadOnlyMemory<byte>);
        var result = new ArrowArray { Type = type, Length = length, NullCount = nulls, Validity = validity };
        if (a.Dictionary is not null)
        {
            return ReferenceEquals(a.Dictionary, b.Dictionary)
                ? With(result, values: Fixed(a, b, a.IndexType!.FixedWidth), index: a.IndexType, dictionary: a.Dictionary)
                : throw new ArrowUnsupportedException("growing Arrow dictionary whose values use another dictionary that changed");
        }

        switch (type.Kind)
        {
            case TypeKind.Null:
                return result;
            case TypeKind.Bool:
                return With(result, values: Bits(a.Values, a.Length, b.Values, b.Length));
            case TypeKind.Utf8 or TypeKind.Binary:
                return With(result, Offsets32(a, b, Used(a).Length), Join(Used(a), Used(b)));
            case TypeKind.LargeUtf8 or TypeKind.LargeBinary:
                return With(result, Offsets64(a, b, Used(a).Length), Join(Used(a), Used(b)));
            case TypeKind.Utf8View or TypeKind.BinaryView:
                return With(result, values: Views(a, b), views: [.. a.ViewData, .. b.ViewData]);
            case TypeKind.List or TypeKind.Map:
                // The end of the first part and the start of the second share one offset, so the items must join without a gap.
                return a.Offsets32()[0] == 0 && a.Offsets32()[^1] == a.Children[0].Length && b.Offsets32()[0] == 0
                    ? With(result, Offsets32(a, b, a.Children[0].Length), children: Children(a, b))
                    : throw new ArrowUnsupportedException("growing Arrow dictionary of lists with unused items");
            case TypeKind.LargeList:
                return a.Offsets64()[0] == 0 && a.Offsets64()[^1] == a.Children[0].Length && b.Offsets64()[0] == 0
                    ? With(result, Offsets64(a, b, a.Children[0].Length), children: Children(a, b))
                    : throw new ArrowUnsupportedException("growing Arrow dictionary of lists with unused items");
            case TypeKind.FixedSizeList or TypeKind.Struct:
                var each = type.Kind == TypeKind.Struct ? 1 : type.ListSize;
                return a.Children.All(c => c.Length == (long)a.Length * each)
                    ? With(result, children: Children(a, b))
                    : throw new ArrowUnsupportedException("growing Arrow dictionary whose children are longer than it");
            default:
                return With(result, values: Fixed(a, b, type.FixedWidth));
        }
    }

    private static ArrowArray With(
        ArrowArray array,
        ReadOnlyMemory<byte> offsets = default,
        ReadOnlyMemory<byte> values = default,
        IReadOnlyList<ReadOnlyMemory<byte>>? views = null,
        IReadOnlyList<ArrowArray>? children = null,
        ArrowType? index = null,
        ArrowArray? dictionary = null) => new()
        {
            Type = array.Type,
            Length = array.Length,
            NullCount = array.NullCount,
            Validity = array.Validity,
            Offsets = offsets,
            Values = values,
            ViewData = views ?? [],
            Children = children ?? [],
            IndexType = index,
            Dictionary = dictionary,
        };

    private static int Sum(int a, int b) => (long)a + b < Array.MaxLength
        ? a + b
        : throw new ArrowFormatException("A dictionary grows beyond 2 GiB.");

    private static byte[] Join(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var joined = GC.AllocateUninitializedArray<byte>(Sum(a.Length, b.Length));
        a.CopyTo(joined);
        b.CopyTo(joined.AsSpan(a.Length));
        return joined;
    }

    private static byte[] Fixed(ArrowArray a, ArrowArray b, int width) => Join(a.Values.Span[..(a.Length * width)], b.Values.Span[..(b.Length * width)]);

    private static byte[] Bits(ReadOnlyMemory<byte> a, int aLength, ReadOnlyMemory<byte> b, int bLength)
    {
        // Empty bits stand for ones: no null.
        var bits = new byte[(Sum(aLength, bLength) + 7) / 8];
        for (var i = 0; i < aLength + bLength; i++)
        {
            var (part, at) = i < aLength ? (a, i) : (b, i - aLength);
            if (part.IsEmpty || (part.Span[at >> 3] & (1 << (at & 7))) != 0)
            {
                bits[i >> 3] |= (byte)(1 << (i & 7));
            }
        }

        return bits;
    }

    private static ReadOnlySpan<byte> Used(ArrowArray a)
    {
        if (a.Type.Kind is TypeKind.LargeUtf8 or TypeKind.LargeBinary)
        {
            var large = a.Offsets64();
            return a.Values.Span[(int)large[0]..(int)large[^1]];
        }

        var offsets = a.Offsets32();
        return a.Values.Span[offsets[0]..offsets[^1]];
    }

    private static byte[] Offsets32(ArrowArray a, ArrowArray b, int shift)
    {
        var joined = new int[a.Length + b.Length + 1];
        Rebase(a.Offsets32(), joined, 0);
        Rebase(b.Offsets32(), joined.AsSpan(a.Length), shift);
        return MemoryMarshal.AsBytes(joined.AsSpan()).ToArray();

        static void Rebase(ReadOnlySpan<int> from, Span<int> to, int shift)
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = Sum(from[i] - from[0], shift);
            }
        }
    }

    private static byte[] Offsets64(ArrowArray a, ArrowArray b, int shift)
    {
        var joined = new long[a.Length + b.Length + 1];
        Rebase(a.Offsets64(), joined, 0);
        Rebase(b.Offsets64(), joined.AsSpan(a.Length), shift);
        return MemoryMarshal.AsBytes(joined.AsSpan()).ToArray();

        static void Rebase(ReadOnlySpan<long> from, Span<long> to, int shift)
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = from[i] - from[0] + shift;
            }
        }
    }

    private static byte[] Views(ArrowArray a, ArrowArray b)
    {
        var joined = Fixed(a, b, 16);
        var views = MemoryMarshal.Cast<byte, int>(joined.AsSpan(16 * a.Length));
        for (var i = 0; i < b.Length; i++)
        {
            if (views[4 * i] > 12 && !b.IsNull(i))
            {
                views[(4 * i) + 2] += a.ViewData.Count;
            }
        }

        return joined;
    }

    private static ArrowArray[] Children(ArrowArray a, ArrowArray b) => [.. a.Children.Zip(b.Children, Concatenate)];
}
