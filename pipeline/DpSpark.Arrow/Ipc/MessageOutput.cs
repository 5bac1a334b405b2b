using System.Buffers.Binary;

namespace DpSpark.Arrow.Ipc;

/// <summary>Writes framed messages. Small pieces are gathered; large ones go to the stream as they are.</summary>
internal sealed class MessageOutput(Stream stream, Schema schema)
{
    private const int Gather = 64 << 10;

    private readonly byte[] _buffer = new byte[Gather];
    private readonly BatchLayout _layout = new();
    private int _used;
    private byte[]? _template;
    private long[] _templateViews = [];
    private int _bodyLengthAt, _lengthAt, _nodesAt, _buffersAt;

    /// <summary>Bytes written.</summary>
    public long Position { get; private set; }

    /// <summary>Writes the framing, the metadata (a multiple of 8) and nothing else.</summary>
    public void WriteMetadata(ReadOnlySpan<byte> metadata)
    {
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, 0xFFFFFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[4..], metadata.Length);
        Write(prefix);
        Write(metadata);
    }

    /// <summary>Writes a record batch.</summary>
    /// <returns>Length of the framed metadata and of the body.</returns>
    public (int Metadata, long Body) WriteBatch(IReadOnlyList<ArrowArray> columns, int length)
    {
        _layout.Fill(schema, columns, length);
        if (_template is null || !_layout.ViewCounts.SequenceEqual(_templateViews))
        {
            BuildTemplate();
        }

        var template = _template.AsSpan();
        for (var i = 0; i < _layout.Nodes.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(template[(_nodesAt + (16 * i))..], _layout.Nodes[i].Length);
            BinaryPrimitives.WriteInt64LittleEndian(template[(_nodesAt + (16 * i) + 8)..], _layout.Nodes[i].Nulls);
        }

        long body = 0;
        for (var i = 0; i < _layout.Buffers.Count; i++)
        {
            var size = _layout.Buffers[i].Length;
            BinaryPrimitives.WriteInt64LittleEndian(template[(_buffersAt + (16 * i))..], body);
            BinaryPrimitives.WriteInt64LittleEndian(template[(_buffersAt + (16 * i) + 8)..], size);
            body += (size + 7L) & -8;
        }

        BinaryPrimitives.WriteInt64LittleEndian(template[_lengthAt..], length);
        BinaryPrimitives.WriteInt64LittleEndian(template[_bodyLengthAt..], body);
        WriteMetadata(template);
        foreach (var buffer in _layout.Buffers)
        {
            Write(buffer.Span);
            Pad(buffer.Length);
        }

        _layout.Clear();
        return (8 + template.Length, body);
    }

    /// <summary>Writes the end-of-stream marker.</summary>
    public void WriteEnd() => Write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);

    /// <summary>Writes bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Position += bytes.Length;
        if (bytes.Length > Gather - _used)
        {
            SendGathered();
        }

        if (bytes.Length > Gather / 2)
        {
            SendGathered();
            stream.Write(bytes);
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Sends everything on its way.</summary>
    public void Flush()
    {
        SendGathered();
        stream.Flush();
    }

    private void SendGathered()
    {
        stream.Write(_buffer, 0, _used);
        _used = 0;
    }

    private void Pad(int length)
    {
        ReadOnlySpan<byte> zeros = [0, 0, 0, 0, 0, 0, 0, 0];
        Write(zeros[..(-length & 7)]);
    }

    /// <summary>The metadata of every batch of a schema have the same shape: built once, then only numbers are patched.</summary>
    private void BuildTemplate()
    {
        var flat = new FlatWriter();
        var (header, bodyLengthAt) = SchemaWriter.MessageHeader(flat, MessageKind.RecordBatch);
        var views = _layout.ViewCounts;
        var batch = flat.Table(header, 8, 4, 4, 0, views.IsEmpty ? (byte)0 : (byte)4);
        (_bodyLengthAt, _lengthAt) = (bodyLengthAt, batch[0]);
        _nodesAt = flat.Vector(batch[1], _layout.Nodes.Count, 16, 8);
        _buffersAt = flat.Vector(batch[2], _layout.Buffers.Count, 16, 8);
        if (!views.IsEmpty)
        {
            var at = flat.Vector(batch[4], views.Length, 8, 8);
            for (var i = 0; i < views.Length; i++)
            {
                flat.Put64(at + (8 * i), views[i]);
            }
        }

        flat.Pad();
        _template = flat.Written.ToArray();
        _templateViews = views.ToArray();
    }
}
