using System.Net;
using System.Net.Sockets;

namespace DpSpark.Spark.Tests;

[Collection(SparkCollection.Name)]
public sealed class SparkServerTests(SparkServerFixture spark)
{
    [SkippableFact]
    public async Task Server_Started_ListensOnLoopbackOnly()
    {
        var address = IPEndPoint.Parse(spark.Server.Address);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);

        await socket.ConnectAsync(address);

        Assert.True(IPAddress.IsLoopback(((IPEndPoint)socket.RemoteEndPoint!).Address));
    }
}
