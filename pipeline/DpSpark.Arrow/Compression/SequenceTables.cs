namespace DpSpark.Arrow.Compression;

/// <summary>One state of a sequence table: the value it stands for and where it leads.</summary>
internal struct SequenceEntry
{
    public uint Base;
    public ushort Next;
    public byte ExtraBits;
    public byte Bits;
}

/// <summary>A decoding table, in force until a block brings another.</summary>
internal sealed class SequenceTable(int maxLog)
{
    public SequenceEntry[] Entries { get; } = new SequenceEntry[1 << maxLog];

    public int Log { get; set; }
}

/// <summary>The three tables of sequences: literal lengths, offsets, match lengths (RFC 8878, section 3.1.1.3.2).</summary>
internal sealed unsafe class SequenceTables
{
    private static readonly Code s_lengths = new(
        [.. Enumerable.Range(0, 16), 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536],
        [.. new byte[16], 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
        6,
        9);

    private static readonly Code s_matches = new(
        [
            .. Enumerable.Range(3, 32), 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
        ],
        [.. new byte[32], 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        [
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            -1, -1, -1, -1, -1, -1, -1,
        ],
        6,
        9);

    private static readonly Code s_offsets = new(
        [.. Enumerable.Range(0, 32).Select(i => 1L << i)],
        [.. Enumerable.Range(0, 32).Select(i => (byte)i)],
        [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
        5,
        8);

    private readonly SequenceTable _ownLengths = new(9), _ownOffsets = new(8), _ownMatches = new(9);
    private SequenceTable? _lengths, _offsets, _matches;

    public SequenceTable LiteralLengths => _lengths!;

    public SequenceTable Offsets => _offsets!;

    public SequenceTable MatchLengths => _matches!;

    /// <summary>Forgets the tables: a new frame starts.</summary>
    public void Clear() => _lengths = _offsets = _matches = null;

    /// <summary>Reads the tables of a sequences section.</summary>
    public void Read(ref ZstandardDecoder.Range source, int modes)
    {
        _lengths = Read(ref source, modes >> 6, s_lengths, _ownLengths, _lengths);
        _offsets = Read(ref source, (modes >> 4) & 3, s_offsets, _ownOffsets, _offsets);
        _matches = Read(ref source, (modes >> 2) & 3, s_matches, _ownMatches, _matches);
    }

    private static SequenceTable Read(ref ZstandardDecoder.Range source, int mode, Code code, SequenceTable own, SequenceTable? last)
    {
        switch (mode)
        {
            case 0:
                return code.Predefined;
            case 1:
                source.Require(1);
                int symbol = *source.Position++;
                if (symbol >= code.Bases.Length)
                {
                    Damaged.Zstandard("a sequence code is out of range");
                }

                own.Log = 0;
                own.Entries[0] = new() { Base = (uint)code.Bases[symbol], ExtraBits = code.ExtraBits[symbol] };
                return own;
            case 2:
                Span<short> counts = stackalloc short[code.Bases.Length];
                var log = FiniteStateEntropy.ReadCounts(ref source, counts, code.MaxLog, out var symbols);
                code.Fill(own, counts[..symbols], log);
                return own;
            default:
                if (last is null)
                {
                    Damaged.Zstandard("a block repeats a table that was never given");
                }

                return last;
        }
    }

    /// <summary>The values that the symbols of a table stand for.</summary>
    private sealed class Code
    {
        public Code(long[] bases, byte[] extraBits, short[] counts, int log, int maxLog)
        {
            Bases = bases;
            ExtraBits = extraBits;
            MaxLog = maxLog;
            Predefined = new(log);
            Fill(Predefined, counts, log);
        }

        public Code(int[] bases, byte[] extraBits, short[] counts, int log, int maxLog)
            : this(Array.ConvertAll(bases, b => (long)b), extraBits, counts, log, maxLog)
        {
        }

        public long[] Bases { get; }

        public byte[] ExtraBits { get; }

        public int MaxLog { get; }

        public SequenceTable Predefined { get; }

        public void Fill(SequenceTable table, ReadOnlySpan<short> counts, int log)
        {
            var size = 1 << log;
            Span<byte> symbols = stackalloc byte[size];
            Span<byte> bits = stackalloc byte[size];
            Span<ushort> next = stackalloc ushort[size];
            FiniteStateEntropy.Build(counts, log, symbols, bits, next);
            table.Log = log;
            for (var i = 0; i < size; i++)
            {
                table.Entries[i] = new() { Base = (uint)Bases[symbols[i]], ExtraBits = ExtraBits[symbols[i]], Bits = bits[i], Next = next[i] };
            }
        }
    }
}
