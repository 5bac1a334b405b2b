using System.Runtime.InteropServices;
using DpSpark.Core.Keys;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>
/// Accumulators set aside, spread over buckets by partition. Layout of a record in words: (words | key bytes ≪ 32), word or hash of the partition, units, two words a sum, key bytes padded.
/// </summary>
internal sealed unsafe class AccumulatorSpill : IDisposable
{
    private const int HeaderWords = 3;
    private readonly BucketWriter _writer;

    public AccumulatorSpill(ChunkPool pool, ISpillStore store) => _writer = new BucketWriter(pool, store);

    public long BytesSpilled => _writer.BytesSpilled;

    /// <summary>Sets all entries of a table aside.</summary>
    public void Write(AccumulatorTable table)
    {
        var stored = table.Stored;
        for (var entry = 0; entry < table.Count; entry++)
        {
            var key = stored is null ? default : stored.Key(entry);
            var sums = MemoryMarshal.Cast<Int128, ulong>(table.Values(entry));
            var words = HeaderWords + sums.Length + ((key.Length + 7) / 8);
            var hash = stored is null ? ByteHash.Of(table.Word(entry)) : stored.Hash(entry);
            var record = _writer.Reserve((int)(hash >> (64 - BucketWriter.BucketBits)), words);
            record[words - 1] = 0;
            record[0] = (uint)words | ((ulong)key.Length << 32);
            record[1] = stored is null ? table.Word(entry) : hash;
            record[2] = (ulong)table.Units(entry);
            sums.CopyTo(new Span<ulong>(record + HeaderWords, sums.Length));
            key.CopyTo(new Span<byte>(record + HeaderWords + sums.Length, key.Length));
        }
    }

    /// <summary>Merges a bucket into a table and lets go of it.</summary>
    public void MergeInto(int bucket, AccumulatorTable table)
    {
        ulong[][] buffer = [[]];
        foreach (var words in _writer.Stream(bucket, buffer, free: true))
        {
            var piece = buffer[0].AsSpan(0, words);
            while (piece.Length > 0)
            {
                var length = (int)(uint)piece[0];
                var keyBytes = (int)(piece[0] >> 32);
                var sums = MemoryMarshal.Cast<ulong, Int128>(piece.Slice(HeaderWords, 2 * table.Sums));
                var entry = table.Stored is null
                    ? table.EntryOf(piece[1])
                    : table.EntryOf(piece[1], MemoryMarshal.AsBytes(piece[(HeaderWords + (2 * table.Sums))..])[..keyBytes]);
                table.AddUnits(entry, (long)piece[2]);
                var into = table.Values(entry);
                for (var i = 0; i < sums.Length; i++)
                {
                    into[i] += sums[i];
                }

                piece = piece[length..];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();
}
