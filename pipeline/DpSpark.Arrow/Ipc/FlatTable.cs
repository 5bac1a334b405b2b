using System.Buffers.Binary;
using System.Text;

namespace DpSpark.Arrow.Ipc;

/// <summary>A table within a FlatBuffer. Every position is checked before it is read, none needs to be aligned.</summary>
internal readonly ref struct FlatTable
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly ReadOnlySpan<byte> _slots;
    private readonly int _position;
    private readonly int _size;

    private FlatTable(ReadOnlySpan<byte> buffer, long position)
    {
        _buffer = buffer;
        _position = Check(position, 4);
        var back = BinaryPrimitives.ReadInt32LittleEndian(buffer[_position..]);
        var vtable = Check((long)_position - back, 4);
        int slots = BinaryPrimitives.ReadUInt16LittleEndian(buffer[vtable..]);
        _size = BinaryPrimitives.ReadUInt16LittleEndian(buffer[(vtable + 2)..]);
        if (back == 0 || slots < 4 || (slots & 1) != 0 || _size < 4)
        {
            throw new ArrowFormatException("The metadata hold a table of impossible size.");
        }

        Check(vtable, slots);
        Check(_position, _size);
        _slots = buffer.Slice(vtable + 4, slots - 4);
    }

    /// <summary>Length of the whole FlatBuffer.</summary>
    public int BufferLength => _buffer.Length;

    /// <summary>The root table of a FlatBuffer.</summary>
    public static FlatTable Root(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length < 8)
        {
            throw new ArrowFormatException("The metadata are too short.");
        }

        var root = BinaryPrimitives.ReadUInt32LittleEndian(buffer);
        return root == 0 ? throw new ArrowFormatException("The metadata have no root table.") : new(buffer, root);
    }

    /// <summary>Whether a slot holds a value.</summary>
    public bool Has(int slot) => Offset(slot, 1) != 0;

    public bool Bool(int slot) => Byte(slot) != 0;

    public byte Byte(int slot) => Offset(slot, 1) is var at and not 0 ? _buffer[at] : (byte)0;

    public short Int16(int slot, short absent = 0) => Offset(slot, 2) is var at and not 0 ? BinaryPrimitives.ReadInt16LittleEndian(_buffer[at..]) : absent;

    public int Int32(int slot, int absent = 0) => Offset(slot, 4) is var at and not 0 ? BinaryPrimitives.ReadInt32LittleEndian(_buffer[at..]) : absent;

    public long Int64(int slot, long absent = 0) => Offset(slot, 8) is var at and not 0 ? BinaryPrimitives.ReadInt64LittleEndian(_buffer[at..]) : absent;

    /// <summary>The table that a slot refers to; an absent one is an error.</summary>
    public FlatTable Table(int slot, string name)
    {
        var at = Offset(slot, 4);
        return at == 0 ? throw new ArrowFormatException($"The metadata lack {name}.") : new(_buffer, Target(at));
    }

    /// <summary>The text that a slot refers to, or null.</summary>
    public string? String(int slot, ref int budget)
    {
        var at = Offset(slot, 4);
        if (at == 0)
        {
            return null;
        }

        var bytes = Elements(at, 1, out var count)[..count];

        // Many slots may share one long text: what counts is the memory it takes here.
        budget -= count + 32;
        if (budget < 0)
        {
            throw new ArrowFormatException("The metadata hold more text than accepted.");
        }

        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ArrowFormatException("The metadata hold text that is not UTF-8.", e);
        }
    }

    /// <summary>The inline elements of a vector of scalars or structs; empty when absent.</summary>
    public ReadOnlySpan<byte> Vector(int slot, int elementSize, out int count)
    {
        count = 0;
        var at = Offset(slot, 4);
        return at == 0 ? default : Elements(at, elementSize, out count);
    }

    /// <summary>Number of tables in a vector of tables.</summary>
    public int TableCount(int slot)
    {
        Vector(slot, 4, out var count);
        return count;
    }

    /// <summary>One table of a vector of tables.</summary>
    public FlatTable TableAt(int slot, int index)
    {
        var vector = Target(Offset(slot, 4));
        return new(_buffer, Target(vector + 4 + (4 * index)));
    }

    private static readonly UTF8Encoding s_strict = new(false, true);

    private ReadOnlySpan<byte> Elements(int slotPosition, int elementSize, out int count)
    {
        var vector = Target(slotPosition);
        var elements = BinaryPrimitives.ReadUInt32LittleEndian(_buffer[vector..]);
        Check(vector + 4L, elements * (long)elementSize);
        count = (int)elements;
        return _buffer.Slice(vector + 4, count * elementSize);
    }

    /// <summary>Follows a reference, to something of at least 4 bytes.</summary>
    private int Target(int position)
    {
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(_buffer[position..]);
        return offset == 0 ? throw new ArrowFormatException("A reference in the metadata points at itself.") : Check(position + (long)offset, 4);
    }

    /// <summary>Position of a slot's value, or 0 when it is absent.</summary>
    private int Offset(int slot, int size)
    {
        if (2 * slot + 2 > _slots.Length)
        {
            return 0;
        }

        int offset = BinaryPrimitives.ReadUInt16LittleEndian(_slots[(2 * slot)..]);
        if (offset == 0)
        {
            return 0;
        }

        return offset >= 4 && offset + size <= _size
            ? _position + offset
            : throw new ArrowFormatException("A field of the metadata lies outside its table.");
    }

    private int Check(long position, long size) => position >= 0 && size <= _buffer.Length - position
        ? (int)position
        : throw new ArrowFormatException("A reference in the metadata points outside of them.");
}
