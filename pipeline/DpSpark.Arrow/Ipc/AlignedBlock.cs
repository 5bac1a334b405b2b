using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DpSpark.Arrow.Ipc;

/// <summary>A block of memory that starts at a multiple of 64 and comes from a pool. Its content is not cleared.</summary>
/// <remarks>Blocks are ordinary garbage-collected arrays: one that is never returned costs a collection, and a span of a returned one is stale but safe.</remarks>
internal sealed class AlignedBlock
{
    private const int Alignment = 64, SmallestClass = 12, LargestPooledClass = 27;

    private static readonly ConcurrentQueue<byte[]>[] s_pool = [.. Enumerable.Range(0, LargestPooledClass + 1).Select(_ => new ConcurrentQueue<byte[]>())];
    private byte[]? _array;

    private AlignedBlock(byte[] array, int length)
    {
        _array = array;
        unsafe
        {
            var address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
            Memory = MemoryMarshal.CreateFromPinnedArray(array, (int)((0 - address) & (Alignment - 1)), length);
        }
    }

    /// <summary>Exactly the bytes asked for.</summary>
    public Memory<byte> Memory { get; }

    /// <summary>Takes a block.</summary>
    /// <param name="length">0 or more.</param>
    public static AlignedBlock Rent(int length)
    {
        var size = Math.Max(1 << SmallestClass, length + Alignment);
        var bits = BitOperations.Log2((uint)size - 1) + 1;
        if (bits > LargestPooledClass)
        {
            return new(GC.AllocateUninitializedArray<byte>(size, pinned: true), length);
        }

        return new(s_pool[bits].TryDequeue(out var array) ? array : GC.AllocateUninitializedArray<byte>(1 << bits, pinned: true), length);
    }

    /// <summary>Gives the block back. Calling it again does nothing.</summary>
    public void Return()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is not null && BitOperations.IsPow2(array.Length) && BitOperations.Log2((uint)array.Length) is var bits and <= LargestPooledClass
            && s_pool[bits].Count < Math.Max(2, Environment.ProcessorCount))
        {
            s_pool[bits].Enqueue(array);
        }
    }
}
