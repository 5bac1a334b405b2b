using System.Numerics;
using System.Runtime.CompilerServices;

namespace DpSpark.Arrow.Compression;

/// <summary>The Huffman code of literals (RFC 8878, section 4.2).</summary>
internal sealed unsafe class HuffmanTable
{
    private const int MaxBits = 11;

    /// <summary>By the next bits of the stream: length of the code in the low byte, symbol in the high byte.</summary>
    private readonly ushort[] _entries = new ushort[1 << MaxBits];
    private int _bits;

    /// <summary>Forgets the code: a new frame starts.</summary>
    public void Clear() => _bits = 0;

    /// <summary>Reads the description of a code.</summary>
    public void Read(ref ZstandardDecoder.Range source)
    {
        Span<byte> weights = stackalloc byte[256];
        source.Require(1);
        int header = *source.Position++;
        int count;
        if (header >= 128)
        {
            count = header - 127;
            source.Require((count + 1) / 2);
            for (var i = 0; i < count; i++)
            {
                weights[i] = (byte)((source.Position[i / 2] >> (4 * (1 - (i & 1)))) & 15);
            }

            source.Position += (count + 1) / 2;
        }
        else
        {
            source.Require(header);
            var packed = new ZstandardDecoder.Range(source.Position, source.Position + header, source.Limit);
            count = ReadWeights(packed, weights);
            source.Position += header;
        }

        Build(weights, count);
    }

    /// <summary>Decodes literals.</summary>
    /// <param name="source">Exactly the streams.</param>
    /// <param name="target">Receives the literals.</param>
    /// <param name="count">Number of literals.</param>
    /// <param name="fourStreams">Whether a table of three lengths and four streams follow, or one stream.</param>
    public void Decode(ZstandardDecoder.Range source, byte* target, int count, bool fourStreams)
    {
        if (_bits == 0)
        {
            Damaged.Zstandard("a block repeats a table that was never given");
        }

        fixed (ushort* table = _entries)
        {
            if (!fourStreams)
            {
                var bits = new BackwardBits(source.Position, source.End);
                DecodeRest(ref bits, table, _bits, target, target + count);
                return;
            }

            source.Require(6);
            var quarter = (count + 3) / 4;
            byte* one = source.Position + 6, two = one + (int)(source.Number(6) & 0xFFFF);
            var three = two + (int)((source.Number(6) >> 16) & 0xFFFF);
            var four = three + (int)(source.Number(6) >> 32);
            if (four > source.End || 3 * quarter > count)
            {
                Damaged.Zstandard("the streams of a block do not fit");
            }

            DecodeFour(
                new(one, two), new(two, three), new(three, four), new(four, source.End), table, _bits, target, target + count, quarter);
        }
    }

    private static void DecodeFour(
        BackwardBits one, BackwardBits two, BackwardBits three, BackwardBits four, ushort* table, int width, byte* target, byte* end, int quarter)
    {
        byte* a = target, b = a + quarter, c = b + quarter, d = c + quarter;
        byte* aEnd = b, bEnd = c, cEnd = d;
        while (end - d >= 5 && one.Left >= 57 && two.Left >= 57 && three.Left >= 57 && four.Left >= 57)
        {
            // The last stream is the shortest, so there is room in the others too.
            one.Reload();
            two.Reload();
            three.Reload();
            four.Reload();
            for (var i = 0; i < 5; i++)
            {
                a[i] = Next(ref one, table, width);
                b[i] = Next(ref two, table, width);
                c[i] = Next(ref three, table, width);
                d[i] = Next(ref four, table, width);
            }

            a += 5;
            b += 5;
            c += 5;
            d += 5;
        }

        DecodeRest(ref one, table, width, a, aEnd);
        DecodeRest(ref two, table, width, b, bEnd);
        DecodeRest(ref three, table, width, c, cEnd);
        DecodeRest(ref four, table, width, d, end);
    }

    private static void DecodeRest(ref BackwardBits bits, ushort* table, int width, byte* target, byte* end)
    {
        while (end - target >= 5)
        {
            bits.Reload();
            for (var i = 0; i < 5; i++)
            {
                target[i] = Next(ref bits, table, width);
            }

            target += 5;
        }

        bits.Reload();
        while (target < end)
        {
            *target++ = Next(ref bits, table, width);
        }

        bits.RequireEnd();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Next(ref BackwardBits bits, ushort* table, int width)
    {
        int entry = table[bits.Peek(width)];
        bits.Skip((byte)entry);
        return (byte)(entry >> 8);
    }

    private static int ReadWeights(ZstandardDecoder.Range source, Span<byte> weights)
    {
        Span<short> counts = stackalloc short[16];
        var log = FiniteStateEntropy.ReadCounts(ref source, counts, 6, out var symbolCount);
        Span<byte> symbols = stackalloc byte[64];
        Span<byte> bits = stackalloc byte[64];
        Span<ushort> next = stackalloc ushort[64];
        FiniteStateEntropy.Build(counts[..symbolCount], log, symbols, bits, next);

        // Two states take turns; the stream ends where a state wants bits that are not there, and then the other state gives the last weight.
        var stream = new BackwardBits(source.Position, source.End);
        stream.Reload();
        int state = (int)stream.Read(log), other = (int)stream.Read(log), count = 0;
        while (true)
        {
            if (stream.Left < 0 || count > 253)
            {
                Damaged.Zstandard("the weights of a Huffman code are damaged");
            }

            stream.Reload();
            weights[count++] = symbols[state];
            state = next[state] + (int)stream.Read(bits[state]);
            if (stream.Left < 0)
            {
                weights[count++] = symbols[other];
                return count;
            }

            (state, other) = (other, state);
        }
    }

    private void Build(Span<byte> weights, int count)
    {
        Span<int> ranks = stackalloc int[MaxBits + 2];
        ranks.Clear();
        uint total = 0;
        for (var i = 0; i < count; i++)
        {
            if (weights[i] > MaxBits)
            {
                Damaged.Zstandard("a Huffman code is too long");
            }

            total += (1u << weights[i]) >> 1;
            ranks[weights[i]]++;
        }

        // The last weight is not written: it fills the code up to a power of two.
        var bits = total == 0 ? MaxBits + 1 : BitOperations.Log2(total) + 1;
        var rest = bits > MaxBits ? 0 : (1u << bits) - total;
        if (!BitOperations.IsPow2(rest))
        {
            Damaged.Zstandard("a Huffman code is incomplete");
        }

        var last = (byte)(BitOperations.Log2(rest) + 1);
        weights[count++] = last;
        ranks[last]++;
        if (ranks[1] < 2)
        {
            Damaged.Zstandard("a Huffman code is incomplete");
        }

        // Longest codes come first in the table, equal ones in the order of their symbols.
        Span<int> starts = stackalloc int[MaxBits + 2];
        var start = 0;
        for (var w = 1; w <= MaxBits; w++)
        {
            starts[w] = start;
            start += ranks[w] << (w - 1);
        }

        for (var s = 0; s < count; s++)
        {
            int weight = weights[s];
            if (weight > 0)
            {
                _entries.AsSpan(starts[weight], 1 << (weight - 1)).Fill((ushort)((s << 8) | (bits + 1 - weight)));
                starts[weight] += 1 << (weight - 1);
            }
        }

        _bits = bits;
    }
}
