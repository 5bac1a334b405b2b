using DpSpark.Core.Keys;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Local;
using DpSpark.Testing;
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
            HostilePeer.Converse(i, recording, HostilePeer.Change(recording.JvmToWorker, random), new RecordedUdfs());
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
        var conversations = recordings.SelectMany(r => steps.Select(s => (Recording: r, Bytes: r.WithCommand(s.ToBytes())))).ToArray();
        var random = new Random(42);
        var host = new StageUdfHost(new CountingSpillStore(), 16 << 20);

        foreach (var (recording, bytes) in conversations)
        {
            Assert.Equal([], HostilePeer.ErrorsOf(Conversation.Replay(recording, bytes, host)));
        }

        await Watched.RunAsync(s_cases / 5, i =>
        {
            var (recording, bytes) = conversations[i % conversations.Length];
            HostilePeer.Converse(i, recording, HostilePeer.Change(bytes, random), host);
            return Task.CompletedTask;
        });
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
