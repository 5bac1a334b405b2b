using DpSpark.Arrow;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Connect.Wire;
using DpSpark.Testing;
using DpSpark.Testing.Connect;
using Google.Protobuf;
using static DpSpark.Tests.Connect.Peers;
using WorkerFunction = DpSpark.Connect.Plans.WorkerFunction;

namespace DpSpark.Tests.Connect;

/// <summary>Conversations with a real server: its answers are replayed, our requests are held against the recorded ones.</summary>
public sealed class RecordedConversationTests
{
    [SkippableFact]
    public async Task Calls_AsRecorded_SendTheSameBytesAndReadTheAnswers()
    {
        var calls = Load("calls");
        await using var server = await ScriptedConnectServer.StartAsync();
        server.On("AnalyzePlan", Send(calls[2]), Send(calls[8]), Send(calls[10]))
            .On("Config", Send(calls[4]), Send(calls[6]))
            .On("AddArtifacts", Send(calls[12]))
            .On("ExecutePlan", Send([.. calls.Between(14, 18)]), Send(calls[22]), Send([.. calls.Between(26, 32)]), Send([.. calls.Between(36, 38)]),
                Send([.. calls.Between(42, 44)]), Send([.. calls.Between(48, 53)]), Fail(13, "[TABLE_OR_VIEW_NOT_FOUND] cut", calls[59]))
            .On("Interrupt", Send(calls[57]))
            .On("FetchErrorDetails", Send(calls[61]))
            .On("ReleaseSession", Send(calls[63]));
        Queue<string> operations = new(new[] { 13, 21, 25, 35, 41, 47, 58 }.Select(n => ExecutePlanRequest.Parser.ParseFrom(calls[n]).OperationId));
        SparkConnectException failure;
        var range = SparkRelation.Range(0, 3, partitions: 1);

        await using (var session = new ConnectSession(
            ConnectEndpoint.Parse($"sc://127.0.0.1:{server.Port}/;session_id={Session};user_id=proto"), new() { ClientType = "proto-go", NewOperationId = operations.Dequeue }))
        {
            Assert.Equal("4.3.0", await session.VersionAsync());
            Assert.Null((await session.GetConfigAsync(["spark.sql.session.timeZone", "no.such.key"]))["no.such.key"]);
            await session.SetConfigAsync(new Dictionary<string, string> { [SetKey(calls[5])] = SetValue(calls[5]) });
            var schema = await session.SchemaAsync(SparkRelation.Sql(AnalyzeRequest.Parser.ParseFrom(calls[7]).Schema.Plan.Root.Sql.Query));
            Assert.Equal(["a", "b", "c", "d", "e", "f", "g", "h"], schema.Select(f => f.Name));
            Assert.Equal(SparkType.Decimal(10, 2), schema[2].Type);
            Assert.Contains("Range", await session.ExplainAsync(range));
            await session.AddArtifactsAsync([SparkArtifact.FromBytes("files/hello.txt", "hello"u8.ToArray())]);
            Assert.Equal([0, 1, 2], await LongsAsync(session, range));
            await session.RunAsync(SparkCommand.CreateView(range, "v"));
            Assert.Equal([0, 1, 2], await LongsAsync(session, SparkRelation.Table("v")));
            Assert.NotNull(await session.RunAsync(SparkCommand.Sql("create or replace temp view w as select 1 x")));
            await session.RunAsync(SparkCommand.Write(range, "parquet", "/tmp/spark/rec-out", SaveMode.Overwrite, new Dictionary<string, string> { ["compression"] = "snappy" }));
            Assert.Equal([0, 1, 2], await LongsAsync(session, SparkRelation.Read("parquet", ["/tmp/spark/rec-out"])));
            Assert.Empty(await session.InterruptAllAsync());
            failure = await Assert.ThrowsAsync<SparkConnectException>(() => LongsAsync(session, SparkRelation.Table("does_not_exist")));
        }

        Assert.Equal(("TABLE_OR_VIEW_NOT_FOUND", "42P01", Requests(calls[58]).OperationId), (failure.ErrorClass, failure.SqlState, failure.OperationId));
        Assert.Equal("org.apache.spark.sql.catalyst.ExtendedAnalysisException", failure.ServerException);
        Assert.Equal("`does_not_exist`", failure.MessageParameters["relationName"]);
        Assert.All(server.CallsOf("ExecutePlan"), c => Assert.Equal(Life, Requests(c.Messages.Single()).ObservedServerSession));
        // The recorder did not release the operation that failed; we do.
        var release = server.Calls[^2];
        Assert.Equal(failure.OperationId, ReleaseRequest.Parser.ParseFrom(release.Messages.Single()).OperationId);
        Assert.Equal(Expected(calls), [.. server.Calls.Where(c => c != release).Select(c => (c.Method, Comparable(c.Method, c.Messages.Single())))]);
    }

    [SkippableFact]
    public async Task MapPartitions_AsRecorded_SendsTheSamePlanAndNamesTheTypeItCannotRead()
    {
        var types = Load("map-types");
        var recorded = Requests(types[3]).Plan.Root;
        var members = recorded.MapPartitions.Function.Worker.OutputType.Struct.Members;
        foreach (var interval in members.Where(m => SparkTypes.FromWire(m.Type).Kind == SparkTypeKind.Other).ToArray())
        {
            members.Remove(interval);
        }

        var output = SparkTypes.FromWire(recorded.MapPartitions.Function.Worker.OutputType);
        await using var server = await ScriptedConnectServer.StartAsync();
        server.On("ExecutePlan", Send([.. types.Between(4, 11)]));
        await using var session = new ConnectSession(
            ConnectEndpoint.Parse($"sc://127.0.0.1:{server.Port}/;session_id={Requests(types[3]).SessionId}"), new() { NewOperationId = () => Requests(types[3]).OperationId });
        WorkerFunction function = new("goudf", recorded.MapPartitions.Function.Worker.Command.Memory, output.Fields) { Version = recorded.MapPartitions.Function.Worker.Version };
        var columns = recorded.MapPartitions.Function.Arguments.Select(a => a.Attribute.Identifier).ToArray();

        var e = await Assert.ThrowsAsync<SparkConnectException>(
            () => LongsAsync(session, SparkRelation.Sql(recorded.MapPartitions.Input.Sql.Query).MapPartitions(function, columns)));

        Assert.Equal(WithoutIds(recorded), WithoutIds(Requests(server.CallsOf("ExecutePlan").Single().Messages.Single()).Plan.Root));
        Assert.IsType<ArrowUnsupportedException>(e.InnerException);
    }

    [SkippableFact]
    public void Pipeline_RepartitionMapAggregate_IsTheRecordedPlan()
    {
        var recorded = Requests(Load("dp-pipeline")[3]).Plan.Root;
        var map = recorded.Aggregate.Input.MapPartitions;
        WorkerFunction function = new("goudf", map.Function.Worker.Command.Memory, SparkTypes.FromWire(map.Function.Worker.OutputType).Fields) { Version = "3.11" };
        SparkColumn Sum(string name) => SparkColumn.Call("sum", SparkColumn.Named(name)).As(name);

        var ours = SparkRelation.Sql(map.Input.RepartitionByExpression.Input.Sql.Query)
            .RepartitionBy([SparkColumn.Named("user_id")], 1)
            .MapPartitions(function, ["user_id", "partition_key", "value"])
            .GroupBy([SparkColumn.Named("partition_key")], [Sum("s"), Sum("n")]);

        Assert.Equal(recorded, ours.ToWire(Counter(2)));
    }

    [SkippableFact]
    public async Task FailingWorker_AsRecorded_KeepsItsClassAndText()
    {
        var fail = Load("map-fail");
        var request = Requests(fail[1]);
        await using var server = await ScriptedConnectServer.StartAsync();
        server.On("ExecutePlan", async call =>
            {
                await call.SendAsync(fail[2]);
                await call.SendAsync(fail[3]);
                call.Fail(13, "Job aborted", fail[4]);
            })
            .On("FetchErrorDetails", Send(fail[6]));
        await using var session = new ConnectSession(
            ConnectEndpoint.Parse($"sc://127.0.0.1:{server.Port}/;session_id={request.SessionId}"), new() { NewOperationId = () => request.OperationId });

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => LongsAsync(session, SparkRelation.Range(0, 1)));

        Assert.Equal(("PYTHON_EXCEPTION", "38000", request.OperationId), (e.ErrorClass, e.SqlState, e.OperationId));
        Assert.NotEmpty(e.MessageParameters["traceback"]);
        Assert.DoesNotContain(e.MessageParameters["traceback"], e.ToString());
    }

    private static Recording Load(string scenario)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        return Recording.Of(scenario);
    }

    private static ExecutePlanRequest Requests(byte[] bytes) => ExecutePlanRequest.Parser.ParseFrom(bytes);

    private static string SetKey(byte[] config) => ConfigRequest.Parser.ParseFrom(config).Operation.Set.Pairs.Single().Key;

    private static string SetValue(byte[] config) => ConfigRequest.Parser.ParseFrom(config).Operation.Set.Pairs.Single().Value;

    private static Func<long> Counter(long first) => () => first++;

    private static Relation WithoutIds(Relation relation)
    {
        relation.Common = null;
        if (relation.MapPartitions?.Input is { } input)
        {
            WithoutIds(input);
        }

        return relation;
    }

    private static List<(string, string)> Expected(Recording calls) =>
        [.. Enumerable.Range(1, calls.Count).Where(n => calls.NameOf(n).EndsWith("Request", StringComparison.Ordinal))
            .Select(n => (Method: calls.NameOf(n)[..^"Request".Length], Bytes: calls[n]))
            .Select(c => (c.Method, Comparable(c.Method, c.Bytes)))];

    /// <summary>The request as hex, less what may differ: the recorder left the observed session id out of some calls, and sent SQL in the newer form only.</summary>
    private static string Comparable(string method, byte[] request)
    {
        IMessage message = method switch
        {
            "AnalyzePlan" => Without(AnalyzeRequest.Parser.ParseFrom(request), m => m.ClearObservedServerSession()),
            "Config" => Without(ConfigRequest.Parser.ParseFrom(request), m => m.ClearObservedServerSession()),
            "AddArtifacts" => Without(AddArtifactsRequest.Parser.ParseFrom(request), m => m.ClearObservedServerSession()),
            "Interrupt" => Without(InterruptRequest.Parser.ParseFrom(request), m => m.ClearObservedServerSession()),
            "FetchErrorDetails" => Without(ErrorDetailsRequest.Parser.ParseFrom(request), m => m.ClearObservedServerSession()),
            "ExecutePlan" => Without(ExecutePlanRequest.Parser.ParseFrom(request), m =>
            {
                m.ClearObservedServerSession();
                if (m.Plan.Command?.Sql is { } sql)
                {
                    sql.Text = "";
                }
            }),
            "ReleaseExecute" => ReleaseRequest.Parser.ParseFrom(request),
            _ => ReleaseSessionRequest.Parser.ParseFrom(request),
        };
        return Convert.ToHexString(message.ToByteArray());
    }

    private static T Without<T>(T message, Action<T> strip)
    {
        strip(message);
        return message;
    }

    private static async Task<List<long>> LongsAsync(ConnectSession session, SparkRelation relation)
    {
        List<long> values = [];
        await foreach (var batch in session.CollectAsync(relation))
        {
            values.AddRange(batch.Columns[0].ValuesAs<long>());
            batch.Dispose();
        }

        return values;
    }
}
