using System.Buffers.Binary;
using System.Net;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Connect.Wire;
using DpSpark.Testing;

namespace DpSpark.Tests.Connect;

/// <summary>Recorded answers with bytes changed, cut and doubled: a result, or the exception that callers know. Nothing else, and not much memory.</summary>
public sealed class MutatedConversationTests
{
    private static readonly int s_cases = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1" ? 50_000 : 5_000;

    [SkippableFact]
    public async Task Collect_MutatedAnswers_EndInRowsOrATypedFault()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var types = Recording.Of("dp-pipeline");
        var request = ExecutePlanRequest.Parser.ParseFrom(types[3]);
        var body = types.Between(4, 8).SelectMany(Frame).ToArray();
        Random random = new(20260401);
        Dictionary<ConnectFault, int> faults = [];
        var fine = 0;
        var before = GC.GetTotalAllocatedBytes();

        for (var i = 0; i < s_cases; i++)
        {
            var mutated = Mutate(body, random);
            try
            {
                await using var session = Open(request, mutated);
                await foreach (var batch in session.CollectAsync(SparkRelation.Range(0, 1)))
                {
                    batch.Dispose();
                }

                fine++;
            }
            catch (SparkConnectException e)
            {
                faults[e.Fault] = faults.GetValueOrDefault(e.Fault) + 1;
            }
        }

        Assert.Equal(s_cases, fine + faults.Values.Sum());
        Assert.True(faults[ConnectFault.Protocol] > s_cases / 10, "mutations went unnoticed");
        Assert.True((GC.GetTotalAllocatedBytes() - before) / s_cases < 4 << 20, "the memory follows what the peer claims, not what it sends");
    }

    private static ConnectSession Open(ExecutePlanRequest request, byte[] body) => new(
        ConnectEndpoint.Parse($"sc://127.0.0.1/;session_id={request.SessionId}"),
        new()
        {
            Network = () => new Answers(body),
            NewOperationId = () => request.OperationId,
            Time = new ManualTime { Skips = TimeSpan.FromDays(1) },
            Retry = new() { MaxRetries = 2 },
            StreamDeadline = TimeSpan.FromDays(2),
            CleanupDeadline = TimeSpan.FromDays(2),
        });

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static byte[] Mutate(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 64), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 64), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A network that answers an execution with one body and knows no other call.</summary>
    private sealed class Answers(byte[] body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var executes = request.RequestUri!.AbsolutePath.EndsWith("/ExecutePlan", StringComparison.Ordinal);
            HttpResponseMessage response = new(HttpStatusCode.OK) { Content = new ByteArrayContent(executes ? body : []) };
            response.Content.Headers.ContentType = new("application/grpc");
            (executes ? response.TrailingHeaders : response.Headers).Add("grpc-status", executes ? "0" : "12");
            return Task.FromResult(response);
        }
    }
}
