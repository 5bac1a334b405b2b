using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace DpSpark.Jobs.Sources.Parquet;

internal enum ThriftType : byte
{
    Stop = 0,
    True = 1,
    False = 2,
    I8 = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
    Uuid = 13,
}

/// <summary>Reads the Thrift compact protocol from bytes at hand. Trusts nothing: counts and lengths are held against the bytes that remain.</summary>
internal ref struct ThriftReader
{
    private const int MaxDepth = 32;
    private readonly ReadOnlySpan<byte> _data;

    public ThriftReader(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Reads a field header.</summary>
    /// <param name="id">In: id of the field before (0 at the start of a struct); out: id of this field.</param>
    /// <param name="type">Type of the field.</param>
    /// <returns>False at the end of the struct.</returns>
    public bool NextField(scoped ref int id, out ThriftType type)
    {
        var header = ReadByte();
        type = (ThriftType)(header & 15);
        if (header == 0)
        {
            return false;
        }

        if (type is ThriftType.Stop or > ThriftType.Uuid)
        {
            throw new ParquetFormatException($"Thrift: field type {(int)type} does not exist (at byte {Position - 1}).");
        }

        var delta = header >> 4;
        id = delta != 0 ? id + delta : ReadI16();
        return true;
    }

    public bool ReadBool(ThriftType type) => type switch
    {
        ThriftType.True => true,
        ThriftType.False => false,
        _ => throw Wrong(type, "a boolean"),
    };

    public int ReadI32(ThriftType type) => type == ThriftType.I32 ? (int)ZigZag(ReadVarint(5, uint.MaxValue)) : throw Wrong(type, "an i32");

    public long ReadI64(ThriftType type) => type == ThriftType.I64 ? ZigZag(ReadVarint(10, ulong.MaxValue)) : throw Wrong(type, "an i64");

    public sbyte ReadI8(ThriftType type) => type == ThriftType.I8 ? (sbyte)ReadByte() : throw Wrong(type, "an i8");

    public ReadOnlySpan<byte> ReadBinary(ThriftType type)
    {
        if (type != ThriftType.Binary)
        {
            throw Wrong(type, "a string");
        }

        var length = ReadVarint(5, uint.MaxValue);
        if (length > (ulong)(_data.Length - Position))
        {
            throw new ParquetTruncatedException($"Thrift: a string at byte {Position} goes past the end.");
        }

        var bytes = _data.Slice(Position, (int)length);
        Position += (int)length;
        return bytes;
    }

    public string ReadString(ThriftType type) => Encoding.UTF8.GetString(ReadBinary(type));

    /// <summary>Reads the header of a list.</summary>
    /// <returns>Number of elements; at most the bytes that remain.</returns>
    public int ReadList(ThriftType type, ThriftType element)
    {
        var count = ReadListHeader(type, out var actual);
        var same = actual == element || (element is ThriftType.True or ThriftType.False && actual is ThriftType.True or ThriftType.False);
        return same || count == 0 ? count : throw Wrong(actual, "another list element type");
    }

    public void Expect(ThriftType type, ThriftType expected)
    {
        if (type != expected)
        {
            throw Wrong(type, expected.ToString());
        }
    }

    /// <summary>Passes over a value.</summary>
    public void Skip(ThriftType type) => Skip(type, 0);

    [DoesNotReturn]
    public static void Missing(string structure, string field) =>
        throw new ParquetFormatException($"Footer: {structure} has no {field}.");

    private static ParquetFormatException Wrong(ThriftType type, string expected) =>
        new($"Thrift: found {type} where {expected} was expected.");

    private static long ZigZag(ulong n) => (long)(n >> 1) ^ -(long)(n & 1);

    private int ReadI16() => unchecked((short)ZigZag(ReadVarint(5, uint.MaxValue)));

    private int ReadListHeader(ThriftType type, out ThriftType element)
    {
        if (type is not (ThriftType.List or ThriftType.Set))
        {
            throw Wrong(type, "a list");
        }

        var header = ReadByte();
        element = (ThriftType)(header & 15);
        var count = (ulong)(header >> 4);
        if (count == 15)
        {
            count = ReadVarint(5, uint.MaxValue);
        }

        return CheckCount(count);
    }

    private int CheckCount(ulong count) => count <= (ulong)(_data.Length - Position)
        ? (int)count
        : throw new ParquetTruncatedException($"Thrift: a list at byte {Position} has more elements than bytes remain.");

    private void Skip(ThriftType type, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ParquetFormatException($"Thrift: structures are nested more than {MaxDepth} deep.");
        }

        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.I8:
                Advance(1);
                break;
            case ThriftType.I16 or ThriftType.I32 or ThriftType.I64:
                ReadVarint(10, ulong.MaxValue);
                break;
            case ThriftType.Double:
                Advance(8);
                break;
            case ThriftType.Uuid:
                Advance(16);
                break;
            case ThriftType.Binary:
                ReadBinary(type);
                break;
            case ThriftType.List or ThriftType.Set:
                var count = ReadListHeader(type, out var element);
                for (var i = 0; i < count; i++)
                {
                    SkipElement(element, depth);
                }

                break;
            case ThriftType.Map:
                SkipMap(depth);
                break;
            case ThriftType.Struct:
                var id = 0;
                while (NextField(ref id, out var field))
                {
                    Skip(field, depth + 1);
                }

                break;
            default:
                throw new ParquetFormatException($"Thrift: type {(int)type} does not exist.");
        }
    }

    private void SkipMap(int depth)
    {
        var pairs = CheckCount(ReadVarint(5, uint.MaxValue));
        if (pairs == 0)
        {
            return;
        }

        var types = ReadByte();
        for (var i = 0; i < pairs; i++)
        {
            SkipElement((ThriftType)(types >> 4), depth);
            SkipElement((ThriftType)(types & 15), depth);
        }
    }

    private void SkipElement(ThriftType type, int depth)
    {
        if (type is ThriftType.True or ThriftType.False)
        {
            Advance(1);
        }
        else
        {
            Skip(type, depth + 1);
        }
    }

    /// <summary>A boolean element of a list: one byte.</summary>
    public bool ReadBoolElement() => ReadByte() == 1;

    private ulong ReadVarint(int maxBytes, ulong max)
    {
        var result = 0UL;
        for (var i = 0; i < maxBytes; i++)
        {
            var b = ReadByte();
            result |= (ulong)(b & 127) << (7 * i);
            if (b < 128)
            {
                return result <= max ? result : throw new ParquetFormatException($"Thrift: a number before byte {Position} is too large.");
            }
        }

        throw new ParquetFormatException($"Thrift: a number before byte {Position} has more than {maxBytes} bytes.");
    }

    private byte ReadByte() => Position < _data.Length
        ? _data[Position++]
        : throw new ParquetTruncatedException($"Thrift: the data ends at byte {Position} inside a structure.");

    private void Advance(int bytes)
    {
        if (_data.Length - Position < bytes)
        {
            throw new ParquetTruncatedException($"Thrift: the data ends at byte {_data.Length} inside a structure.");
        }

        Position += bytes;
    }
}
