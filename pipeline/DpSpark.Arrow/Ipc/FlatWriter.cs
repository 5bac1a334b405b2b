using System.Buffers.Binary;
using System.Text;

namespace DpSpark.Arrow.Ipc;

/// <summary>Writes a FlatBuffer front to back: parents before children, references patched when the child is placed.</summary>
internal sealed class FlatWriter
{
    private byte[] _buffer = new byte[1024];

    /// <summary>Starts with the reference to the root table, which must be placed next.</summary>
    public FlatWriter() => Reserve(4, 4);

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until more is written.</summary>
    public Span<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Places a table and points a reference at it. Every slot is written, so that no reader needs to know a default.</summary>
    /// <param name="reference">Position of the reference.</param>
    /// <param name="sizes">Bytes of each slot, 0 for one that is absent.</param>
    /// <returns>Position of each slot's value, all zero so far.</returns>
    public int[] Table(int reference, params ReadOnlySpan<byte> sizes)
    {
        var vtable = Reserve(4 + (2 * sizes.Length), 2);
        var table = Reserve(4, 8);
        Point(reference, table);
        Put32(table, table - vtable);
        var positions = new int[sizes.Length];
        for (var size = 8; size > 0; size /= 2)
        {
            for (var slot = 0; slot < sizes.Length; slot++)
            {
                if (sizes[slot] == size)
                {
                    positions[slot] = Reserve(size, size);
                    Put16(vtable + 4 + (2 * slot), positions[slot] - table);
                }
            }
        }

        Put16(vtable, 4 + (2 * sizes.Length));
        Put16(vtable + 2, Length - table);
        return positions;
    }

    /// <summary>Places a vector and points a reference at it.</summary>
    /// <returns>Position of the first element; all are zero so far.</returns>
    public int Vector(int reference, int count, int elementSize, int alignment)
    {
        while ((Length + 4) % alignment != 0)
        {
            Reserve(1, 1);
        }

        var at = Reserve(4, 4);
        Point(reference, at);
        Put32(at, count);
        return Reserve(count * elementSize, 1);
    }

    /// <summary>Places a text and points a reference at it.</summary>
    public void String(int reference, string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        var at = Vector(reference, bytes, 1, 4);
        Encoding.UTF8.GetBytes(text, _buffer.AsSpan(at, bytes));
        Reserve(1, 1);
    }

    public void Put8(int position, byte value) => _buffer[position] = value;

    public void Put16(int position, int value) => BinaryPrimitives.WriteInt16LittleEndian(_buffer.AsSpan(position), (short)value);

    public void Put32(int position, int value) => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(position), value);

    public void Put64(int position, long value) => BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(position), value);

    /// <summary>Ends on a multiple of 8.</summary>
    public void Pad() => Reserve(0, 8);

    private void Point(int reference, int target) => Put32(reference, target - reference);

    private int Reserve(int count, int alignment)
    {
        var at = (Length + alignment - 1) / alignment * alignment;
        if (at + count > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, at + count));
        }

        Length = at + count;
        return at;
    }
}
