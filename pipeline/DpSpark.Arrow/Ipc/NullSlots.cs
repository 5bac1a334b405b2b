using System.Numerics;
using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Ipc;

/// <summary>Keeps what a null hides out of the output: a value that was withheld must not travel in the slot of the null.</summary>
internal static class NullSlots
{
    /// <summary>The one offset of no rows.</summary>
    public static ReadOnlyMemory<byte> ZeroOffset { get; } = new byte[8];

    /// <summary>The values with zeros where the row is null. Copies only when there are nulls.</summary>
    /// <param name="array">Bool, views or fixed width.</param>
    /// <param name="values">Its values.</param>
    public static ReadOnlyMemory<byte> Clear(ArrowArray array, ReadOnlyMemory<byte> values)
    {
        if (array.NullCount == 0)
        {
            return values;
        }

        var clean = values.ToArray();
        if (array.Type.Kind == TypeKind.Bool)
        {
            for (var i = 0; i < clean.Length; i++)
            {
                clean[i] &= array.Validity.Span[i];
            }

            return clean;
        }

        var width = array.Length == 0 ? 0 : clean.Length / array.Length;
        for (var row = 0; row < array.Length; row++)
        {
            if (array.IsNull(row))
            {
                clean.AsSpan(row * width, width).Clear();
            }
        }

        return clean;
    }

    /// <summary>Offsets and bytes of a text or binary array, without bytes that no value uses. Copies only when there are such bytes.</summary>
    public static (ReadOnlyMemory<byte> Offsets, ReadOnlyMemory<byte> Data) Compact(ArrowArray array)
    {
        var large = array.Type.Kind is TypeKind.LargeUtf8 or TypeKind.LargeBinary;
        return array.Length == 0 ? (ZeroOffset[..(large ? 8 : 4)], default)
            : large ? Compact(array, array.Offsets64())
            : Compact(array, array.Offsets32());
    }

    private static unsafe (ReadOnlyMemory<byte> Offsets, ReadOnlyMemory<byte> Data) Compact<T>(ArrowArray array, ReadOnlySpan<T> offsets)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (offsets[0] == T.Zero && !NullsHideBytes(array, offsets))
        {
            return (array.Offsets[..(offsets.Length * sizeof(T))], array.Values[..int.CreateChecked(offsets[^1])]);
        }

        var newOffsets = new T[offsets.Length];
        var data = new byte[int.CreateChecked(offsets[^1] - offsets[0])];
        var used = 0;
        for (var row = 0; row < array.Length; row++)
        {
            if (!array.IsNull(row))
            {
                var value = array.Values.Span[int.CreateChecked(offsets[row])..int.CreateChecked(offsets[row + 1])];
                value.CopyTo(data.AsSpan(used));
                used += value.Length;
            }

            newOffsets[row + 1] = T.CreateChecked(used);
        }

        return (MemoryMarshal.AsBytes(newOffsets.AsSpan()).ToArray(), data.AsMemory(0, used));
    }

    private static bool NullsHideBytes<T>(ArrowArray array, ReadOnlySpan<T> offsets) where T : unmanaged, IBinaryInteger<T>
    {
        for (var row = 0; array.NullCount > 0 && row < array.Length; row++)
        {
            if (offsets[row] != offsets[row + 1] && array.IsNull(row))
            {
                return true;
            }
        }

        return false;
    }
}
