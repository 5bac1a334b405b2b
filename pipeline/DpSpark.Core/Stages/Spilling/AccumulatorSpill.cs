using System.Runtime.InteropServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>
/// Accumulators set aside, spread over buckets by partition. Layout of a record in words: (words | key bytes ≪ 32), word or hash of the partition, units, two words a sum, key bytes padded,
/// then per item list its length and its words. A partition with many items has several records; they add up.
/// </summary>
internal sealed unsafe class AccumulatorSpill : IDisposable
{
    private const int HeaderWords = 3;

    /// <summary>Item words of one record: it stays within a chunk of the pool.</summary>
    private const int MaxItemWords = ChunkPool.ChunkBytes / sizeof(ulong) / 2;

    private readonly BucketWriter _writer;

    public AccumulatorSpill(ChunkPool pool, ISpillStore store) => _writer = new BucketWriter(pool, store);

    public long BytesSpilled => _writer.BytesSpilled;

    /// <summary>Sets all entries of a table aside.</summary>
    public void Write(AccumulatorTable table)
    {
        var stored = table.Stored;
        table.CombineItems();
        var from = new int[table.Items];
        var take = new int[table.Items];
        for (var entry = 0; entry < table.Count; entry++)
        {
            Array.Clear(from);
            var more = PieceOf(table, entry, from, take, out var itemWords);
            var key = stored is null ? default : stored.Key(entry);
            var sums = MemoryMarshal.Cast<Int128, ulong>(table.Values(entry));
            var fixedWords = HeaderWords + sums.Length + ((key.Length + 7) / 8);
            var hash = stored is null ? ByteHash.Of(table.Word(entry)) : stored.Hash(entry);
            var units = (ulong)table.Units(entry);
            while (true)
            {
                var words = fixedWords + itemWords;
                var record = _writer.Reserve((int)(hash >> (64 - BucketWriter.BucketBits)), words);
                record[fixedWords - 1] = 0;
                record[0] = (uint)words | ((ulong)key.Length << 32);
                record[1] = stored is null ? table.Word(entry) : hash;
                record[2] = units;
                sums.CopyTo(new Span<ulong>(record + HeaderWords, sums.Length));
                key.CopyTo(new Span<byte>(record + HeaderWords + sums.Length, key.Length));
                CopyItems(table, entry, from, take, record + fixedWords);
                if (!more)
                {
                    break;
                }

                // What follows adds items alone.
                units = 0;
                sums = new ulong[sums.Length];
                more = PieceOf(table, entry, from, take, out itemWords);
            }
        }
    }

    /// <summary>Bytes of a bucket.</summary>
    public long BytesOf(int bucket) => _writer.BytesOf(bucket);

    /// <summary>Lets go of a bucket.</summary>
    public void Drop(int bucket) => _writer.Drop(bucket);

    /// <summary>Adds the bytes of a bucket to those of the parts it would be divided into by further bits of the partitions' hashes.</summary>
    public void AddBytes(int bucket, bool isWord, long[] parts)
    {
        ulong[][] buffer = [[]];
        foreach (var words in _writer.Stream(bucket, buffer, free: false))
        {
            var piece = buffer[0].AsSpan(0, words);
            while (piece.Length > 0)
            {
                var length = (int)(uint)piece[0];
                parts[PartOf(piece[1], isWord, parts.Length)] += length * sizeof(ulong);
                piece = piece[length..];
            }
        }
    }

    /// <summary>Merges a bucket into a table and lets go of it.</summary>
    public void MergeInto(int bucket, AccumulatorTable table) => MergeInto(bucket, table, SpillSlice.Whole);

    /// <summary>Merges a part of a bucket into a table.</summary>
    public void MergeInto(int bucket, AccumulatorTable table, SpillSlice slice)
    {
        ulong[][] buffer = [[]];
        foreach (var words in _writer.Stream(bucket, buffer, slice.Free))
        {
            var piece = buffer[0].AsSpan(0, words);
            while (piece.Length > 0)
            {
                var length = (int)(uint)piece[0];
                if (slice.Parts > 1 && PartOf(piece[1], table.Stored is null, slice.Parts) != slice.Part)
                {
                    piece = piece[length..];
                    continue;
                }

                var keyBytes = (int)(piece[0] >> 32);
                var sums = MemoryMarshal.Cast<ulong, Int128>(piece.Slice(HeaderWords, 2 * table.Sums));
                var entry = table.Stored is null
                    ? table.EntryOf(piece[1])
                    : table.EntryOf(piece[1], MemoryMarshal.AsBytes(piece[(HeaderWords + (2 * table.Sums))..])[..keyBytes]);
                if (slice.Values == 0)
                {
                    table.AddUnits(entry, (long)piece[2]);
                    var into = table.Values(entry);
                    for (var i = 0; i < sums.Length; i++)
                    {
                        into[i] += sums[i];
                    }
                }

                MergeItems(table, entry, slice, piece[(HeaderWords + (2 * table.Sums) + ((keyBytes + 7) / 8))..length]);

                piece = piece[length..];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    /// <summary>How many items of each list the next record takes; whether some are left after it.</summary>
    private static bool PieceOf(AccumulatorTable table, int entry, int[] from, int[] take, out int words)
    {
        words = table.Items;
        var room = MaxItemWords;
        var left = 0;
        for (var i = 0; i < take.Length; i++)
        {
            var rest = table.ItemsOf(entry, i).Length - from[i];
            take[i] = Math.Min(rest, room);
            room -= take[i];
            left += rest - take[i];
            words += take[i];
        }

        return left > 0;
    }

    private static void CopyItems(AccumulatorTable table, int entry, int[] from, int[] take, ulong* to)
    {
        for (var i = 0; i < take.Length; i++)
        {
            *to++ = (ulong)take[i];
            table.ItemsOf(entry, i).Slice(from[i], take[i]).CopyTo(new Span<ulong>(to, take[i]));
            to += take[i];
            from[i] += take[i];
        }
    }

    private static int PartOf(ulong word, bool isWord, int parts) =>
        (int)(((isWord ? ByteHash.Of(word) : word) << BucketWriter.BucketBits) >> (64 - System.Numerics.BitOperations.Log2((uint)parts))) & (parts - 1);

    private static void MergeItems(AccumulatorTable table, int entry, SpillSlice slice, ReadOnlySpan<ulong> items)
    {
        for (var i = 0; i < table.Items; i++)
        {
            var count = (int)items[0];
            var log = table.Log(i);
            var isHash = table.IsDistinct(i);
            foreach (var word in items.Slice(1, count))
            {
                // A hash goes into the slice that its first bits name, a leaf into the first slice.
                if (slice.ValueSlices == 1 || (isHash ? (int)(word >> (64 - System.Numerics.BitOperations.Log2((uint)slice.ValueSlices))) == slice.Values : slice.Values == 0))
                {
                    log.Add(entry, word);
                }
            }

            items = items[(count + 1)..];
        }
    }
}

/// <summary>What part of a bucket is merged: partitions by further bits of their hashes, distinct values by the first bits of theirs. Both numbers of parts are powers of two.</summary>
internal readonly record struct SpillSlice(int Part, int Parts, int Values, int ValueSlices, bool Free)
{
    /// <summary>All of it, and nothing is left.</summary>
    public static SpillSlice Whole => new(0, 1, 0, 1, true);
}
