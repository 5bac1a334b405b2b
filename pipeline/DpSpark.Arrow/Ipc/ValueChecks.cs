using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace DpSpark.Arrow.Ipc;

/// <summary>Checks of the values of a batch. Each throws where a later use could read out of range or meet text that is not UTF-8.</summary>
internal static class ValueChecks
{
    /// <summary>Number of 1 bits among the first <paramref name="count"/>.</summary>
    public static int CountOnes(ReadOnlySpan<byte> bits, int count)
    {
        var ones = 0L;
        var words = MemoryMarshal.Cast<byte, ulong>(bits[..(count / 8)]);
        foreach (var word in words)
        {
            ones += BitOperations.PopCount(word);
        }

        for (var i = words.Length * 8; i < (count + 7) / 8; i++)
        {
            var rest = count - (8 * i);
            ones += BitOperations.PopCount((uint)bits[i] & (rest >= 8 ? 0xFFu : (1u << rest) - 1));
        }

        return (int)ones;
    }

    /// <summary>Offsets never fall, start at 0 or later and end within <paramref name="limit"/>.</summary>
    public static void Offsets(ReadOnlySpan<int> offsets, int limit)
    {
        if (offsets[0] < 0 || offsets[^1] > limit || Falls(offsets))
        {
            throw new ArrowFormatException("The offsets fall, or point outside of the values.");
        }
    }

    /// <summary>As above, with 64 bits.</summary>
    public static void Offsets(ReadOnlySpan<long> offsets, int limit)
    {
        if (offsets[0] < 0 || offsets[^1] > limit || Falls(offsets))
        {
            throw new ArrowFormatException("The offsets fall, or point outside of the values.");
        }
    }

    /// <summary>The text of every row is UTF-8.</summary>
    /// <remarks>One look at all bytes is nearly always enough. Bytes that only null rows span may be anything, hence the second, slow look.</remarks>
    public static void Text<T>(ArrowArray array, ReadOnlySpan<T> offsets, ReadOnlySpan<byte> data) where T : unmanaged, IBinaryInteger<T>
    {
        var used = data[int.CreateChecked(offsets[0])..int.CreateChecked(offsets[^1])];
        if (Ascii.IsValid(used) || (Utf8.IsValid(used) && CutsBetweenCharacters(offsets, data)))
        {
            return;
        }

        for (var row = 0; row < array.Length; row++)
        {
            if (!array.IsNull(row) && !Utf8.IsValid(data[int.CreateChecked(offsets[row])..int.CreateChecked(offsets[row + 1])]))
            {
                throw new ArrowFormatException("A text value is not UTF-8.");
            }
        }
    }

    /// <summary>The views of all rows that are not null stay within their buffers and agree with their prefixes.</summary>
    public static void Views(ArrowArray array, bool text)
    {
        var views = MemoryMarshal.Cast<byte, int>(array.Values.Span);
        for (var row = 0; row < array.Length; row++)
        {
            if (array.IsNull(row))
            {
                continue;
            }

            var view = views.Slice(4 * row, 4);
            var length = view[0];
            ReadOnlySpan<byte> bytes;
            if (length < 0)
            {
                throw new ArrowFormatException("A view has a negative length.");
            }
            else if (length <= 12)
            {
                bytes = MemoryMarshal.AsBytes(view).Slice(4, length);
            }
            else
            {
                if ((uint)view[2] >= (uint)array.ViewData.Count)
                {
                    throw new ArrowFormatException("A view refers to a buffer that does not exist.");
                }

                var data = array.ViewData[view[2]].Span;
                if (view[3] < 0 || view[3] > data.Length - length)
                {
                    throw new ArrowFormatException("A view points outside of its buffer.");
                }

                bytes = data.Slice(view[3], length);
                if (MemoryMarshal.Read<int>(bytes) != view[1])
                {
                    throw new ArrowFormatException("The prefix of a view differs from its data.");
                }
            }

            if (text && !Utf8.IsValid(bytes))
            {
                throw new ArrowFormatException("A text value is not UTF-8.");
            }
        }
    }

    /// <summary>The indices of all rows that are not null lie within the dictionary.</summary>
    public static void Indices(ArrowArray array, int dictionaryLength)
    {
        switch (array.IndexType!.BitWidth)
        {
            case 8:
                Indices(array, array.ValuesAs<byte>(), dictionaryLength);
                break;
            case 16:
                Indices(array, array.ValuesAs<ushort>(), dictionaryLength);
                break;
            case 32:
                Indices(array, array.ValuesAs<uint>(), dictionaryLength);
                break;
            default:
                Indices(array, array.ValuesAs<ulong>(), dictionaryLength);
                break;
        }
    }

    /// <summary>No entry of a map that is not null lacks its key.</summary>
    public static void MapKeys(ArrowArray map, ReadOnlySpan<int> offsets)
    {
        ArrowArray entries = map.Children[0], keys = entries.Children[0];
        if (entries.NullCount == 0 && keys.NullCount == 0)
        {
            return;
        }

        for (var row = 0; row < map.Length; row++)
        {
            for (var i = offsets[row]; i < offsets[row + 1] && !map.IsNull(row); i++)
            {
                if (entries.IsNull(i) || keys.IsNull(i))
                {
                    throw new ArrowFormatException("A map has a null entry or a null key.");
                }
            }
        }
    }

    private static void Indices<T>(ArrowArray array, ReadOnlySpan<T> indices, int dictionaryLength) where T : unmanaged, IUnsignedNumber<T>, IComparisonOperators<T, T, bool>
    {
        // Negative indices are huge when read as unsigned, whatever the width.
        var signedLimit = array.IndexType!.IsSigned ? (1UL << (array.IndexType.BitWidth - 1)) - 1 : ulong.MaxValue;
        for (var row = 0; row < indices.Length; row++)
        {
            var index = ulong.CreateTruncating(indices[row]);
            if ((index >= (ulong)dictionaryLength || index > signedLimit) && !array.IsNull(row))
            {
                throw new ArrowFormatException("A dictionary index lies outside of the dictionary.");
            }
        }
    }

    private static bool CutsBetweenCharacters<T>(ReadOnlySpan<T> offsets, ReadOnlySpan<byte> data) where T : unmanaged, IBinaryInteger<T>
    {
        foreach (var offset in offsets)
        {
            var at = int.CreateChecked(offset);
            if (at < data.Length && (data[at] & 0xC0) == 0x80)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Falls<T>(ReadOnlySpan<T> offsets) where T : unmanaged, IComparisonOperators<T, T, bool>
    {
        var i = 1;
        for (; i + Vector<T>.Count <= offsets.Length; i += Vector<T>.Count)
        {
            if (Vector.LessThanAny(new Vector<T>(offsets[i..]), new Vector<T>(offsets[(i - 1)..])))
            {
                return true;
            }
        }

        for (; i < offsets.Length; i++)
        {
            if (offsets[i] < offsets[i - 1])
            {
                return true;
            }
        }

        return false;
    }
}
