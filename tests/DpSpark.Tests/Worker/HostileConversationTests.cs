using System.Buffers.Binary;
using System.Text;
using DpSpark.Core.Keys;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Local;
using DpSpark.Testing;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>A Spark that truncates, lies and breaks off: the worker ends each conversation, promptly and with bounded memory, and never with an exception of its own.</summary>
public sealed class HostileConversationTests
{
    /// <summary>Conversations in all; the last fifth of them with steps of a release behind the wire.</summary>
    private static readonly int s_cases = Watched.IsLong ? 100_000 : 10_000;

    [SkippableFact]
    public void Run_CutAnywhere_EndsQuietly()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        foreach (var recording in Recording.Versions.Select(v => Recording.All(v).First(r => r.Name == "map-reuse")))
        {
            for (var length = 0; length < recording.JvmToWorker.Length; length += 1 + (length / 97))
            {
                var conversation = Conversation.Replay(recording, recording.JvmToWorker[..length], new RecordedUdfs(), length);

                Assert.Equal(0, conversation.BytesLeft);
            }
        }
    }

    [SkippableFact]
    public async Task Run_ChangedConversation_EndsWithAnAnswerOrQuietlyAndTakesLittleMemory()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var recordings = Recording.Versions.SelectMany(Recording.All).ToArray();
        var random = new Random(41);

        await Watched.RunAsync(s_cases * 4 / 5, i =>
        {
            var recording = recordings[i % recordings.Length];
            Converse(i, recording, recording.JvmToWorker, random, new RecordedUdfs());
            return Task.CompletedTask;
        });
    }

    [SkippableFact]
    public async Task Run_ChangedConversationWithAStep_EndsWithAnAnswerOrQuietlyAndTakesLittleMemory()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var recordings = Recording.Versions.Where(v => v != "3.5.7").Select(v => Recording.All(v).First(r => r.Name == "dp-pipeline")).ToArray();
        var steps = new[]
        {
            new StageRequest { Step = StageStep.Echo },
            new StageRequest { Step = StageStep.Project, Spec = Spec(), Keyset = Keys() },
            new StageRequest { Step = StageStep.Bound, Input = StageInput.Source, Spec = Spec(), Keyset = Keys(), BoundKey = [.. Enumerable.Range(0, 16).Select(b => (byte)b)] },
        };
        var conversations = recordings.SelectMany(r => steps.Select(s => (Recording: r, Bytes: WithCommand(r, s.ToBytes())))).ToArray();
        var random = new Random(42);
        var host = new StageUdfHost(new CountingSpillStore(), 16 << 20);

        foreach (var (recording, bytes) in conversations)
        {
            Assert.Equal([], ErrorsOf(Conversation.Replay(recording, bytes, host)));
        }

        await Watched.RunAsync(s_cases / 5, i =>
        {
            var (recording, bytes) = conversations[i % conversations.Length];
            Converse(i, recording, bytes, random, host);
            return Task.CompletedTask;
        });
    }

    private static void Converse(int number, Recording recording, byte[] bytes, Random random, IUdfHost host)
    {
        // Mostly behind the handshake: a changed secret ends a conversation at once.
        var input = Mutations.Of(bytes, random, random.Next(20) == 0 ? 0 : Math.Min(72, bytes.Length - 1));
        var before = GC.GetAllocatedBytesForCurrentThread();

        var conversation = Conversation.Replay(recording, input, host, number);

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var name = $"conversation {number} ({recording.Version} {recording.Name})";
        Assert.True(allocated < 64 << 20, $"{name} allocated {allocated} bytes");
        Assert.True(conversation.Written.Length < 1 << 20, $"{name} wrote {conversation.Written.Length} bytes");
        Assert.True(ErrorsOf(conversation) is not [var error, ..] || !error.StartsWith("DPS9", StringComparison.Ordinal), $"{name}: {ErrorsOf(conversation).FirstOrDefault()}");
    }

    /// <summary>The error text at the end of what the worker wrote, if there is one.</summary>
    private static string[] ErrorsOf(Conversation conversation)
    {
        var written = conversation.Written.AsSpan();
        var at = written.LastIndexOf("DPS"u8);
        return at < 8 || BinaryPrimitives.ReadInt32BigEndian(written[(at - 8)..]) != Marker.Exception ? [] : [Encoding.UTF8.GetString(written[at..])];
    }

    /// <summary>The recorded conversation with another function in it.</summary>
    private static byte[] WithCommand(Recording recording, byte[] command)
    {
        var bytes = recording.JvmToWorker.ToArray();
        var old = Encoding.UTF8.GetBytes(recording.Command);
        for (var at = bytes.AsSpan().LastIndexOf(old); at >= 0; at = bytes.AsSpan(0, at).LastIndexOf(old))
        {
            if (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at - 4)) != old.Length)
            {
                continue;
            }

            if (recording.Version == "4.3.0")
            {
                // The header is a frame, and grows with what is in it.
                byte[] marker = [0xFF, 0xFF, 0xFF, unchecked((byte)Marker.Header)];
                var frame = bytes.AsSpan(0, at).LastIndexOf(marker) + 4;
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(frame), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(frame)) + command.Length - old.Length);
            }

            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at - 4), command.Length);
            bytes = [.. bytes[..at], .. command, .. bytes[(at + old.Length)..]];
        }

        return bytes;
    }

    private static byte[][] Keys() =>
    [
        .. Enumerable.Range(0, 3).Select(key =>
        {
            var writer = new KeyWriter();
            writer.WriteInt64(key);
            return writer.Written.ToArray();
        }),
    ];

    private static StageSpec Spec() => new()
    {
        Columns =
        [
            new() { Name = "user_id", SourceName = "user_id", Type = ColumnType.Long },
            new() { Name = "partition_key", SourceName = "partition_key", Type = ColumnType.Long },
            new() { Name = "value", SourceName = "value", Type = ColumnType.Double },
        ],
        UnitColumns = ["user_id"],
        PartitionBy = [new() { Name = "partition_key", Column = "partition_key", KeyType = ColumnType.Long }],
        PublicPartitions = true,
        MaxPartitionsContributed = 2,
        MaxContributionsPerPartition = 1,
        RecordColumns = ["value"],
        Accumulators = [new() { Kind = AccumulatorKind.Count }, new() { Kind = AccumulatorKind.Sum, Column = "value", Grid = new GridUnit(-4, 0), Lower = 0, Upper = 100 }],
        Nodes = [],
    };
}
