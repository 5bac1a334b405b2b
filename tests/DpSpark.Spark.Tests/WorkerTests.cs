using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Core.Bounding;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;

namespace DpSpark.Spark.Tests;

/// <summary>The worker inside a real Spark.</summary>
[Collection(SparkCollection.Name)]
public sealed class WorkerTests(SparkServerFixture spark)
{
    private const string AllTypes =
        """
        select id % 3 = 0 as b, cast(id % 100 as tinyint) as i8, cast(id as smallint) as i16, cast(id as int) as i32, id as i64, cast(id / 3 as float) as f32, id / 7 as f64,
          cast(id * 1.25 as decimal(12,3)) as d12, cast(id as decimal(38,10)) as d38, concat('t', id, 'ß') as t, cast(concat('x', id) as binary) as x,
          date_add(date'2026-01-31', cast(id as int)) as day, timestamp_micros(id * 1000003) as ts, cast(timestamp'2026-01-31 12:34:56.789' as timestamp_ntz) as ntz,
          array(id, null, id + 1) as l, map(concat('k', id), id) as m, struct(id as a, if(id % 2 = 0, 'even', null) as s) as st,
          if(id % 4 = 0, null, id) as n, null as v
        from range(0, 1000, 1, 3)
        """;

    private static readonly string s_visits = Path.Combine(SharedFiles.RepositoryRoot, "jobs", "samples", "restaurant", "data", "visits.csv");
    private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] s_release = "rel-test"u8.ToArray();

    [SkippableFact]
    public async Task Echo_OfEveryType_IsWhatWentIn()
    {
        await using var session = await SessionAsync();
        var relation = SparkRelation.Sql(AllTypes);
        var schema = await ArrowSchemaAsync(session, relation);

        var echoed = await CollectAsync(session, Stage(relation, "echo", new StageRequest { Step = StageStep.Echo }, schema, schema));

        var expected = await CollectAsync(session, relation);
        Assert.Equal(1000, expected.Sum(b => b.Length));
        Assert.Equal(Digest(expected), Digest(echoed));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_RestaurantRowsThroughProjectBoundAndRelease_EqualsTheLocalEngine(bool archive)
    {
        await using var session = await SessionAsync(archive);
        var spec = Spec();
        var keys = Enumerable.Range(1, 7).Select(day => new PartitionKeyCodec(spec.PartitionBy).Encode([(long)day])).ToArray();
        var source = SparkRelation.Read("csv", options: new Dictionary<string, string> { ["header"] = "true", ["inferSchema"] = "false" }, paths: [s_visits]).Repartition(3);
        var columns = new Schema([new("visitor_id", ArrowType.Utf8), new("weekday", ArrowType.Utf8), new("spend_eur", ArrowType.Utf8)]);

        var rows = Stage(source, "project", new StageRequest { Step = StageStep.Project, Spec = spec, Keyset = keys }, columns, StageSchemas.Projected(spec))
            .RepartitionBy([SparkColumn.Named(StageSchemas.Unit)], 4);
        var bound = new StageRequest { Step = StageStep.Bound, Input = StageInput.Projected, Spec = spec, Keyset = keys, BoundKey = BoundKey.Derive(s_secret, s_release).ToBytes() };
        var sums = Stage(rows, "bound", bound, StageSchemas.Projected(spec), StageSchemas.Accumulators)
            .Union(SparkRelation.Local(StageSchemas.Accumulators, [Empty(keys, spec)]))
            .RepartitionBy([SparkColumn.Named(StageSchemas.Partition)], 3);
        var release = new StageRequest { Step = StageStep.Release, Spec = spec, EmitKey = true, Secret = s_secret, ReleaseId = s_release };
        var released = await CollectAsync(session, Stage(sums, "release", release, StageSchemas.Accumulators, StageSchemas.Released(spec, true)));

        Assert.Equal(Lines(Local(spec, keys), false).Order(StringComparer.Ordinal), released.SelectMany(b => Lines(b, true)).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Run_CommandOfAnotherVersion_FailsWithOurCodeAndFix()
    {
        await using var session = await SessionAsync();
        var schema = new Schema([new("id", ArrowType.Int64)]);
        var function = new WorkerFunction("later", "{\"version\":3,\"step\":\"Echo\"}"u8.ToArray(), [.. schema.Fields.Select(SparkTypes.FromArrow)]);

        var fault = await Assert.ThrowsAsync<SparkConnectException>(() => CollectAsync(session, SparkRelation.Range(0, 10).MapPartitions(function, ["id"])));

        Assert.Contains("DPS7005", fault.ServerMessage);
        Assert.Contains("dp-error: {\"code\":\"DPS7005\"", fault.ServerMessage);
    }

    private static SparkRelation Stage(SparkRelation input, string name, StageRequest request, Schema from, Schema to) =>
        input.MapPartitions(new WorkerFunction("dpspark_" + name, request.ToBytes(), [.. to.Fields.Select(f => SparkTypes.FromArrow(f) with { Nullable = true })]), [.. from.Fields.Select(f => f.Name)]);

    private static RecordBatch Empty(byte[][] keys, StageSpec spec)
    {
        var sums = new byte[16 * (spec.Accumulators.Count + spec.Items.Count)];
        return new RecordBatch(StageSchemas.Accumulators, [ArrowArrays.Binary(keys), ArrowArrays.Int64(new long[keys.Length]), ArrowArrays.Binary(keys.Select(_ => sums)), ArrowArrays.Binary(keys.Select(_ => Array.Empty<byte>()))], keys.Length);
    }

    private static StageSpec Spec()
    {
        var noise = new NoiseSpec(NoiseKind.DiscreteLaplace, 9, 1, SamplerVersion.Cks);
        var cents = new GridUnit(0, 2);
        return new StageSpec
        {
            Columns =
            [
                new() { Name = "visitor_id", SourceName = "visitor_id", Type = ColumnType.String },
                new() { Name = "weekday", SourceName = "weekday", Type = ColumnType.Int },
                new() { Name = "spend_eur", SourceName = "spend_eur", Type = ColumnType.Decimal, Precision = 9, Scale = 2 },
            ],
            UnitColumns = ["visitor_id"],
            PartitionBy = [new() { Name = "weekday", Column = "weekday", KeyType = ColumnType.Long }],
            PublicPartitions = true,
            MaxPartitionsContributed = 4,
            MaxContributionsPerPartition = 1,
            RecordColumns = ["spend_eur"],
            Accumulators = [new() { Kind = AccumulatorKind.Count }, new() { Kind = AccumulatorKind.Sum, Column = "spend_eur", Grid = cents, Lower = 0, Upper = 6000 }],
            Nodes =
            [
                Node("visitors", AggregateKind.PrivacyIdCount, -1, "count", noise, GridUnit.One),
                Node("visits", AggregateKind.Count, 0, "count", noise, GridUnit.One),
                Node("spend_eur_sum", AggregateKind.Sum, 1, "sum", noise, cents),
            ],
            ConfidenceLevel = "0.95",
        };
    }

    private static NodeSpec Node(string output, AggregateKind kind, int accumulator, string part, NoiseSpec noise, GridUnit grid) => new()
    {
        Output = output,
        Aggregate = kind,
        Form = NodeForm.Direct,
        IsInteger = grid == GridUnit.One,
        Draws = [new() { Part = part, Terms = [new Term(accumulator, BigInteger.One)], Grid = grid, Noise = noise, StandardDeviation = 1 }],
    };

    private static RecordBatch Local(StageSpec spec, byte[][] keys)
    {
        var lines = File.ReadLines(s_visits).Skip(1).Select(l => l.Split(',')).ToArray();
        var schema = new Schema([new("visitor_id", ArrowType.Utf8), new("weekday", ArrowType.Utf8), new("spend_eur", ArrowType.Utf8)]);
        var batch = new RecordBatch(schema, [.. Enumerable.Range(0, 3).Select(c => ArrowArrays.Utf8(lines.Select(l => l[c].Length == 0 ? null : l[c])))], lines.Length);
        var plan = UncheckedPlan.Of(spec, keys);
        var backend = new LocalBackend(new LocalOptions { MemoryBytes = 64 << 20, Threads = 1, SpillStore = new CountingSpillStore() });
        return backend.Run(plan, new MemorySource(schema, [[batch]]), new RunKey(s_secret, s_release), RunMode.Seeded, null, CancellationToken.None).Table;
    }

    private static IEnumerable<string> Lines(RecordBatch table, bool withKey)
    {
        for (var row = 0; row < table.Length; row++)
        {
            yield return string.Join('|', table.Columns.Take(table.Columns.Count - (withKey ? 1 : 0)).Select(c => c.ValuesAs<long>()[row]));
        }
    }

    /// <summary>All rows in one order, each value by its bits.</summary>
    private static string Digest(IEnumerable<RecordBatch> batches)
    {
        var rows = new List<string>();
        foreach (var batch in batches)
        {
            rows.AddRange(Enumerable.Range(0, batch.Length).Select(row => string.Join('|', batch.Columns.Select(c => Value(c, row)))));
        }

        rows.Sort(StringComparer.Ordinal);
        return string.Join('\n', rows);
    }

    private static string Value(ArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return "null";
        }

        switch (array.Type.Kind)
        {
            case TypeKind.Bool:
                return array.BoolAt(row) ? "true" : "false";
            case TypeKind.Struct:
                return "{" + string.Join(',', array.Children.Select(c => Value(c, row))) + "}";
            case TypeKind.List or TypeKind.Map:
                var (start, count) = array.ItemsAt(row);
                return "[" + string.Join(',', Enumerable.Range(start, count).Select(i => Value(array.Children[0], i))) + "]";
            case var kind when array.Type.FixedWidth > 0 && kind != TypeKind.FixedSizeBinary:
                return Convert.ToHexString(array.Values.Span.Slice(row * array.Type.FixedWidth, array.Type.FixedWidth));
            default:
                return Convert.ToHexString(array.BytesAt(row));
        }
    }

    private static async Task<Schema> ArrowSchemaAsync(ConnectSession session, SparkRelation relation)
    {
        await foreach (var batch in session.CollectAsync(relation.Limit(0)))
        {
            using (batch)
            {
                return batch.Schema;
            }
        }

        throw new InvalidOperationException("No schema came.");
    }

    private static async Task<List<RecordBatch>> CollectAsync(ConnectSession session, SparkRelation relation)
    {
        List<RecordBatch> batches = [];
        await foreach (var batch in session.CollectAsync(relation))
        {
            batches.Add(batch);
        }

        return batches;
    }

    private async Task<ConnectSession> SessionAsync(bool archive = false)
    {
        var session = new ConnectSession(ConnectEndpoint.Parse(spark.Server.ConnectionString));
        if (archive)
        {
            await session.AddArtifactsAsync([SparkArtifact.FromFile("archives/dpspark-worker.tar.gz#dpspark-worker", WorkerArchive.Path)]);
        }

        await session.SetConfigAsync(new Dictionary<string, string>
        {
            ["spark.sql.execution.pyspark.python"] = archive ? "dpspark-worker/bin/dpspark-worker" : WorkerArchive.Plain,
            ["spark.sql.execution.arrow.pyspark.validateSchema.enabled"] = "true",
            ["spark.sql.session.timeZone"] = "UTC",
        });
        return session;
    }
}
