using DpSpark.Core.Bounding;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages;

/// <summary>Keeps the records of a unit, or of a unit in one partition, that have the smallest keyed ranks (the L1 and L-infinity steps of dp-math.md 2.3).</summary>
/// <typeparam name="TPartition">How the bytes of partitions are found.</typeparam>
internal sealed class RecordSampler<TPartition>
    where TPartition : IKeyBytes
{
    private readonly TPartition _partitionKeys;
    private readonly RecordCodec _codec;
    private readonly int _values;
    private readonly RankComparer _byRank;
    private readonly WordComparer _byWords;
    private Ranked[] _ranked = [];
    private RowKey[] _kept = [];

    public RecordSampler(StageSpec spec, TPartition partitionKeys)
    {
        _partitionKeys = partitionKeys;
        _codec = new RecordCodec(spec);
        _values = spec.RecordColumns.Count;
        _byRank = new RankComparer(this);
        _byWords = new WordComparer(this);
    }

    private ulong[] Words { get; set; } = [];

    /// <summary>The L1 step: the <paramref name="keep"/> records of the unit with the smallest (rank, partition, record, occurrence).</summary>
    /// <param name="state">Rank after the step and the unit.</param>
    /// <param name="rows">All rows of the unit, sorted by partition; numbered in place.</param>
    /// <param name="words">The rows' words.</param>
    /// <param name="keep">Less than the number of rows.</param>
    /// <returns>The kept rows, sorted by partition.</returns>
    public Span<RowKey> KeepOfUnit(SipHash24 state, Span<RowKey> rows, ulong[] words, int keep)
    {
        Begin(rows.Length, words);
        Number(rows);
        for (var i = 0; i < rows.Length; i++)
        {
            _ranked[i] = new Ranked(RankOf(state, rows[i]), rows[i]);
        }

        _ranked.AsSpan(0, rows.Length).Sort(_byRank);
        for (var i = 0; i < keep; i++)
        {
            rows[i] = _ranked[i].Row;
        }

        rows = rows[..keep];
        rows.Sort();
        return rows;
    }

    /// <summary>The L-infinity step: the <paramref name="keep"/> records of one unit and partition with the smallest (rank, record, occurrence).</summary>
    /// <param name="state">Rank after the step and the unit.</param>
    /// <param name="rows">The rows; numbered in place unless they were.</param>
    /// <param name="words">The rows' words.</param>
    /// <param name="keep">Less than the number of rows.</param>
    /// <returns>The kept rows; valid until the next call.</returns>
    public Span<RowKey> KeepOfPartition(SipHash24 state, Span<RowKey> rows, ulong[] words, int keep)
    {
        Begin(rows.Length, words);
        Number(rows);
        _partitionKeys.AppendTlv(ref state, rows[0].Partition);
        for (var i = 0; i < rows.Length; i++)
        {
            _ranked[i] = new Ranked(RankAfterPartition(state, rows[i]), rows[i]);
        }

        _ranked.AsSpan(0, rows.Length).Sort(_byRank);
        if (_kept.Length < keep)
        {
            _kept = new RowKey[keep * 2];
        }

        for (var i = 0; i < keep; i++)
        {
            _kept[i] = _ranked[i].Row;
        }

        return _kept.AsSpan(0, keep);
    }

    /// <summary>Numbers identical records of one partition 0, 1, 2, …</summary>
    private void Number(Span<RowKey> rows)
    {
        if (rows[0].Occurrence >= 0)
        {
            return;
        }

        rows.Sort(_byWords);
        var occurrence = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            occurrence = i > 0 && rows[i].Partition == rows[i - 1].Partition && Record(rows[i]).SequenceEqual(Record(rows[i - 1])) ? occurrence + 1 : 0;
            rows[i] = rows[i] with { Occurrence = occurrence };
        }
    }

    private ReadOnlySpan<ulong> Record(in RowKey row) => Words.AsSpan(row.At + 2, _values);

    private ulong RankOf(SipHash24 state, in RowKey row)
    {
        _partitionKeys.AppendTlv(ref state, row.Partition);
        return RankAfterPartition(state, row);
    }

    private ulong RankAfterPartition(SipHash24 state, in RowKey row)
    {
        Span<byte> scratch = stackalloc byte[_codec.MaxBytes];
        _codec.AppendTlv(ref state, Record(row), scratch);
        BoundKey.AppendOccurrence(ref state, (ulong)row.Occurrence);
        return state.Finish();
    }

    private void Begin(int n, ulong[] words)
    {
        Words = words;
        if (_ranked.Length < n)
        {
            _ranked = new Ranked[n * 2];
        }
    }

    private readonly record struct Ranked(ulong Rank, RowKey Row);

    /// <summary>By partition word, then the record's words: any order that puts identical records side by side.</summary>
    private sealed class WordComparer(RecordSampler<TPartition> owner) : IComparer<RowKey>
    {
        public int Compare(RowKey x, RowKey y) =>
            x.Partition != y.Partition ? x.Partition.CompareTo(y.Partition) : owner.Record(x).SequenceCompareTo(owner.Record(y));
    }

    /// <summary>By rank; ties by partition bytes, record bytes, occurrence.</summary>
    private sealed class RankComparer(RecordSampler<TPartition> owner) : IComparer<Ranked>
    {
        public int Compare(Ranked x, Ranked y) => x.Rank != y.Rank ? x.Rank.CompareTo(y.Rank) : CompareBytes(x.Row, y.Row);

        private int CompareBytes(in RowKey x, in RowKey y)
        {
            if (x.At == y.At)
            {
                return 0;
            }

            Span<byte> a = stackalloc byte[Math.Max(16, owner._codec.MaxBytes)];
            Span<byte> b = stackalloc byte[Math.Max(16, owner._codec.MaxBytes)];
            var order = owner._partitionKeys.Bytes(x.Partition, a).SequenceCompareTo(owner._partitionKeys.Bytes(y.Partition, b));
            if (order == 0)
            {
                order = a[..owner._codec.Write(owner.Record(x), a)].SequenceCompareTo(b[..owner._codec.Write(owner.Record(y), b)]);
            }

            return order != 0 ? order : x.Occurrence.CompareTo(y.Occurrence);
        }
    }
}
