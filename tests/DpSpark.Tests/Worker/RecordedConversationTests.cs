using DpSpark.Testing;
using DpSpark.Worker.Protocol;

namespace DpSpark.Tests.Worker;

/// <summary>Every conversation recorded with a real Spark, replayed: read to the last byte, and answered as it was answered then.</summary>
public sealed class RecordedConversationTests
{
    public static TheoryData<string> Supported => [.. Recording.Versions.SkipLast(1)];

    [SkippableTheory]
    [MemberData(nameof(Supported))]
    public void Run_RecordedTasks_AnswersAsRecorded(string version)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var replayed = 0;
        foreach (var recording in Recording.All(version).Where(r => !r.IsGrouped))
        {
            var udfs = new RecordedUdfs();

            var conversation = Conversation.Replay(recording, recording.JvmToWorker, udfs);

            var handshake = recording.IsSimple ? "tp" : recording.IsUnix ? "p" : "pt";
            var timing = version[..3] is "4.0" or "4.1" ? 3 : 4;
            var actual = Answer.Parse(conversation.Written, handshake, timing);
            Assert.Equal(0, conversation.BytesLeft);
            replayed++;
            if (recording.Name.StartsWith("map-types", StringComparison.Ordinal) && actual.Errors.Count == 1)
            {
                // Intervals are no type of a column contract; the other types are echoed in ArrowStreams elsewhere.
                Assert.StartsWith("DPS6405: Spark sent columns that cannot be read: Not supported: Arrow type Interval", actual.Errors[0]);
                continue;
            }

            var expected = Answer.Parse(recording.WorkerToJvm, handshake, timing);
            Assert.All(udfs.Headers, h => Assert.Equal(WireOf(version), h.Wire));
            if (recording.Command.Contains("identity", StringComparison.Ordinal) || recording.Command.Contains("drain", StringComparison.Ordinal) || recording.Command.Contains("fail", StringComparison.Ordinal))
            {
                Assert.Equal(expected.Parts, actual.Parts);
            }
        }

        Assert.True(replayed >= 14, $"{replayed} conversations of {version}");
    }

    [SkippableTheory]
    [MemberData(nameof(Supported))]
    public void Run_GroupedFunctions_AreRefusedByTheirType(string version)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        foreach (var recording in Recording.All(version).Where(r => r.IsGrouped))
        {
            var conversation = Conversation.Replay(recording, recording.JvmToWorker, new RecordedUdfs());

            var answer = Answer.Parse(conversation.Written, recording.IsUnix ? "p" : "pt", 4);
            Assert.StartsWith("DPS6403: ", Assert.Single(answer.Errors));
            Assert.Equal(0, conversation.BytesLeft);
        }
    }

    [SkippableFact]
    public void Run_Spark35_IsRefusedByName()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        foreach (var recording in Recording.All("3.5.7").Where(r => !r.IsGrouped))
        {
            var conversation = Conversation.Replay(recording, recording.JvmToWorker, new RecordedUdfs());

            var text = Assert.Single(Answer.Parse(conversation.Written, recording.IsSimple ? "tp" : "pt", 3).Errors);
            Assert.StartsWith("DPS6401: ", text);
            Assert.Contains("Spark 3.5", text);
            Assert.Contains("4.0, 4.1, 4.2 and 4.3", text);
            Assert.Contains("\ndp-error: {\"code\":\"DPS6401\"", text);
            Assert.Equal(0, conversation.BytesLeft);
        }
    }

    private static WireVersion WireOf(string version) => version[..3] switch
    {
        "4.3" => WireVersion.V43,
        "4.2" => WireVersion.V42,
        "4.1" => WireVersion.V41,
        _ => WireVersion.V40,
    };
}
