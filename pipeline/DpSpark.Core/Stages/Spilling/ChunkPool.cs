using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace DpSpark.Core.Stages.Spilling;

/// <summary>Native memory in chunks of one size, up to a budget. Rows live here and not on the managed heap, so that memory is bounded and no collection walks it.</summary>
internal sealed unsafe class ChunkPool : IDisposable
{
    /// <summary>Bytes a chunk.</summary>
    public const int ChunkBytes = 32 * 1024;

    private readonly ConcurrentBag<nint> _free = [];
    private readonly long _budget;
    private long _allocated;
    private int _disposed;

    public ChunkPool(long budgetBytes) => _budget = budgetBytes;

    /// <summary>A chunk, or zero when the budget is used up.</summary>
    public nint TryRent()
    {
        if (_free.TryTake(out var chunk))
        {
            return chunk;
        }

        if (Interlocked.Add(ref _allocated, ChunkBytes) > _budget)
        {
            Interlocked.Add(ref _allocated, -ChunkBytes);
            return 0;
        }

        return (nint)NativeMemory.AlignedAlloc(ChunkBytes, 64);
    }

    /// <summary>A chunk beyond the budget, for the one open chunk that every bucket needs.</summary>
    public nint Rent()
    {
        if (TryRent() is var chunk and not 0)
        {
            return chunk;
        }

        Interlocked.Add(ref _allocated, ChunkBytes);
        return (nint)NativeMemory.AlignedAlloc(ChunkBytes, 64);
    }

    /// <summary>Gives a chunk back.</summary>
    public void Return(nint chunk)
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            NativeMemory.AlignedFree((void*)chunk);
            return;
        }

        _free.Add(chunk);
    }

    /// <summary>Frees what is not out.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _disposed, 1);
        while (_free.TryTake(out var chunk))
        {
            NativeMemory.AlignedFree((void*)chunk);
        }
    }
}
