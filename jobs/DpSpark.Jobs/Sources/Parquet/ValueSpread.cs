using System.Runtime.InteropServices;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Moves densely decoded values to their rows, from the back, and clears the rows that are null.</summary>
internal static class ValueSpread
{
    /// <summary>Spreads values over rows.</summary>
    /// <param name="values">One slot per row; the first <paramref name="present"/> hold the values.</param>
    /// <param name="width">Bytes a value.</param>
    /// <param name="bitmap">1 = present.</param>
    /// <param name="start">Bit of the first row.</param>
    /// <param name="present">Number of 1 bits.</param>
    public static void Spread(Span<byte> values, int width, ReadOnlySpan<byte> bitmap, int start, int present)
    {
        switch (width)
        {
            case 1:
                Spread<byte>(values, bitmap, start, present);
                break;
            case 2:
                Spread<ushort>(values, bitmap, start, present);
                break;
            case 4:
                Spread<uint>(values, bitmap, start, present);
                break;
            case 8:
                Spread<ulong>(values, bitmap, start, present);
                break;
            case 16:
                Spread<UInt128>(values, bitmap, start, present);
                break;
            default:
                for (var row = (values.Length / width) - 1; row >= 0; row--)
                {
                    var slot = values.Slice(row * width, width);
                    if (Bitmap.Get(bitmap, start + row))
                    {
                        values.Slice(--present * width, width).CopyTo(slot);
                    }
                    else
                    {
                        slot.Clear();
                    }
                }

                break;
        }
    }

    private static void Spread<T>(Span<byte> bytes, ReadOnlySpan<byte> bitmap, int start, int present) where T : unmanaged
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        for (var row = values.Length - 1; row >= 0; row--)
        {
            // Rows above the last present one read slot 0 at worst, and are cleared.
            var bit = (bitmap[(start + row) >> 3] >> ((start + row) & 7)) & 1;
            present -= bit;
            values[row] = bit != 0 ? values[present] : default;
        }
    }
}
