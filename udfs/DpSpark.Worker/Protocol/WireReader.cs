using System.Buffers.Binary;
using System.Text;

namespace DpSpark.Worker.Protocol;

/// <summary>Reads Spark's big-endian fields from one buffer, and hands the rest on as a stream that never reads ahead of what is asked of it in meaning: Arrow streams lie between the fields.</summary>
/// <remarks>Memory follows the bytes that have come, never a length that was only claimed. An end inside a field is a lost connection, or a malformed header when a frame is read.</remarks>
internal sealed class WireReader : Stream
{
    /// <summary>Longest text.</summary>
    public const int MaxText = 16 << 20;

    /// <summary>Longest command.</summary>
    public const int MaxCommand = 64 << 20;

    /// <summary>Most entries of a list.</summary>
    public const int MaxCount = 65_536;

    private readonly Stream _source;
    private readonly bool _isFrame;
    private byte[] _buffer;
    private int _start;
    private int _end;

    public WireReader(Stream source, bool isFrame = false, int bufferBytes = 64 << 10)
    {
        _source = source;
        _isFrame = isFrame;
        _buffer = new byte[bufferBytes];
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads a number, or says that the peer closed before its first byte.</summary>
    public bool TryReadInt32(out int value)
    {
        value = 0;
        if (_start == _end && !Fill(1))
        {
            return false;
        }

        value = ReadInt32("a message");
        return true;
    }

    public int ReadInt32(string field)
    {
        var value = BinaryPrimitives.ReadInt32BigEndian(Peek(4, field));
        _start += 4;
        return value;
    }

    public long ReadInt64(string field)
    {
        var value = BinaryPrimitives.ReadInt64BigEndian(Peek(8, field));
        _start += 8;
        return value;
    }

    public bool ReadBool(string field)
    {
        var value = Peek(1, field)[0];
        _start++;
        return value <= 1 ? value == 1 : throw WireFaults.Malformed(field);
    }

    public int ReadCount(string field)
    {
        var count = ReadInt32(field);
        return count is >= 0 and <= MaxCount ? count : throw WireFaults.Malformed(field);
    }

    public string ReadText(string field) => Encoding.UTF8.GetString(ReadBytes(field, MaxText));

    public void SkipText(string field) => _ = ReadBytes(field, MaxText);

    public byte[] ReadBytes(string field, int limit)
    {
        var length = ReadInt32(field);
        if (length < 0 || length > limit)
        {
            throw WireFaults.Malformed(field);
        }

        return ReadExact(length, field);
    }

    public byte[] ReadExact(int length, string field)
    {
        var bytes = new byte[Math.Min(length, 64 << 10)];
        for (var have = 0; have < length;)
        {
            if (have == bytes.Length)
            {
                Array.Resize(ref bytes, (int)Math.Min(length, 4L * have));
            }

            var got = Read(bytes.AsSpan(have));
            have += got > 0 ? got : throw End(field);
        }

        return bytes;
    }

    /// <summary>The next bytes, without taking them.</summary>
    public ReadOnlySpan<byte> Peek(int count, string field) => Fill(count) ? _buffer.AsSpan(_start, count) : throw End(field);

    /// <summary>Reads and forgets everything up to the peer's close, so that what was sent last is not lost by a reset.</summary>
    public void Drain()
    {
        _start = _end = 0;
        while (Receive(_buffer) > 0)
        {
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_start == _end)
        {
            if (buffer.Length >= _buffer.Length)
            {
                return OrEnd(Receive(buffer));
            }

            _start = 0;
            _end = 0;
            _end = Receive(_buffer);
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return buffer.Length == 0 ? 0 : OrEnd(count);
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int OrEnd(int got) => got > 0 || _isFrame ? got : throw new ConnectionLostException();

    private Exception End(string field) => _isFrame ? WireFaults.Malformed(field) : new ConnectionLostException();

    private bool Fill(int count)
    {
        if (_buffer.Length - _start < count)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        while (_end - _start < count)
        {
            var got = Receive(_buffer.AsSpan(_end));
            if (got == 0)
            {
                return _end > _start ? throw (_isFrame ? WireFaults.Malformed("its end") : new ConnectionLostException()) : false;
            }

            _end += got;
        }

        return true;
    }

    private int Receive(Span<byte> buffer)
    {
        try
        {
            return _source.Read(buffer);
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
