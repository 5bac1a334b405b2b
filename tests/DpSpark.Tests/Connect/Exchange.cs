using System.Buffers.Binary;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Connect.Wire;

namespace DpSpark.Tests.Connect;

/// <summary>One call of a recorded conversation: the request, the messages that answered it, and the details of the status where it failed.</summary>
internal sealed record Exchange(string Scenario, string Method, byte[] Request, IReadOnlyList<byte[]> Answers, byte[]? Status)
{
    /// <summary>Every call of every recorded conversation.</summary>
    public static IReadOnlyList<Exchange> All()
    {
        List<Exchange> all = [];
        foreach (var scenario in Recording.Scenarios())
        {
            var recording = Recording.Of(scenario);
            for (var number = 1; number <= recording.Count; number++)
            {
                var name = recording.NameOf(number);
                var bytes = recording[number];
                if (name.EndsWith("Request", StringComparison.Ordinal))
                {
                    all.Add(new(scenario, name[..^"Request".Length], bytes, [], null));
                }
                else
                {
                    all[^1] = name.StartsWith("Status", StringComparison.Ordinal) ? all[^1] with { Status = bytes } : all[^1] with { Answers = [.. all[^1].Answers, bytes] };
                }
            }
        }

        return all;
    }

    /// <summary>The answer's body.</summary>
    public byte[] Body => [.. Answers.SelectMany(Frame)];

    /// <summary>The session that it belongs to.</summary>
    public string Session => Method switch
    {
        "AnalyzePlan" => AnalyzeRequest.Parser.ParseFrom(Request).SessionId,
        "Config" => ConfigRequest.Parser.ParseFrom(Request).SessionId,
        "AddArtifacts" => AddArtifactsRequest.Parser.ParseFrom(Request).SessionId,
        "ExecutePlan" => ExecutePlanRequest.Parser.ParseFrom(Request).SessionId,
        "Interrupt" => InterruptRequest.Parser.ParseFrom(Request).SessionId,
        "ReleaseExecute" => ReleaseRequest.Parser.ParseFrom(Request).SessionId,
        "FetchErrorDetails" => ErrorDetailsRequest.Parser.ParseFrom(Request).SessionId,
        _ => ReleaseSessionRequest.Parser.ParseFrom(Request).SessionId,
    };

    /// <summary>The operation that it runs, or nothing.</summary>
    public string Operation => Method == "ExecutePlan" ? ExecutePlanRequest.Parser.ParseFrom(Request).OperationId : "";

    /// <summary>Does with a session what the recorded client did.</summary>
    public async Task PlayAsync(ConnectSession session)
    {
        switch (Method)
        {
            case "AnalyzePlan" when AnalyzeRequest.Parser.ParseFrom(Request) is var analyze:
                _ = analyze.Schema is not null ? (object)await session.SchemaAsync(SparkRelation.Range(0, 1))
                    : analyze.Explain is not null ? await session.ExplainAsync(SparkRelation.Range(0, 1)) : await session.VersionAsync();
                break;
            case "Config" when ConfigRequest.Parser.ParseFrom(Request).Operation.Set is not null:
                await session.SetConfigAsync(new Dictionary<string, string> { ["a"] = "b" });
                break;
            case "Config":
                _ = await session.GetConfigAsync(["a"]);
                break;
            case "AddArtifacts":
                await session.AddArtifactsAsync([SparkArtifact.FromBytes("files/hello.txt", "hello"u8.ToArray())]);
                break;
            case "Interrupt":
                _ = await session.InterruptAllAsync();
                break;
            case "ExecutePlan" when ExecutePlanRequest.Parser.ParseFrom(Request).Plan.Root is null:
                _ = await session.RunAsync(SparkCommand.Sql("select 1"));
                break;
            case "ExecutePlan":
                await foreach (var batch in session.CollectAsync(SparkRelation.Range(0, 1)))
                {
                    batch.Dispose();
                }

                break;
        }
    }

    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }
}
