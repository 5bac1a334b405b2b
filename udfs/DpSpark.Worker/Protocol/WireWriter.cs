using System.Buffers.Binary;
using System.Text;

namespace DpSpark.Worker.Protocol;

/// <summary>Writes Spark's big-endian fields and, as a stream, the Arrow parts between them, through one buffer.</summary>
internal sealed class WireWriter : Stream
{
    private readonly Stream _target;
    private readonly bool _flushesBatches;
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _used;

    /// <param name="target">The connection.</param>
    /// <param name="flushesBatches">Whether every batch goes out at once; otherwise what is small waits for <see cref="Send"/>.</param>
    public WireWriter(Stream target, bool flushesBatches)
    {
        _target = target;
        _flushesBatches = flushesBatches;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void WriteInt32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        Write(bytes);
    }

    public void WriteInt64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        Write(bytes);
    }

    public void WriteText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteInt32(bytes.Length);
        Write(bytes);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > _buffer.Length - _used)
        {
            SendBuffer();
        }

        if (buffer.Length > _buffer.Length / 2)
        {
            SendBuffer();
            Guarded(buffer);
            return;
        }

        buffer.CopyTo(_buffer.AsSpan(_used));
        _used += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>What the Arrow writer calls after each batch.</summary>
    public override void Flush()
    {
        if (_flushesBatches)
        {
            Send();
        }
    }

    /// <summary>Sends everything.</summary>
    public void Send()
    {
        SendBuffer();
        _target.Flush();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private void SendBuffer()
    {
        var used = _used;
        _used = 0;
        if (used > 0)
        {
            Guarded(_buffer.AsSpan(0, used));
        }
    }

    private void Guarded(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _target.Write(bytes);
        }
        catch (IOException e)
        {
            throw new ConnectionLostException(e);
        }
        catch (ObjectDisposedException e)
        {
            throw new ConnectionLostException(e);
        }
    }
}
