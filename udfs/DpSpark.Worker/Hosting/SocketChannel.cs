using System.Net.Sockets;
using System.Runtime.InteropServices;
using DpSpark.Worker.Protocol;

namespace DpSpark.Worker.Hosting;

/// <summary>A connection as a stream, which acknowledges at once what it reads and can tell that its peer is gone while bytes still wait.</summary>
internal sealed partial class SocketChannel : Stream, IHangUp
{
    private const int TcpLevel = 6;
    private const int QuickAck = 12;
    private const short PeerClosed = 0x2000;
    private const short Broken = 0x0008 | 0x0010 | 0x0020;
    private readonly Socket _socket;
    private bool _quickAck;

    public SocketChannel(Socket socket)
    {
        _socket = socket;
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = true;
            _quickAck = OperatingSystem.IsLinux();
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public bool IsGone
    {
        get
        {
            try
            {
                if (!OperatingSystem.IsLinux())
                {
                    return _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;
                }

                var state = new PollState { Handle = (int)_socket.Handle, Events = PeerClosed };
                return Poll(ref state, 1, 0) > 0 && (state.Found & (PeerClosed | Broken)) != 0;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    /// <summary>Longest wait for the peer; null for ever.</summary>
    public TimeSpan? Patience
    {
        set => _socket.ReceiveTimeout = value is { } limit ? (int)limit.TotalMilliseconds : 0;
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            var got = _socket.Receive(buffer);
            if (_quickAck && got > 0)
            {
                AcknowledgeAtOnce();
            }

            return got;
        }
        catch (SocketException e)
        {
            throw new ConnectionLostException(e);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            while (buffer.Length > 0)
            {
                buffer = buffer[_socket.Send(buffer)..];
            }
        }
        catch (SocketException e)
        {
            throw new ConnectionLostException(e);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _socket.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Spark writes small pieces without TCP_NODELAY; without this each task waits 40 ms for a delayed acknowledgement. The kernel clears the option by itself.</summary>
    private void AcknowledgeAtOnce()
    {
        try
        {
            _socket.SetRawSocketOption(TcpLevel, QuickAck, [1, 0, 0, 0]);
        }
        catch (SocketException)
        {
            // Only speed is lost.
            _quickAck = false;
        }
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollState state, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollState
    {
        public int Handle;
        public short Events;
        public short Found;
    }
}
