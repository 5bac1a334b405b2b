using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DpSpark.Arrow;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>Collects one column of raw text in rented buffers. Bytes are copied as they are; nothing is allocated per row.</summary>
internal sealed class Utf8ColumnBuilder : IDisposable
{
    private byte[] _values;
    private byte[] _offsets;
    private byte[]? _validity;
    private readonly int _capacity;
    private int _length;
    private int _used;
    private int _nulls;

    /// <param name="capacity">Rows, at most.</param>
    public Utf8ColumnBuilder(int capacity)
    {
        _capacity = capacity;
        _offsets = ArrayPool<byte>.Shared.Rent((capacity + 1) * sizeof(int));
        _values = ArrayPool<byte>.Shared.Rent(Math.Max(1024, capacity * 8));
        Unsafe.As<byte, int>(ref MemoryMarshal.GetArrayDataReference(_offsets)) = 0;
    }

    /// <summary>Adds a value.</summary>
    /// <param name="source">The value starts at <paramref name="start"/>; 16 bytes behind its end must be readable.</param>
    /// <param name="start">First byte.</param>
    /// <param name="length">Number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(byte[] source, int start, int length)
    {
        if (_values.Length - _used < length + Vector128<byte>.Count)
        {
            Grow(length + Vector128<byte>.Count);
        }

        if (length <= Vector128<byte>.Count)
        {
            // Copies 16 bytes whatever the length; what is too much is overwritten by the next value or lies behind the last one.
            Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(source), (nuint)start)
                .StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(_values), (nuint)_used);
        }
        else
        {
            source.AsSpan(start, length).CopyTo(_values.AsSpan(_used));
        }

        _used += length;
        EndValue();
    }

    /// <summary>Adds a value.</summary>
    /// <param name="escaped">The value, with every quote in it doubled.</param>
    public void AppendUnescaped(ReadOnlySpan<byte> escaped)
    {
        if (_values.Length - _used < escaped.Length)
        {
            Grow(escaped.Length);
        }

        while (true)
        {
            var quote = escaped.IndexOf((byte)'"');
            var take = quote < 0 ? escaped.Length : quote + 1;
            escaped[..take].CopyTo(_values.AsSpan(_used));
            _used += take;
            if (quote < 0)
            {
                break;
            }

            escaped = escaped[(quote + 2)..];
        }

        EndValue();
    }

    /// <summary>Adds a null.</summary>
    public void AppendNull()
    {
        if (_validity is null)
        {
            _validity = ArrayPool<byte>.Shared.Rent((_capacity + 7) / 8);
            _validity.AsSpan(0, (_capacity + 7) / 8).Fill(0xFF);
        }

        _validity[_length >> 3] &= (byte)~(1 << (_length & 7));
        _nulls++;
        EndValue();
    }

    /// <summary>The column; it uses the builder's buffers, which live until <see cref="Dispose"/>.</summary>
    public ArrowArray Build() => new()
    {
        Type = ArrowType.Utf8,
        Length = _length,
        NullCount = _nulls,
        Validity = _validity is null ? default : _validity.AsMemory(0, (_length + 7) / 8),
        Offsets = _offsets.AsMemory(0, (_length + 1) * sizeof(int)),
        Values = _values.AsMemory(0, _used),
    };

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _values, []));
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _offsets, []));
        if (Interlocked.Exchange(ref _validity, null) is { } validity)
        {
            ArrayPool<byte>.Shared.Return(validity);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndValue() => MemoryMarshal.Cast<byte, int>(_offsets.AsSpan())[++_length] = _used;

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_used + needed), 2 * _values.Length));
        _values.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_values);
        _values = larger;
    }
}
