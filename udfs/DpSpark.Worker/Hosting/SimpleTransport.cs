using System.Net;
using System.Net.Sockets;
using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Hosting;

/// <summary>A process that Spark starts for one connection: it dials Spark and ends with the connection.</summary>
internal sealed class SimpleTransport(WorkerEnvironment environment, TimeProvider time) : IWorkerTransport
{
    /// <inheritdoc/>
    public int Serve(IUdfHost udfs)
    {
        try
        {
            new Connection(environment, udfs, time).Dialled(new SocketChannel(Dial()));
            return 0;
        }
        catch (SocketException)
        {
            return 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private Socket Dial()
    {
        if (environment.DialPath is { } path)
        {
            var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            local.Connect(new UnixDomainSocketEndPoint(path));
            return local;
        }

        var address = environment.PreferIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(address, environment.DialPort!.Value));
        return socket;
    }
}
