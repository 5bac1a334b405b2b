using DpSpark.Arrow;
using DpSpark.Connect;
using DpSpark.Connect.Plans;

namespace DpSpark.Spark.Tests;

[Collection(SparkCollection.Name)]
public sealed class ConnectSessionTests(SparkServerFixture spark)
{
    [SkippableFact]
    public async Task Version_OfServer_HasThreeNumbers()
    {
        await using var session = NewSession();

        var version = await session.VersionAsync();

        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+", version);
    }

    [SkippableFact]
    public async Task Version_WithWrongToken_IsUnauthenticated()
    {
        await using var session = new ConnectSession(ConnectEndpoint.Parse($"sc://{spark.Server.Address}/;token=wrong"));

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.VersionAsync());

        Assert.Equal(ConnectFault.Unauthenticated, e.Fault);
    }

    [SkippableFact]
    public async Task Collect_Range_BringsEveryNumberOnce()
    {
        await using var session = NewSession();

        var ids = await LongsAsync(session, SparkRelation.Range(0, 1000, partitions: 3));

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), ids);
    }

    [SkippableFact]
    public async Task Collect_ProjectionsFiltersAndSorts_GivesWhatSqlGives()
    {
        await using var session = NewSession();
        var id = SparkColumn.Named("id");
        var relation = SparkRelation.Range(0, 20)
            .Where(SparkColumn.Call("<", id, SparkColumn.Literal(7L)))
            .RepartitionBy([id], 2)
            .Select(SparkColumn.Call("*", id, SparkColumn.Literal(2L)).Cast(new(SparkTypeKind.Long)).As("odd.name"))
            .SortBy(SparkColumn.Named("odd.name").Order(descending: true))
            .Limit(3);

        var values = await LongsAsync(session, relation);

        Assert.Equal([12, 10, 8], values);
        Assert.Equal([new SparkField("odd.name", new(SparkTypeKind.Long), false)], await session.SchemaAsync(relation));
    }

    [SkippableFact]
    public async Task Collect_LocalRowsAndTail_ComeBackEqual()
    {
        await using var session = NewSession();
        Schema schema = new([new("a", ArrowType.Int64), new("b", ArrowType.Utf8)]);
        using RecordBatch batch = new(schema, [ArrowArrays.Int64([1, 2, 3], [true, false, true]), ArrowArrays.Utf8(["x", "y", null])], 3);

        List<(long?, string?)> rows = [];
        await foreach (var answer in session.CollectAsync(SparkRelation.Local(schema, [batch]).Tail(2)))
        {
            for (var i = 0; i < answer.Length; i++)
            {
                var (a, b) = (answer.Columns[0], answer.Columns[1]);
                rows.Add((a.IsNull(i) ? null : a.ValuesAs<long>()[i], b.IsNull(i) ? null : System.Text.Encoding.UTF8.GetString(b.BytesAt(i))));
            }

            answer.Dispose();
        }

        Assert.Equal([(null, "y"), (3, null)], rows);
    }

    [SkippableFact]
    public async Task Collect_EmptyResult_StillNamesItsColumns()
    {
        await using var session = NewSession();
        List<(int Rows, string Column)> batches = [];

        await foreach (var batch in session.CollectAsync(SparkRelation.Sql("select 1 as one where false")))
        {
            batches.Add((batch.Length, batch.Schema.Fields[0].Name));
            batch.Dispose();
        }

        Assert.Equal([(0, "one")], batches);
    }

    [SkippableFact]
    public async Task Collect_UnknownTable_KeepsClassAndSqlState()
    {
        await using var session = NewSession();

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => LongsAsync(session, SparkRelation.Table("no_such_table")));

        Assert.Equal((ConnectFault.Rejected, "TABLE_OR_VIEW_NOT_FOUND", "42P01"), (e.Fault, e.ErrorClass, e.SqlState));
        Assert.NotNull(e.OperationId);
        Assert.Contains("no_such_table", e.ServerMessage);
        Assert.DoesNotContain("no_such_table", e.ToString());
    }

    [SkippableFact]
    public async Task Collect_ErrorThatQuotesARow_KeepsTheRowOutOfTheMessage()
    {
        await using var session = NewSession();
        var relation = SparkRelation.Sql("select cast(concat('secret', id) as int) from range(1) where id >= 0");

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => LongsAsync(session, relation));

        Assert.Equal("CAST_INVALID_INPUT", e.ErrorClass);
        Assert.Contains("secret0", e.ServerMessage);
        Assert.DoesNotContain("secret0", e.ToString());
    }

    [SkippableFact]
    public async Task Config_SetGetUnset_ActsOnTheSession()
    {
        await using var session = NewSession();
        const string Name = "spark.sql.session.timeZone";

        await session.SetConfigAsync(new Dictionary<string, string> { [Name] = "Asia/Tokyo" });
        var set = await session.GetConfigAsync([Name, "spark.no.such.setting"]);
        await session.UnsetConfigAsync([Name]);
        var unset = await session.GetConfigAsync([Name]);

        Assert.Equal("Asia/Tokyo", set[Name]);
        Assert.Null(set["spark.no.such.setting"]);
        Assert.NotEqual("Asia/Tokyo", unset[Name]);
    }

    [SkippableFact]
    public async Task Config_SetStatic_IsRejectedWithItsClass()
    {
        await using var session = NewSession();

        var e = await Assert.ThrowsAsync<SparkConnectException>(
            () => session.SetConfigAsync(new Dictionary<string, string> { ["spark.sql.warehouse.dir"] = "/nowhere" }));

        Assert.StartsWith("CANNOT_MODIFY_", e.ErrorClass);
    }

    [SkippableFact]
    public async Task Artifacts_SmallAndLarge_ArriveAndMayBeSentAgain()
    {
        await using var session = NewSession();
        var large = new byte[100_000];
        new Random(7).NextBytes(large);
        var block = "cache/" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(large));
        SparkArtifact[] artifacts =
            [SparkArtifact.FromBytes("files/a.txt", "a"u8.ToArray()), SparkArtifact.FromBytes(block, large), SparkArtifact.FromBytes("files/b.txt", [])];

        await session.AddArtifactsAsync(artifacts);
        await session.AddArtifactsAsync(artifacts[..1]);
        var found = await session.FindArtifactsAsync([block, "cache/" + new string('0', 64)]);

        Assert.Equal([block], found);
    }

    [SkippableFact]
    public async Task Artifacts_SameNameOtherContent_IsRejected()
    {
        await using var session = NewSession();
        await session.AddArtifactsAsync([SparkArtifact.FromBytes("files/c.txt", "one"u8.ToArray())]);

        var e = await Assert.ThrowsAsync<SparkConnectException>(() => session.AddArtifactsAsync([SparkArtifact.FromBytes("files/c.txt", "two"u8.ToArray())]));

        Assert.Equal(ConnectFault.Rejected, e.Fault);
    }

    [SkippableFact]
    public async Task Write_ThenRead_GivesTheSameRows()
    {
        await using var session = NewSession();
        var path = Path.Combine(spark.Server.Folder, "written");

        await session.RunAsync(SparkCommand.Write(SparkRelation.Range(0, 50), "parquet", path, SaveMode.Overwrite));
        var ids = await LongsAsync(session, SparkRelation.Read("parquet", [path]).SortBy(SparkColumn.Named("id").Order()));
        var again = await Assert.ThrowsAsync<SparkConnectException>(() => session.RunAsync(SparkCommand.Write(SparkRelation.Range(0, 1), "parquet", path)));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => (long)i), ids);
        Assert.Equal("PATH_ALREADY_EXISTS", again.ErrorClass);
    }

    [SkippableFact]
    public async Task Sql_ViewMadeByACommand_IsSeenByTheSession()
    {
        await using var session = NewSession();

        await session.RunAsync(SparkCommand.CreateView(SparkRelation.Range(0, 3), "numbers"));
        await session.RunAsync(SparkCommand.Sql("create temporary view doubled as select id * 2 as id from numbers"));
        var ids = await LongsAsync(session, SparkRelation.Table("doubled").SortBy(SparkColumn.Named("id").Order()));

        Assert.Equal([0, 2, 4], ids);
    }

    [SkippableFact]
    public async Task Collect_Cancelled_InterruptsTheOperationOnTheServer()
    {
        await using var session = NewSession();
        using CancellationTokenSource stop = new();
        ExecuteOptions options = new() { Progress = p => { if (p.RunningTasks > 0) { stop.Cancel(); } } };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LongsAsync(session, Endless, options, stop.Token));

        Assert.Empty(await session.InterruptAllAsync());
    }

    [SkippableFact]
    public async Task Interrupt_ByTag_EndsTheOperationAsCancelled()
    {
        await using var session = NewSession();
        var id = "";
        IReadOnlyList<string> interrupted = [];
        TaskCompletionSource running = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ExecuteOptions options = new() { Tags = ["slow"], Started = i => id = i, Progress = p => { if (p.RunningTasks > 0) { running.TrySetResult(); } } };
        var collect = LongsAsync(session, Endless, options);
        await Task.WhenAny(running.Task, collect);

        interrupted = await session.InterruptTagAsync("slow");
        var e = await Assert.ThrowsAsync<SparkConnectException>(() => collect);

        Assert.Equal([id], interrupted);
        Assert.Equal((ConnectFault.Cancelled, id), (e.Fault, e.OperationId));
    }

    [SkippableFact]
    public async Task Collect_LargeResultOverManyStreams_LosesNothing()
    {
        await using var session = NewSession();
        var (rows, sum, streams) = (0L, 0L, 1);
        ExecuteOptions options = new() { Reattached = () => streams++ };

        await foreach (var batch in session.CollectAsync(SparkRelation.Range(0, 3_000_000, partitions: 8), options))
        {
            foreach (var id in batch.Columns[0].ValuesAs<long>())
            {
                sum += id;
            }

            rows += batch.Length;
            batch.Dispose();
        }

        Assert.Equal((3_000_000, 3_000_000L * 2_999_999 / 2), (rows, sum));
        Assert.True(streams > 2, $"the result came over {streams} streams");
    }

    /// <summary>A few minutes of work that can be interrupted at any time.</summary>
    private static SparkRelation Endless => SparkRelation.Sql("select count(*) from range(0, 1000000000000, 1, 4) where hash(id) = 17 and sha2(cast(id as string), 256) = 'x'");

    private static async Task<List<long>> LongsAsync(
        ConnectSession session, SparkRelation relation, ExecuteOptions? options = null, CancellationToken cancellation = default)
    {
        List<long> values = [];
        await foreach (var batch in session.CollectAsync(relation, options, cancellation))
        {
            values.AddRange(batch.Columns[0].ValuesAs<long>()[..batch.Length]);
            batch.Dispose();
        }

        return values;
    }

    private ConnectSession NewSession() => new(ConnectEndpoint.Parse(spark.Server.ConnectionString));
}
