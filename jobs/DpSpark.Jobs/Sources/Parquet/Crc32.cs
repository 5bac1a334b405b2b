using System.Runtime.InteropServices;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>CRC-32 with the polynomial of gzip, eight bytes a step.</summary>
internal static class Crc32
{
    private static readonly uint[] s_tables = MakeTables();

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        var tables = s_tables.AsSpan();
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            var x = word ^ crc;
            crc = tables[(7 << 8) + (int)(x & 255)] ^ tables[(6 << 8) + (int)((x >> 8) & 255)]
                ^ tables[(5 << 8) + (int)((x >> 16) & 255)] ^ tables[(4 << 8) + (int)((x >> 24) & 255)]
                ^ tables[(3 << 8) + (int)((x >> 32) & 255)] ^ tables[(2 << 8) + (int)((x >> 40) & 255)]
                ^ tables[(1 << 8) + (int)((x >> 48) & 255)] ^ tables[(int)(x >> 56)];
        }

        foreach (var b in data[(words.Length * 8)..])
        {
            crc = (crc >> 8) ^ tables[(int)((crc ^ b) & 255)];
        }

        return ~crc;
    }

    private static uint[] MakeTables()
    {
        var tables = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }

            tables[i] = crc;
        }

        for (var i = 256; i < tables.Length; i++)
        {
            var before = tables[i - 256];
            tables[i] = (before >> 8) ^ tables[before & 255];
        }

        return tables;
    }
}
