using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Connect.Wire;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace DpSpark.Connect.Plans;

/// <summary>A table that Spark is to compute. Building one sends nothing.</summary>
public sealed class SparkRelation
{
    private readonly Func<Func<long>, Relation> _build;

    private SparkRelation(Func<Func<long>, Relation> build) => _build = build;

    /// <summary>Files, or whatever else a data source of Spark reads.</summary>
    /// <param name="format">Name of the source, such as <c>parquet</c> or <c>csv</c>.</param>
    /// <param name="paths">Paths as the cluster sees them.</param>
    /// <param name="options">Options of the source; null for none.</param>
    /// <param name="schema">Columns, where the source does not know them; null to let Spark find out.</param>
    public static SparkRelation Read(
        string format, IEnumerable<string> paths, IReadOnlyDictionary<string, string>? options = null, IReadOnlyList<SparkField>? schema = null)
    {
        Read.Types.Source source = new() { Format = format, Paths = { paths } };
        Fill(source.Options, options);
        if (schema is not null)
        {
            source.Schema = SparkTypes.ToDdl(schema);
        }

        return new(_ => new() { Read = new() { Source = source } });
    }

    /// <summary>A table or view.</summary>
    /// <param name="name">Its name; parts that are not plain names are in backticks.</param>
    /// <param name="options">Options of the source behind it; null for none.</param>
    public static SparkRelation Table(string name, IReadOnlyDictionary<string, string>? options = null)
    {
        Read.Types.Table table = new() { Identifier = name };
        Fill(table.Options, options);
        return new(_ => new() { Read = new() { Table = table } });
    }

    /// <summary>The rows of a query.</summary>
    /// <param name="query">A SELECT.</param>
    public static SparkRelation Sql(string query) => new(_ => new() { Sql = new() { Query = query } });

    /// <summary>The numbers from <paramref name="start"/> to below <paramref name="end"/> in a column <c>id</c>.</summary>
    /// <param name="start">First number.</param>
    /// <param name="end">Not in it any more.</param>
    /// <param name="step">Distance.</param>
    /// <param name="partitions">Slices; null for Spark's habit.</param>
    public static SparkRelation Range(long start, long end, long step = 1, int? partitions = null)
    {
        Wire.Range range = new() { Start = start, End = end, Step = step };
        if (partitions is { } n)
        {
            range.Partitions = n;
        }

        return new(_ => new() { Range = range });
    }

    /// <summary>Rows from here. They travel with the plan, so this is for small tables.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="batches">The rows; stay the caller's.</param>
    public static SparkRelation Local(Schema schema, IEnumerable<RecordBatch> batches)
    {
        using MemoryStream stream = new();
        using (ArrowStreamWriter writer = new(stream, schema, leaveOpen: true))
        {
            writer.Start();
            foreach (var batch in batches)
            {
                writer.Write(batch);
            }

            writer.Finish();
        }

        LocalRelation local = new()
        {
            Data = ByteString.CopyFrom(stream.GetBuffer().AsSpan(0, (int)stream.Length)),
            Schema = SparkTypes.ToDdl([.. schema.Fields.Select(SparkTypes.FromArrow)]),
        };
        return new(_ => new() { Local = local });
    }

    /// <summary>Other columns.</summary>
    /// <param name="columns">The expressions.</param>
    public SparkRelation Select(params IReadOnlyList<SparkColumn> columns) =>
        new(ids => new() { Project = new() { Input = ToWire(ids), Expressions = { columns.Select(c => c.Expression) } } });

    /// <summary>The rows for which a condition is true.</summary>
    /// <param name="condition">The condition.</param>
    public SparkRelation Where(SparkColumn condition) => new(ids => new() { Filter = new() { Input = ToWire(ids), Condition = condition.Expression } });

    /// <summary>One row per group: the keys first, then the aggregates.</summary>
    /// <param name="keys">Grouping expressions.</param>
    /// <param name="aggregates">Aggregates, named with <see cref="SparkColumn.As"/>.</param>
    public SparkRelation GroupBy(IReadOnlyList<SparkColumn> keys, IReadOnlyList<SparkColumn> aggregates) => new(ids => new()
    {
        Aggregate = new()
        {
            Input = ToWire(ids),
            GroupType = 1,
            Grouping = { keys.Select(k => k.Expression) },
            Aggregates = { aggregates.Select(a => a.Expression) },
        },
    });

    /// <summary>Rows of both.</summary>
    /// <param name="other">Has the same columns, in the same order.</param>
    public SparkRelation Union(SparkRelation other) =>
        new(ids => new() { SetOperation = new() { Left = ToWire(ids), Right = other.ToWire(ids), Type = 2, IsAll = true } });

    /// <summary>Rows with equal keys in the same slice.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="partitions">Slices; null for the session's setting, which Spark may lower while it runs.</param>
    public SparkRelation RepartitionBy(IReadOnlyList<SparkColumn> keys, int? partitions = null) => new(ids =>
    {
        RepartitionByExpression node = new() { Input = ToWire(ids), Keys = { keys.Select(k => k.Expression) } };
        if (partitions is { } n)
        {
            node.Partitions = n;
        }

        return new() { RepartitionByExpression = node };
    });

    /// <summary>The rows dealt out evenly.</summary>
    /// <param name="partitions">Slices.</param>
    /// <param name="shuffle">False only merges slices.</param>
    public SparkRelation Repartition(int partitions, bool shuffle = true) =>
        new(ids => new() { Repartition = new() { Input = ToWire(ids), Partitions = partitions, Shuffle = shuffle } });

    /// <summary>What a worker function makes of each slice.</summary>
    /// <param name="function">The function.</param>
    /// <param name="columns">Names of all columns of this relation: Spark drops those that are not listed before the worker sees them.</param>
    public SparkRelation MapPartitions(WorkerFunction function, IReadOnlyList<string> columns) =>
        new(ids => new() { MapPartitions = new() { Input = ToWire(ids), Function = Inline(function, columns, WorkerFunction.MapArrow), IsBarrier = false } });

    /// <summary>What a worker function makes of each group.</summary>
    /// <param name="keys">The grouping.</param>
    /// <param name="function">The function.</param>
    /// <param name="columns">Names of all columns of this relation.</param>
    public SparkRelation MapGroups(IReadOnlyList<SparkColumn> keys, WorkerFunction function, IReadOnlyList<string> columns) => new(ids => new()
    {
        GroupMap = new()
        {
            Input = ToWire(ids),
            Grouping = { keys.Select(k => k.Expression) },
            Function = Inline(function, columns, WorkerFunction.GroupedMapArrow),
        },
    });

    /// <summary>The rows in order.</summary>
    /// <param name="order">The keys of the sort.</param>
    public SparkRelation SortBy(params IReadOnlyList<SparkOrder> order) => Sorted(order, isGlobal: true);

    /// <summary>The rows of each slice in order.</summary>
    /// <param name="order">The keys of the sort.</param>
    public SparkRelation SortWithinPartitions(params IReadOnlyList<SparkOrder> order) => Sorted(order, isGlobal: false);

    /// <summary>The first rows.</summary>
    /// <param name="rows">How many.</param>
    public SparkRelation Limit(int rows) => new(ids => new() { Limit = new() { Input = ToWire(ids), Rows = rows } });

    /// <summary>The last rows.</summary>
    /// <param name="rows">How many.</param>
    public SparkRelation Tail(int rows) => new(ids => new() { Tail = new() { Input = ToWire(ids), Rows = rows } });

    internal static SparkRelation FromWire(Relation relation) => new(_ => relation.Clone());

    /// <summary>The message for the wire; every node gets an id of its own, inputs first.</summary>
    internal Relation ToWire(Func<long> nextId)
    {
        var relation = _build(nextId);
        relation.Common = new() { PlanId = nextId() };
        return relation;
    }

    internal static void Fill(MapField<string, string> map, IReadOnlyDictionary<string, string>? values)
    {
        foreach (var (key, value) in values ?? new Dictionary<string, string>())
        {
            map[key] = value;
        }
    }

    private SparkRelation Sorted(IReadOnlyList<SparkOrder> order, bool isGlobal) =>
        new(ids => new() { Sort = new() { Input = ToWire(ids), Order = { order.Select(o => o.Order) }, IsGlobal = isGlobal } });

    private static InlineFunction Inline(WorkerFunction function, IReadOnlyList<string> columns, int evalType) => new()
    {
        Name = function.Name,
        Deterministic = function.Deterministic,
        Arguments = { columns.Select(c => SparkColumn.Named(c).Expression) },
        Worker = new()
        {
            OutputType = SparkTypes.ToWire(SparkType.Struct(function.Output)),
            EvalType = evalType,
            Command = ByteString.CopyFrom(function.Command.Span),
            Version = function.Version,
        },
    };
}
