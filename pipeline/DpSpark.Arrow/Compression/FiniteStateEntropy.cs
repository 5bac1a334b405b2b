using System.Numerics;

namespace DpSpark.Arrow.Compression;

/// <summary>Builds the decoding tables of Zstandard's finite state entropy code (RFC 8878, section 4.1).</summary>
internal static unsafe class FiniteStateEntropy
{
    /// <summary>Reads normalised counts.</summary>
    /// <param name="source">Moved past the counts.</param>
    /// <param name="counts">Receives the count of each symbol, -1 for "less than one"; its length is the number of symbols allowed.</param>
    /// <param name="maxLog">Largest accuracy allowed.</param>
    /// <param name="symbols">Number of symbols read.</param>
    /// <returns>Accuracy log: the counts add up to its power of two.</returns>
    public static int ReadCounts(ref ZstandardDecoder.Range source, Span<short> counts, int maxLog, out int symbols)
    {
        var data = new ReadOnlySpan<byte>(source.Position, (int)(source.End - source.Position));
        var log = (int)Peek(data, 0, 4) + 5;
        var position = 4;
        if (log > maxLog)
        {
            Damaged.Zstandard("an entropy table is too large");
        }

        var remaining = 1 << log;
        symbols = 0;
        while (remaining > 0)
        {
            // A value of 0 to remaining + 1; small values are written with one bit less.
            var width = BitOperations.Log2((uint)(remaining + 1)) + 1;
            var value = (int)Peek(data, position, width);
            var shorter = (1 << width) - 1 - (remaining + 1);
            var low = value & ((1 << (width - 1)) - 1);
            if (low < shorter)
            {
                value = low;
                position += width - 1;
            }
            else
            {
                if (value >= 1 << (width - 1))
                {
                    value -= shorter;
                }

                position += width;
            }

            var count = value - 1;
            remaining -= Math.Abs(count);
            if (symbols >= counts.Length || remaining < 0)
            {
                Damaged.Zstandard("an entropy table has too many symbols");
            }

            counts[symbols++] = (short)count;
            var more = count == 0;
            while (more)
            {
                var zeros = (int)Peek(data, position, 2);
                position += 2;
                if (symbols + zeros > counts.Length)
                {
                    Damaged.Zstandard("an entropy table has too many symbols");
                }

                counts.Slice(symbols, zeros).Clear();
                symbols += zeros;
                more = zeros == 3;
            }
        }

        var used = (position + 7) >> 3;
        source.Require(used);
        source.Position += used;
        return log;
    }

    /// <summary>Spreads the symbols over the states and tells for each how many bits lead to the next state.</summary>
    public static void Build(ReadOnlySpan<short> counts, int log, Span<byte> symbols, Span<byte> bits, Span<ushort> next)
    {
        var size = 1 << log;
        var high = size - 1;
        Span<ushort> seen = stackalloc ushort[256];
        for (var s = 0; s < counts.Length; s++)
        {
            if (counts[s] == -1)
            {
                symbols[high--] = (byte)s;
                seen[s] = 1;
            }
            else
            {
                seen[s] = (ushort)counts[s];
            }
        }

        int step = (size >> 1) + (size >> 3) + 3, mask = size - 1, position = 0;
        for (var s = 0; s < counts.Length; s++)
        {
            for (var i = 0; i < counts[s]; i++)
            {
                symbols[position] = (byte)s;
                do
                {
                    position = (position + step) & mask;
                }
                while (position > high);
            }
        }

        for (var state = 0; state < size; state++)
        {
            int x = seen[symbols[state]]++;
            var width = log - BitOperations.Log2((uint)x);
            bits[state] = (byte)width;
            next[state] = (ushort)((x << width) - size);
        }
    }

    private static uint Peek(ReadOnlySpan<byte> data, int bit, int count)
    {
        ulong word = 0;
        for (int i = 0, at = bit >> 3; i < 4 && at + i < data.Length; i++)
        {
            word |= (ulong)data[at + i] << (8 * i);
        }

        return (uint)(word >> (bit & 7)) & ((1u << count) - 1);
    }
}
