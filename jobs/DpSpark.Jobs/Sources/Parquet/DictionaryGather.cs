using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Looks dictionary values up.</summary>
internal static class DictionaryGather
{
    /// <summary>Copies the values that the indices name.</summary>
    /// <param name="dictionary">Values of one width.</param>
    /// <param name="width">Bytes a value.</param>
    /// <param name="indices">Each was checked to be below the number of values.</param>
    /// <param name="values">Receives one value per index.</param>
    public static void Gather(ReadOnlySpan<byte> dictionary, int width, ReadOnlySpan<uint> indices, Span<byte> values)
    {
        switch (width)
        {
            case 1:
                Gather<byte>(dictionary, indices, values);
                break;
            case 2:
                Gather<ushort>(dictionary, indices, values);
                break;
            case 4:
                Gather<uint>(dictionary, indices, values);
                break;
            case 8:
                Gather<ulong>(dictionary, indices, values);
                break;
            case 16:
                Gather<UInt128>(dictionary, indices, values);
                break;
            default:
                for (var i = 0; i < indices.Length; i++)
                {
                    dictionary.Slice((int)indices[i] * width, width).CopyTo(values[(i * width)..]);
                }

                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather<T>(ReadOnlySpan<byte> dictionary, ReadOnlySpan<uint> indices, Span<byte> values) where T : unmanaged
    {
        ref var from = ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(dictionary));
        var to = MemoryMarshal.Cast<byte, T>(values)[..indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            to[i] = Unsafe.Add(ref from, indices[i]);
        }
    }
}
