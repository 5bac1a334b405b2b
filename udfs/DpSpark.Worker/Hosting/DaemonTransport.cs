using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Hosting;

/// <summary>
/// The daemon that Spark starts once per executor: it listens, says where on its standard output, and serves every connection on a thread of its own. It ends when its standard input does,
/// or after a while without any connection, because Spark never stops daemons of sessions that are over.
/// </summary>
internal sealed class DaemonTransport : IWorkerTransport
{
    private const int Backlog = 1024;
    private const int TaskStackBytes = 16 << 20;
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(15);

    private readonly WorkerEnvironment _environment;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _ended = new();
    private readonly Lock _gate = new();
    private Socket? _listener;
    private string? _path;
    private int _open;
    private long _idleSince;

    public DaemonTransport(WorkerEnvironment environment, Stream input, Stream output, TimeProvider time)
    {
        _environment = environment;
        _input = input;
        _output = output;
        _time = time;
        _idleSince = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public int Serve(IUdfHost udfs)
    {
        Listen();
        Start(() => Accept(new Connection(_environment, udfs, _time)), "accept");
        Start(WatchInput, "control");
        using (_time.CreateTimer(_ => EndIfIdle(), null, s_look, s_look))
        {
            _ended.Task.Wait();
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            if (_path is { } path)
            {
                _path = null;
                File.Delete(path);
            }
        }
    }

    private void Listen()
    {
        byte[] message;
        if (_environment.ListenFolder is { } folder)
        {
            // Short: the whole path of a unix socket has at most 104 bytes.
            _path = Path.Combine(folder, ".dp" + Convert.ToHexString(RandomNumberGenerator.GetBytes(12)));
            _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            _listener.Bind(new UnixDomainSocketEndPoint(_path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            var name = Encoding.UTF8.GetBytes(_path);
            message = new byte[4 + name.Length];
            BinaryPrimitives.WriteInt32BigEndian(message, name.Length);
            name.CopyTo(message, 4);
        }
        else
        {
            var address = _environment.PreferIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
            _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listener.Bind(new IPEndPoint(address, 0));
            message = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(message, ((IPEndPoint)_listener.LocalEndPoint!).Port);
        }

        _listener.Listen(Backlog);
        _output.Write(message);
        _output.Flush();
    }

    private void Accept(Connection connection)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener!.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (e is SocketException { SocketErrorCode: SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted })
                {
                    continue;
                }

                _ended.TrySetResult();
                return;
            }

            lock (_gate)
            {
                _open++;
            }

            try
            {
                Start(() => ServeOne(connection, socket), "task");
            }
            catch (OutOfMemoryException)
            {
                // No thread to be had: Spark sees the close and tries the task again.
                socket.Dispose();
                Closed();
            }
        }
    }

    private void ServeOne(Connection connection, Socket socket)
    {
        try
        {
            connection.Accepted(new SocketChannel(socket));
        }
        finally
        {
            Closed();
        }
    }

    private void Closed()
    {
        lock (_gate)
        {
            _open--;
            _idleSince = _time.GetTimestamp();
        }
    }

    /// <summary>Spark writes numbers of processes to kill; ours is that of all tasks, and Spark closes the connection it means anyway. The end of the input is Spark's end.</summary>
    private void WatchInput()
    {
        var buffer = new byte[256];
        try
        {
            while (_input.Read(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A broken pipe means the same as its end.
        }

        _ended.TrySetResult();
    }

    private void EndIfIdle()
    {
        lock (_gate)
        {
            if (_open == 0 && _time.GetElapsedTime(_idleSince) >= s_idle)
            {
                _ended.TrySetResult();
            }
        }
    }

    private static void Start(Action work, string name) =>
        new Thread(() => work(), TaskStackBytes) { IsBackground = true, Name = "dpspark-" + name }.Start();
}
