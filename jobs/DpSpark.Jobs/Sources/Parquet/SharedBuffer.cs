using System.Buffers;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>A rented array that a page reader and the batches that point into it hold together; the last one gives it back.</summary>
internal sealed class SharedBuffer
{
    private int _holders = 1;

    private SharedBuffer(byte[] array) => Array = array;

    /// <summary>The bytes; at least as many as were asked for.</summary>
    public byte[] Array { get; }

    public static SharedBuffer Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length));

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            ArrayPool<byte>.Shared.Return(Array);
        }
    }
}

/// <summary>What a batch under construction has rented; handed to the batch when it is complete.</summary>
internal sealed class BatchBuffers
{
    private readonly List<byte[]> _rented = [];
    private readonly List<SharedBuffer> _shared = [];

    public byte[] Rent(int length)
    {
        var array = ArrayPool<byte>.Shared.Rent(length);
        _rented.Add(array);
        return array;
    }

    /// <summary>Replaces a rented array by a larger one with the same beginning.</summary>
    public byte[] Grow(byte[] array, int used, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length);
        array.AsSpan(0, used).CopyTo(larger);
        _rented[_rented.IndexOf(array)] = larger;
        ArrayPool<byte>.Shared.Return(array);
        return larger;
    }

    public void Hold(SharedBuffer buffer)
    {
        buffer.Hold();
        _shared.Add(buffer);
    }

    public void Release()
    {
        foreach (var array in _rented)
        {
            ArrayPool<byte>.Shared.Return(array);
        }

        foreach (var buffer in _shared)
        {
            buffer.Release();
        }

        _rented.Clear();
        _shared.Clear();
    }
}
