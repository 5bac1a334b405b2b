using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>
/// Spreads rows of words over 256 buckets, in memory while the pool lasts and in a spill file after that. One writer serves one thread; what all writers hold of a bucket is read
/// together afterwards.
/// </summary>
internal sealed unsafe class BucketWriter : IDisposable
{
    /// <summary>Number of buckets.</summary>
    public const int Buckets = 256;

    /// <summary>Bits of a hash that choose the bucket.</summary>
    public const int BucketBits = 8;

    private readonly ChunkPool _pool;
    private readonly ISpillStore _store;
    private readonly nint[] _open = new nint[Buckets];
    private readonly int[] _used = new int[Buckets];
    private readonly List<Piece>?[] _pieces = new List<Piece>?[Buckets];
    private readonly long[] _bytes = new long[Buckets];
    private FileStream? _spill;
    private long _spilled;

    public BucketWriter(ChunkPool pool, ISpillStore store)
    {
        _pool = pool;
        _store = store;
    }

    /// <summary>Bytes written to the spill file.</summary>
    public long BytesSpilled => _spilled;

    /// <summary>Bytes of a bucket.</summary>
    public long BytesOf(int bucket) => _bytes[bucket] + _used[bucket];

    /// <summary>Room for a row of so many words in a bucket; write all of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* Reserve(int bucket, int words)
    {
        var bytes = words * sizeof(ulong);
        var used = _used[bucket];
        var open = _open[bucket];
        if (open == 0 || used + bytes > ChunkPool.ChunkBytes)
        {
            return ReserveSlow(bucket, bytes);
        }

        _used[bucket] = used + bytes;
        return (ulong*)(open + used);
    }

    /// <summary>Copies what this writer holds of a bucket, word by word, and lets go of it.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="destination">At least <see cref="BytesOf"/> bytes.</param>
    /// <returns>Words copied.</returns>
    public int Take(int bucket, Span<ulong> destination)
    {
        var total = 0;
        var bytes = MemoryMarshal.AsBytes(destination);
        foreach (var piece in Pieces(bucket))
        {
            piece.Read(_spill, bytes.Slice(total, piece.Bytes));
            total += piece.Bytes;
            piece.Free(_pool);
        }

        Forget(bucket);
        return total / sizeof(ulong);
    }

    /// <summary>Hands what this writer holds of a bucket over piece by piece, for buckets that do not fit into memory; lets go of it when <paramref name="free"/> is set.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="buffer">Receives a piece at a time; grown when a piece is larger.</param>
    /// <param name="free">Whether the pieces are not needed again.</param>
    public IEnumerable<int> Stream(int bucket, ulong[][] buffer, bool free)
    {
        foreach (var piece in Pieces(bucket))
        {
            var words = piece.Bytes / sizeof(ulong);
            if (buffer[0].Length < words)
            {
                buffer[0] = new ulong[words];
            }

            piece.Read(_spill, MemoryMarshal.AsBytes(buffer[0].AsSpan(0, words)));
            if (free)
            {
                piece.Free(_pool);
            }

            yield return words;
        }

        if (free)
        {
            Forget(bucket);
        }
    }

    /// <summary>Lets go of what this writer holds of a bucket.</summary>
    /// <param name="bucket">The bucket.</param>
    public void Drop(int bucket)
    {
        foreach (var piece in Pieces(bucket))
        {
            piece.Free(_pool);
        }

        Forget(bucket);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            Drop(bucket);
        }

        _spill?.Dispose();
        _spill = null;
    }

    private IEnumerable<Piece> Pieces(int bucket)
    {
        if (_pieces[bucket] is { } pieces)
        {
            foreach (var piece in pieces)
            {
                yield return piece;
            }
        }

        if (_open[bucket] != 0)
        {
            yield return new Piece(_open[bucket], 0, _used[bucket], true);
        }
    }

    private void Forget(int bucket)
    {
        _pieces[bucket] = null;
        _open[bucket] = 0;
        _used[bucket] = 0;
        _bytes[bucket] = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong* ReserveSlow(int bucket, int bytes)
    {
        if (bytes > ChunkPool.ChunkBytes)
        {
            // A row with a key of tens of kilobytes: a piece of its own.
            var own = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
            Keep(bucket, new Piece(own, 0, bytes, false));
            return (ulong*)own;
        }

        if (_open[bucket] == 0)
        {
            _open[bucket] = _pool.Rent();
        }
        else
        {
            var fresh = _pool.TryRent();
            if (fresh != 0)
            {
                Keep(bucket, new Piece(_open[bucket], 0, _used[bucket], true));
                _open[bucket] = fresh;
            }
            else
            {
                Spill(bucket);
            }
        }

        _used[bucket] = bytes;
        return (ulong*)_open[bucket];
    }

    private void Keep(int bucket, Piece piece)
    {
        (_pieces[bucket] ??= []).Add(piece);
        _bytes[bucket] += piece.Bytes;
    }

    private void Spill(int bucket)
    {
        _spill ??= _store.Create();
        var bytes = _used[bucket];
        RandomAccess.Write(_spill.SafeFileHandle, new ReadOnlySpan<byte>((void*)_open[bucket], bytes), _spilled);
        Keep(bucket, new Piece(0, _spilled, bytes, false));
        _spilled += bytes;
    }

    /// <summary>Part of a bucket: a chunk of the pool, memory of its own, or a range of the spill file.</summary>
    private readonly record struct Piece(nint Memory, long Offset, int Bytes, bool FromPool)
    {
        public void Read(FileStream? spill, Span<byte> destination)
        {
            if (Memory != 0)
            {
                new ReadOnlySpan<byte>((void*)Memory, Bytes).CopyTo(destination);
                return;
            }

            for (var done = 0; done < Bytes;)
            {
                var read = RandomAccess.Read(spill!.SafeFileHandle, destination[done..], Offset + done);
                done += read > 0 ? read : throw new IOException("A spill file ended early.");
            }
        }

        public void Free(ChunkPool pool)
        {
            if (FromPool)
            {
                pool.Return(Memory);
            }
            else if (Memory != 0)
            {
                NativeMemory.AlignedFree((void*)Memory);
            }
        }
    }
}
