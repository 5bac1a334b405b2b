using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using DpSpark.Connect;
using DpSpark.Testing;
using DpSpark.Testing.Connect;

namespace DpSpark.Tests.Connect;

/// <summary>Every recorded conversation with bytes changed, cut, doubled and out of order: a result, or the exception that callers know. Nothing else, promptly, and not much memory.</summary>
public sealed class MutatedConversationTests
{
    private static readonly int s_cases = Watched.IsLong ? 100_000 : 10_000;
    private static readonly int s_connections = Watched.IsLong ? 3_000 : 300;

    [SkippableFact]
    public async Task Play_MutatedAnswers_EndsWellOrInATypedFault()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var exchanges = Exchange.All();
        var random = new Random(20260401);
        ConcurrentDictionary<string, int> ends = [];
        var before = GC.GetTotalAllocatedBytes();

        await Watched.RunAsync(s_cases, async i =>
        {
            var mutated = exchanges[i % exchanges.Count];
            var network = new Network(exchanges, mutated, random);
            var end = await PlayAsync(network.Player, () => network, new ManualTime { Skips = TimeSpan.FromDays(1) }, TimeSpan.FromDays(2));
            ends.AddOrUpdate(mutated.Method + " " + end, 1, (_, count) => count + 1);
        });

        Assert.Equal(s_cases, ends.Values.Sum());
        Assert.All(new[] { "AnalyzePlan", "Config", "ExecutePlan", "Interrupt" }, m => Assert.True(ends.GetValueOrDefault(m + " Protocol") > s_cases / 500, "mutations of " + m + " went unnoticed"));
        Assert.Contains(ends, e => e.Key == "ExecutePlan fine");
        Assert.True((GC.GetTotalAllocatedBytes() - before) / s_cases < 4 << 20, "the memory follows what the peer claims, not what it sends");
    }

    [SkippableFact]
    public async Task Play_MutatedStreamsOverAConnection_EndsWellOrInATypedFault()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var exchanges = Exchange.All().Where(e => e.Method == "ExecutePlan").ToArray();
        var random = new Random(20260402);
        await using var server = await ScriptedConnectServer.StartAsync();
        ConcurrentDictionary<string, int> ends = [];

        await Watched.RunAsync(s_connections, async i =>
        {
            var exchange = exchanges[i % exchanges.Length];
            var time = new ManualTime { Skips = TimeSpan.FromSeconds(9) };
            server.Forget();
            server.On("ExecutePlan", Act(exchange, random, time)).On("ReattachExecute", Act(exchange, random, time), Act(exchange, random, time), Act(exchange, random, time));
            ends.AddOrUpdate(await PlayAsync(exchange, null, time, TimeSpan.FromMinutes(10), server.Port), 1, (_, count) => count + 1);
        });

        Assert.Equal(s_connections, ends.Values.Sum());
        Assert.InRange(ends.Count, 3, int.MaxValue);
    }

    /// <returns>How it ended: the fault, or that all was well.</returns>
    private static async Task<string> PlayAsync(Exchange exchange, Func<HttpMessageHandler>? network, ManualTime time, TimeSpan deadline, int port = 1)
    {
        try
        {
            await using var session = new ConnectSession(ConnectEndpoint.Parse($"sc://127.0.0.1:{port}/;session_id={exchange.Session}"), new()
            {
                Network = network,
                NewOperationId = exchange.Operation.Length > 0 ? () => exchange.Operation : null,
                Time = time,
                Retry = new() { MaxRetries = 2 },
                StreamDeadline = deadline,
                LongCallDeadline = deadline,
                CallDeadline = deadline,
                CleanupDeadline = deadline,
                ReleaseEvery = 2,
                MaxMessageBytes = 1 << 20,
            });
            await exchange.PlayAsync(session);
            return "fine";
        }
        catch (SparkConnectException e)
        {
            return e.Fault.ToString();
        }
    }

    /// <summary>A stream that is cut up, changed, and ends, stalls or breaks somewhere.</summary>
    private static Func<ScriptedCall, Task> Act(Exchange exchange, Random random, ManualTime time)
    {
        var bytes = random.Next(3) == 0 ? exchange.Body : Mutations.Of(exchange.Body, random);
        var cuts = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(bytes.Length + 1)).Append(0).Append(bytes.Length).Order().ToArray();
        var last = random.Next(1, cuts.Length);
        var end = random.Next(5);
        return async call =>
        {
            for (var piece = 1; piece <= last; piece++)
            {
                await call.SendRawAsync(bytes[cuts[piece - 1]..cuts[piece]]);
            }

            switch (end)
            {
                case 0:
                    call.Disconnect();
                    break;
                case 1:
                    TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    var stall = call.StallAsync(stalled);
                    await stalled.Task;
                    time.Advance(TimeSpan.FromMinutes(11));
                    await stall;
                    break;
                case 2:
                    call.Fail(13, "%", exchange.Status);
                    break;
                case 3:
                    call.EndWith(null);
                    break;
                default:
                    call.Finish();
                    break;
            }
        };
    }

    /// <summary>A network that answers as recorded but for one call, whose answer is changed.</summary>
    private sealed class Network : HttpMessageHandler
    {
        private readonly IReadOnlyList<Exchange> _exchanges;
        private readonly Exchange _mutated;
        private readonly byte[] _body;
        private readonly byte[]? _details;
        private readonly string? _status;
        private readonly bool _reattaches;

        public Network(IReadOnlyList<Exchange> exchanges, Exchange mutated, Random random)
        {
            _exchanges = exchanges;
            _mutated = mutated;
            _body = Changed(mutated, random);
            _details = mutated.Status is { } status && random.Next(3) > 0 ? Mutations.Of(status, random) : mutated.Status;
            _status = random.Next(12) switch { 0 => null, 1 => random.Next(-3, 40).ToString(System.Globalization.CultureInfo.InvariantCulture), 2 => "x", _ => mutated.Status is null ? "0" : "13" };
            _reattaches = random.Next(2) == 0;
            Player = mutated.Method switch
            {
                // What cleans up after an operation, or asks why it failed, comes with an operation.
                "ReleaseExecute" => exchanges.First(e => e.Scenario == mutated.Scenario && e.Method == "ExecutePlan" && e.Status is null),
                "FetchErrorDetails" => exchanges.First(e => e.Scenario == mutated.Scenario && e.Method == "ExecutePlan" && e.Status is not null),
                "ReleaseSession" => exchanges.First(e => e.Scenario == mutated.Scenario && e.Method == "AnalyzePlan"),
                _ => mutated,
            };
        }

        /// <summary>The call that the client makes.</summary>
        public Exchange Player { get; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var method = request.RequestUri!.AbsolutePath.Split('/')[^1];
            return Task.FromResult(method switch
            {
                _ when method == _mutated.Method || (method == "ReattachExecute" && _reattaches && _mutated.Method == "ExecutePlan") => Answer(_body, _status, _details),
                _ when method == Player.Method => Answer(Player.Body, Player.Status is null ? "0" : "13", Player.Status),
                _ when _exchanges.FirstOrDefault(e => e.Scenario == Player.Scenario && e.Method == method) is { } recorded => Answer(recorded.Body, "0", null),
                _ => Answer([], "12", null),
            });
        }

        private static HttpResponseMessage Answer(byte[] body, string? status, byte[]? details)
        {
            HttpResponseMessage response = new(HttpStatusCode.OK) { Content = new ByteArrayContent(body) };
            response.Content.Headers.ContentType = new("application/grpc");
            var headers = body.Length > 0 ? response.TrailingHeaders : response.Headers;
            if (status is not null)
            {
                headers.Add("grpc-status", status);
            }

            if (details is not null)
            {
                headers.Add("grpc-status-details-bin", Convert.ToBase64String(details).TrimEnd('='));
            }

            return response;
        }

        private static byte[] Changed(Exchange exchange, Random random)
        {
            var answers = exchange.Answers.ToList();
            if (answers.Count == 0)
            {
                return [];
            }

            var at = random.Next(answers.Count);
            switch (random.Next(6))
            {
                case 0:
                    // The content of a message alone: its frame is right.
                    answers[at] = Mutations.Of(answers[at], random);
                    break;
                case 1:
                    answers.RemoveAt(at);
                    break;
                case 2:
                    answers.Insert(random.Next(answers.Count + 1), answers[at]);
                    break;
                case 3:
                    var other = random.Next(answers.Count);
                    (answers[at], answers[other]) = (answers[other], answers[at]);
                    break;
                case 4:
                    var frame = Exchange.Frame(answers[at]);
                    BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), random.Next(3) switch { 0 => int.MaxValue, 1 => -1, _ => random.Next(1 << 20) });
                    return [.. answers.Take(at).SelectMany(Exchange.Frame), .. frame, .. answers.Skip(at + 1).SelectMany(Exchange.Frame)];
                default:
                    return Mutations.Of(exchange.Body, random);
            }

            return [.. answers.SelectMany(Exchange.Frame)];
        }
    }
}
