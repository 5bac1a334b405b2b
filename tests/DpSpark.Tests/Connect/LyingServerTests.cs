using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Connect.Wire;
using DpSpark.Testing;
using DpSpark.Testing.Connect;
using static DpSpark.Tests.Connect.Peers;

namespace DpSpark.Tests.Connect;

/// <summary>A server that stalls, breaks off, repeats itself and lies: each time the right rows, or an exception that says what is wrong.</summary>
public sealed class LyingServerTests : IAsyncLifetime, IDisposable
{
    // One count per batch that the client has taken: a reset may overtake what was sent before it.
    private readonly SemaphoreSlim _taken = new(0);
    private ScriptedConnectServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedConnectServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _taken.Dispose();

    [Fact]
    public async Task Collect_ConnectionBreaksBetweenResponses_ReattachesAfterTheLastOne()
    {
        _server.On("ExecutePlan", SendThenBreak(Rows("a", 0, 1, 2))).On("ReattachExecute", SendThenBreak(Rows("b", 2, 3)), Send(Rows("c", 3, 4), Complete("d")));

        var values = await CollectAsync();

        Assert.Equal([1, 2, 3, 4], values);
        Assert.Equal(["a", "b"], Reattached());
        Assert.Single(_server.CallsOf("ExecutePlan"));
    }

    [Fact]
    public async Task Collect_StreamsEndWithoutCompletion_GoesOnUntilTheOperationIsComplete()
    {
        _server.On("ExecutePlan", Send(Rows("a", 0, 1))).On("ReattachExecute", Send(Rows("b", 1, 2)), Send(Rows("c", 2, 3)), Send(Complete("d")));

        var values = await CollectAsync();

        Assert.Equal([1, 2, 3], values);
        Assert.Equal(["a", "b", "c"], Reattached());
    }

    [Fact]
    public async Task Collect_BodyBreaksInsideAMessage_ReattachesAndTakesItWhole()
    {
        _server.On("ExecutePlan", async call =>
            {
                await call.SendAsync(Rows("a", 0, 1));
                await call.SendRawAsync([0, 0, 0, 1, 0, 9, 9]);
            })
            .On("ReattachExecute", Send(Rows("b", 1, 2), Complete("c")));

        var values = await CollectAsync();

        Assert.Equal([1, 2], values);
    }

    [Fact]
    public async Task Collect_ServerIsBusyAtFirst_TriesAgain()
    {
        _server.On("ExecutePlan", Fail(14, "busy"), Send(Rows("a", 0, 1), Complete("b"))).On("ReattachExecute", Fail(13, "", Details("INVALID_HANDLE.OPERATION_NOT_FOUND")));

        var values = await CollectAsync();

        Assert.Equal([1], values);
    }

    [Fact]
    public async Task Collect_OperationLostAfterSomeRows_Fails()
    {
        _server.On("ExecutePlan", SendThenBreak(Rows("a", 0, 1))).On("ReattachExecute", Fail(13, "", Details("INVALID_HANDLE.OPERATION_NOT_FOUND", "HY000")));

        var e = await FailAsync();

        Assert.Equal((ConnectFault.Rejected, "INVALID_HANDLE.OPERATION_NOT_FOUND", "HY000"), (e.Fault, e.ErrorClass, e.SqlState));
        Assert.Single(_server.CallsOf("ExecutePlan"));
    }

    [Fact]
    public async Task Collect_LastResponseRepeatedAfterReattach_CountsOnce()
    {
        _server.On("ExecutePlan", SendThenBreak(Rows("a", 0, 1))).On("ReattachExecute", Send(Rows("a", 0, 1), Rows("b", 1, 2), Complete("c")));

        var values = await CollectAsync();

        Assert.Equal([1, 2], values);
    }

    [Fact]
    public async Task Collect_StallBeyondTheDeadline_Reattaches()
    {
        ManualTime time = new() { Skips = TimeSpan.FromSeconds(9) };
        TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.On("ExecutePlan", async call =>
            {
                await call.SendAsync(Rows("a", 0, 1));
                await _taken.WaitAsync();
                await call.StallAsync(stalled);
            })
            .On("ReattachExecute", Send(Rows("b", 1, 2), Complete("c")));

        var collect = CollectAsync(time);
        await stalled.Task;
        time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal([1, 2], await collect);
    }

    [Fact]
    public async Task Call_StallBeyondTheDeadline_FailsInTime()
    {
        ManualTime time = new();
        TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.On("AnalyzePlan", call => call.StallAsync(stalled));
        await using var session = Open(_server, time);

        var version = session.VersionAsync();
        await stalled.Task;
        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(ConnectFault.DeadlineExceeded, (await Assert.ThrowsAsync<SparkConnectException>(() => version)).Fault);
    }

    [Fact]
    public async Task Collect_Cancelled_InterruptsAndReleasesTheOperation()
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.On("ExecutePlan", call => call.StallAsync(stalled));

        var collect = CollectAsync(cancellation: stop.Token);
        await stalled.Task;
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => collect);
        Assert.Equal(Operation, InterruptRequest.Parser.ParseFrom(_server.CallsOf("Interrupt").Single().Messages.Single()).OperationId);
        Assert.NotNull(ReleaseRequest.Parser.ParseFrom(_server.CallsOf("ReleaseExecute").Single().Messages.Single()).All);
    }

    [Fact]
    public async Task Collect_LoopLeftEarly_InterruptsTheOperation()
    {
        _server.On("ExecutePlan", async call =>
        {
            await call.SendAsync(Rows("a", 0, 1));
            await call.StallAsync();
        });
        await using var session = Open(_server);

        await foreach (var batch in session.CollectAsync(SparkRelation.Range(0, 1)))
        {
            batch.Dispose();
            break;
        }

        Assert.Single(_server.CallsOf("Interrupt"));
    }

    [Fact]
    public async Task Collect_ManyResponses_ReleasesThemOnTheWay()
    {
        _server.On("ExecutePlan", Send([.. Enumerable.Range(0, 40).Select(i => Rows("r" + i, i, i)), Complete("end")]));

        var values = await CollectAsync();

        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), values);
        Assert.Contains(_server.CallsOf("ReleaseExecute"), c => ReleaseRequest.Parser.ParseFrom(c.Messages.Single()).Until?.ResponseId == "r15");
    }

    [Fact]
    public async Task Collect_ServerNeverComesBack_GivesUpAfterTheLastRetry()
    {
        _server.On("ExecutePlan", SendThenBreak(Rows("a", 0, 1))).On("ReattachExecute", [.. Enumerable.Repeat(Fail(14), 10)]);

        var e = await FailAsync();

        Assert.Equal((ConnectFault.Unavailable, 14, Operation), (e.Fault, e.GrpcCode, e.OperationId));
        Assert.Equal(3, _server.CallsOf("ReattachExecute").Count);
    }

    [Fact]
    public async Task Collect_EveryStreamEndsEmpty_GivesUpAfterTheLastRetry()
    {
        _server.On("ExecutePlan", Send()).On("ReattachExecute", [.. Enumerable.Repeat(Send(), 10)]);

        var e = await FailAsync(new ManualTime { Skips = TimeSpan.FromMilliseconds(900) });

        Assert.Equal(ConnectFault.Unavailable, e.Fault);
    }

    public static TheoryData<string, byte[][]> BadStreams => new()
    {
        { "a gap", [Rows("a", 0, 1), Rows("b", 5, 2), Complete("c")] },
        { "rows again under another id", [Rows("a", 0, 1), Rows("b", 0, 1), Complete("c")] },
        { "no batch at all", [Complete("a")] },
        { "another operation", [Response("a", r => r.OperationId = "else")] },
        { "another session", [Response("a", r => r.SessionId = "else")] },
        { "no response id", [Response("", _ => { })] },
        { "more rows claimed than sent", [Altered(b => b.RowCount = 7)] },
        { "negative row count", [Altered(b => b.RowCount = -1)] },
        { "not Arrow", [Altered(b => b.Data = Google.Protobuf.ByteString.CopyFromUtf8("PAR1 and so on"))] },
        { "no data", [Altered(b => b.Data = Google.Protobuf.ByteString.Empty)] },
        { "half a batch", [Altered(b => b.Data = Google.Protobuf.ByteString.CopyFrom(b.Data.Span[..(b.Data.Length / 2)]))] },
        { "pieces that nobody asked for", [Altered(b => (b.ChunkIndex, b.Chunks) = (0, 2))] },
        { "not a message", [[0xFF, 0xFF, 0xFF]] },
    };

    [Theory]
    [MemberData(nameof(BadStreams))]
    public async Task Collect_LiesInTheStream_EndInAProtocolFault(string lie, byte[][] messages)
    {
        _server.On("ExecutePlan", Send(messages));

        var e = await FailAsync();

        Assert.True(e.Fault == ConnectFault.Protocol, lie + " gave " + e.Fault);
        Assert.Equal(0, e.GrpcCode);
    }

    public static TheoryData<string, Action<ScriptedCall>, ConnectFault> BadAnswers => new()
    {
        { "a proxy's page", c => c.AnswerHttp(200), ConnectFault.Protocol },
        { "401", c => c.AnswerHttp(401), ConnectFault.Unauthenticated },
        { "403", c => c.AnswerHttp(403), ConnectFault.Unauthenticated },
        { "500", c => c.AnswerHttp(500), ConnectFault.Rejected },
        { "status that is no number", c => c.EndWith("fine"), ConnectFault.Protocol },
        { "no answer, no error", c => c.Finish(), ConnectFault.Protocol },
        { "wrong token", c => c.Fail(16, "No authentication token provided"), ConnectFault.Unauthenticated },
        { "session closed", c => c.Fail(13, "", Details("INVALID_HANDLE.SESSION_CLOSED")), ConnectFault.SessionLost },
        { "damaged details", c => c.Fail(13, "x", [0xFF, 0x01]), ConnectFault.Rejected },
        { "damaged percent encoding", c => c.Fail(13, "%%%zz"), ConnectFault.Rejected },
        { "a code that does not exist", c => c.Fail(99), ConnectFault.Rejected },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task Call_BadAnswer_EndsInATypedFault(string what, Action<ScriptedCall> answer, ConnectFault fault)
    {
        _server.On("AnalyzePlan", Do(answer));
        await using var session = Open(_server);

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync());

        Assert.True(e.Fault == fault, what + " gave " + e.Fault);
    }

    public static TheoryData<string, byte[]> BadFrames => new()
    {
        { "compressed", [1, 0, 0, 0, 1, 0] },
        { "larger than allowed", [0, 0x7F, 0xFF, 0xFF, 0xFF, 0] },
        { "larger than any message", [0, 0xFF, 0xFF, 0xFF, 0xFF, 0] },
    };

    [Theory]
    [MemberData(nameof(BadFrames))]
    public async Task Call_BadFrame_EndsInAProtocolFault(string what, byte[] frame)
    {
        _server.On("AnalyzePlan", c => c.SendRawAsync(frame));
        await using var session = Open(_server);

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync());

        Assert.True(e.Fault == ConnectFault.Protocol, what + " gave " + e.Fault);
    }

    [Fact]
    public async Task Call_TwoAnswers_EndsInAProtocolFault()
    {
        var answer = Version();
        _server.On("AnalyzePlan", Send(answer, answer));
        await using var session = Open(_server);

        Assert.Equal(ConnectFault.Protocol, (await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync())).Fault);
    }

    [Fact]
    public async Task Call_BreaksThenAnswers_IsTriedAgain()
    {
        _server.On("AnalyzePlan", Do(c => c.AnswerHttp(503)), Do(c => c.Disconnect()), Send(Version()));
        await using var session = Open(_server);

        Assert.Equal("4.3.0", await session.VersionAsync());
    }

    [Fact]
    public async Task Call_ServerStartedAnew_SaysThatTheSessionIsLost()
    {
        _server.On("AnalyzePlan", Send(Version()), Send(Version("another life")));
        await using var session = Open(_server);
        await session.VersionAsync();

        Assert.Equal(ConnectFault.SessionLost, (await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync())).Fault);
    }

    [Fact]
    public async Task Call_NobodyListens_IsUnavailable()
    {
        await _server.DisposeAsync();
        await using ConnectSession session = new(ConnectEndpoint.Parse("sc://127.0.0.1:1"), new() { Retry = new() { MaxRetries = 1 } });

        Assert.Equal(ConnectFault.Unavailable, (await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync())).Fault);
    }

    [Fact]
    public async Task Call_TokenAndHeaders_TravelWithEveryCall()
    {
        _server.On("AnalyzePlan", Send(Version()));
        await using var session = Open(_server, keys: "token=t0k;X-Team=dp");

        await session.VersionAsync();

        var headers = _server.Calls[0].Headers;
        Assert.Equal(("Bearer t0k", "dp", "application/grpc", "trailers"), (headers["authorization"], headers["x-team"], headers["content-type"], headers["te"]));
        Assert.Equal("3600000m", headers["grpc-timeout"]);
    }

    [Fact]
    public async Task Call_ErrorFromAnOldServer_TakesTheClassFromTheMessage()
    {
        _server.On("AnalyzePlan", Fail(13, "\n[PARSE_SYNTAX_ERROR] near 'private row'"));
        await using var session = Open(_server);

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync());

        Assert.Equal("PARSE_SYNTAX_ERROR", e.ErrorClass);
        Assert.DoesNotContain("private row", e.ToString());
    }

    [Fact]
    public async Task Artifacts_LargeFile_TravelsInChunksWithChecksums()
    {
        _server.On("AddArtifacts", Send(new AddArtifactsResponse { SessionId = Session, Artifacts = { new AddArtifactsResponse.Types.Summary { Name = "archives/w.tar.gz#w", IsCrcSuccessful = true } } }.ToBytes()));
        var content = Enumerable.Range(0, 70_000).Select(i => (byte)i).ToArray();
        await using var session = Open(_server);

        await session.AddArtifactsAsync([SparkArtifact.FromBytes("archives/w.tar.gz#w", content)]);

        var sent = _server.CallsOf("AddArtifacts").Single().Messages.Select(m => AddArtifactsRequest.Parser.ParseFrom(m)).ToArray();
        Assert.Equal((70_000, 3, 3), (sent[0].Begin.TotalBytes, sent[0].Begin.Chunks, sent.Length));
        Assert.Equal(content, sent.SelectMany(m => m.Begin?.First.Data ?? m.Chunk.Data).ToArray());
        Assert.Equal(Crc32.Of(content.AsSpan(65_536)), sent[2].Chunk.Crc);
    }

    [Fact]
    public async Task Artifacts_DamagedOnTheWay_SaysWhich()
    {
        _server.On("AddArtifacts", Send(new AddArtifactsResponse { SessionId = Session, Artifacts = { new AddArtifactsResponse.Types.Summary { Name = "files/a" } } }.ToBytes()));
        await using var session = Open(_server);

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.AddArtifactsAsync([SparkArtifact.FromBytes("files/a", [1])]));

        Assert.Equal(ConnectFault.Protocol, e.Fault);
        Assert.Contains("files/a", e.Message);
    }

    [Fact]
    public async Task Tls_UnknownAuthority_IsRefusedAndAKnownOneWorks()
    {
        using var certificate = SelfSigned();
        await using var server = await ScriptedConnectServer.StartAsync(certificate);
        server.On("AnalyzePlan", Send(Version()));
        var endpoint = ConnectEndpoint.Parse($"sc://localhost:{server.Port}/;use_ssl=true;session_id={Session}");
        await using ConnectSession stranger = new(endpoint);
        await using ConnectSession friend = new(endpoint, new() { TrustedAuthorities = [certificate] });

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => stranger.VersionAsync());

        Assert.Equal(ConnectFault.Unauthenticated, e.Fault);
        Assert.Equal("4.3.0", await friend.VersionAsync());
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("hello", 907060870u)]
    [InlineData("123456789", 0xCBF43926u)]
    public void Crc_OfKnownTexts_IsTheKnownValue(string text, uint crc)
    {
        Assert.Equal(crc, Crc32.Of(System.Text.Encoding.ASCII.GetBytes(text)));
    }

    private static byte[] Version(string life = Life) =>
        new AnalyzeResponse { SessionId = Session, ServerSession = life, SparkVersion = new() { Text = "4.3.0" } }.ToBytes();

    private static byte[] Altered(Action<ExecutePlanResponse.Types.ArrowBatch> alter)
    {
        var response = ExecutePlanResponse.Parser.ParseFrom(Rows("a", 0, 1, 2));
        alter(response.Batch);
        return response.ToBytes();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>An act that sends batches, waits until the client has them, and breaks the connection.</summary>
    private Func<ScriptedCall, Task> SendThenBreak(params byte[][] batches) => async call =>
    {
        foreach (var batch in batches)
        {
            await call.SendAsync(batch);
            await _taken.WaitAsync();
        }

        call.Disconnect();
    };

    private IEnumerable<string> Reattached() =>
        _server.CallsOf("ReattachExecute").Select(c => ReattachRequest.Parser.ParseFrom(c.Messages.Single()).LastResponseId);

    private async Task<SparkConnectException> FailAsync(ManualTime? time = null) => await Assert.ThrowsAsync<SparkConnectException>(() => CollectAsync(time));

    private async Task<List<long>> CollectAsync(ManualTime? time = null, CancellationToken cancellation = default)
    {
        await using var session = Open(_server, time);
        List<long> values = [];
        await foreach (var batch in session.CollectAsync(SparkRelation.Range(0, 1), null, cancellation))
        {
            values.AddRange(batch.Columns[0].ValuesAs<long>());
            batch.Dispose();
            _taken.Release();
        }

        return values;
    }
}
