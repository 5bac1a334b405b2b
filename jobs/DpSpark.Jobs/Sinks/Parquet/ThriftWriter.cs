using System.Text;
using DpSpark.Jobs.Sources.Parquet;

namespace DpSpark.Jobs.Sinks.Parquet;

/// <summary>Writes the Thrift compact protocol. Fields of a struct are written in ascending order of their ids.</summary>
internal sealed class ThriftWriter
{
    private readonly ByteBuffer _bytes = new();
    private readonly Stack<int> _outer = new();
    private int _last;

    public ReadOnlySpan<byte> Bytes => _bytes.Bytes;

    public void Bool(int id, bool value) => Field(id, value ? ThriftType.True : ThriftType.False);

    public void I8(int id, int value)
    {
        Field(id, ThriftType.I8);
        _bytes.WriteByte((byte)value);
    }

    public void I32(int id, int value)
    {
        Field(id, ThriftType.I32);
        ZigZag(value);
    }

    public void I64(int id, long value)
    {
        Field(id, ThriftType.I64);
        ZigZag(value);
    }

    public void Binary(int id, ReadOnlySpan<byte> value)
    {
        Field(id, ThriftType.Binary);
        BinaryElement(value);
    }

    public void Text(int id, string value) => Binary(id, Encoding.UTF8.GetBytes(value));

    public void List(int id, ThriftType element, int count)
    {
        Field(id, ThriftType.List);
        if (count < 15)
        {
            _bytes.WriteByte((byte)((count << 4) | (int)element));
        }
        else
        {
            _bytes.WriteByte((byte)(0xF0 | (int)element));
            Varint((ulong)count);
        }
    }

    public void I32Element(int value) => ZigZag(value);

    public void BinaryElement(ReadOnlySpan<byte> value)
    {
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    /// <summary>Begins a struct that is a field.</summary>
    public void Begin(int id)
    {
        Field(id, ThriftType.Struct);
        Begin();
    }

    /// <summary>Begins a struct that is an element of a list, or the outermost one.</summary>
    public void Begin()
    {
        _outer.Push(_last);
        _last = 0;
    }

    public void End()
    {
        _bytes.WriteByte(0);
        _last = _outer.Pop();
    }

    private void Field(int id, ThriftType type)
    {
        var delta = id - _last;
        if (delta is > 0 and < 16)
        {
            _bytes.WriteByte((byte)((delta << 4) | (int)type));
        }
        else
        {
            _bytes.WriteByte((byte)type);
            ZigZag(id);
        }

        _last = id;
    }

    private void ZigZag(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

    private void Varint(ulong value)
    {
        for (; value >= 128; value >>= 7)
        {
            _bytes.WriteByte((byte)(value | 128));
        }

        _bytes.WriteByte((byte)value);
    }
}
