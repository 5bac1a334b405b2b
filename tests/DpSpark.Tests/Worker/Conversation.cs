using DpSpark.Testing;
using DpSpark.Worker.Hosting;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>A connection in memory: reads what a peer has written, in pieces of any size, then its close; keeps what is written.</summary>
internal sealed class Conversation : Stream
{
    private readonly byte[] _input;
    private readonly Random _random;
    private readonly MemoryStream _written = new();
    private int _at;

    private Conversation(byte[] input, int seed)
    {
        _input = input;
        _random = new Random(seed);
    }

    public int BytesLeft => _input.Length - _at;

    public byte[] Written => _written.ToArray();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Replays one side of a recorded conversation to a worker.</summary>
    public static Conversation Replay(Recording recording, byte[] input, IUdfHost udfs, int seed = 1)
    {
        var conversation = new Conversation(input, seed);
        var environment = Environment(recording);
        var connection = new Connection(environment, udfs, TimeProvider.System);
        if (recording.IsSimple)
        {
            connection.Dialled(conversation);
        }
        else
        {
            connection.Accepted(conversation);
        }

        return conversation;
    }

    /// <summary>The environment that belongs to a recording.</summary>
    public static WorkerEnvironment Environment(Recording recording) => new()
    {
        Secret = recording.Secret,
        ListenFolder = recording.IsUnix ? "unused" : null,
        Wire = new WireOptions(Reuse: true, Pipelined: false, MessageOnly: false),
        LocalFolders = [],
        TaskMemoryBytes = 64 << 20,
    };

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(Math.Min(buffer.Length, BytesLeft), _random.Next(4) == 0 ? _random.Next(1, 9) : int.MaxValue);
        _input.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => _written.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => _written.Write(buffer);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
