using System.Security.Cryptography;
using System.Text;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Worker.Hosting;

/// <summary>One connection: its handshake, then its tasks.</summary>
internal sealed class Connection
{
    private const int MaxSecret = 1024;
    private readonly WorkerEnvironment _environment;
    private readonly IUdfHost _udfs;
    private readonly TimeProvider _time;

    public Connection(WorkerEnvironment environment, IUdfHost udfs, TimeProvider time)
    {
        _environment = environment;
        _udfs = udfs;
        _time = time;
    }

    /// <summary>Serves a connection that Spark opened.</summary>
    public void Accepted(Stream stream)
    {
        Guarded(stream, (reader, writer) =>
        {
            writer.WriteInt32(Environment.ProcessId);
            writer.Send();
            if (_environment.Secret is not { } secret)
            {
                return _environment.ListenFolder is not null;
            }

            var same = IsSame(reader.ReadBytes("the secret", MaxSecret), secret);
            writer.WriteText(same ? "ok" : "err");
            writer.Send();
            return same;
        });
    }

    /// <summary>Serves a connection that this process opened.</summary>
    public void Dialled(Stream stream)
    {
        Guarded(stream, (reader, writer) =>
        {
            if (_environment.Secret is { } secret)
            {
                writer.WriteText(secret);
                writer.Send();
                if (!reader.ReadBytes("the answer to the secret", MaxSecret).AsSpan().SequenceEqual("ok"u8))
                {
                    return false;
                }
            }

            writer.WriteInt32(Environment.ProcessId);
            writer.Send();
            return true;
        });
    }

    private void Guarded(Stream stream, Func<WireReader, WireWriter, bool> handshake)
    {
        using (stream)
        {
            try
            {
                var reader = new WireReader(stream);
                var writer = new WireWriter(stream, _environment.Wire.Pipelined);
                var channel = stream as SocketChannel;
                channel?.Patience = _environment.HandshakePatience;
                if (handshake(reader, writer))
                {
                    channel?.Patience = null;
                    new TaskLoop(reader, writer, _udfs, _environment.Wire, _time, channel).Run();
                }
            }
            catch (ConnectionLostException)
            {
                // Gone before it began.
            }
            catch (Core.DpSparkException)
            {
                // Not Spark: whoever connected to the port does not speak the handshake and gets no answer.
            }
        }
    }

    private static bool IsSame(byte[] given, string secret) =>
        CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(secret));
}
