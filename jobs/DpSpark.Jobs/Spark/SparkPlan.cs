using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Core.Bounding;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Spark;

/// <summary>
/// The release as one Spark plan: read, one shuffle by unit, bound and pre-aggregate, one small shuffle by partition key, merge, select and add noise. Only its released rows are ever asked for.
/// </summary>
/// <remarks>
/// Everything in it is a function of the rows and of keys that travel inside the steps: a task that runs twice gives the same bits. The secret is in the release step's command alone,
/// the bounding key in the bounding step's.
/// </remarks>
internal sealed class SparkPlan
{
    private readonly ReleasePlan _plan;
    private readonly StageSpec _spec;
    private readonly SparkSource _source;
    private readonly SparkSlices _slices;
    private readonly RunKey _key;
    private readonly RunMode _mode;
    private readonly KeysetOnSpark _keyset;
    private readonly bool _addsUp;

    /// <param name="plan">The release.</param>
    /// <param name="source">Its rows.</param>
    /// <param name="slices">Into how many slices they are dealt.</param>
    /// <param name="keyset">The public keys.</param>
    /// <param name="key">The run's secret.</param>
    /// <param name="mode">What is asked for.</param>
    /// <param name="addsUp">Whether Spark adds rows up before the shuffle where it can: <see cref="SparkSums"/>.</param>
    public SparkPlan(ReleasePlan plan, SparkSource source, SparkSlices slices, KeysetOnSpark keyset, RunKey key, RunMode mode, bool addsUp)
    {
        _plan = plan;
        _spec = plan.Spec;
        _source = source;
        _slices = slices;
        _keyset = keyset;
        _key = key;
        _mode = mode;
        _addsUp = addsUp;
    }

    /// <summary>The released rows, with their canonical keys in the last column.</summary>
    public SparkRelation Release()
    {
        var accumulators = Accumulators();
        var spec = _spec.Profile is null ? _spec : _spec.ForWhole();
        if (_spec.Profile is not null || (_spec.PublicPartitions && _plan.Request.Keyset is not null))
        {
            accumulators = accumulators.Union(Empty(_spec.Profile is null ? _plan.Request.Keyset!.Keys : [[]]));
        }

        accumulators = accumulators.RepartitionBy([SparkColumn.Named(StageSchemas.Partition)], _spec.Profile is null && _spec.TopK is null ? _slices.ByPartition : 1);
        return Step(accumulators, "dpspark_release", StageSchemas.Accumulators, StageSchemas.Released(spec, withKey: true), new StageRequest
        {
            Step = StageStep.Release,
            Spec = spec,
            Noisy = _mode is RunMode.Release or RunMode.Seeded,
            EmitKey = true,
            Secret = _key.Secret,
            ReleaseId = _key.ReleaseId,
        });
    }

    /// <summary>
    /// Whether equal units have equal values in the source, so that rows can be brought together by the source's columns and be projected after the shuffle: one journey to the worker less.
    /// </summary>
    internal static bool UnitsAreTheirValues(StageSpec spec, bool isText)
    {
        // With several columns, all rows that lack one of them are one unit.
        if (spec.NullIdIsOneUnit && spec.UnitColumns.Count > 1)
        {
            return false;
        }

        foreach (var name in spec.UnitColumns)
        {
            var column = spec.Columns.First(c => c.Name == name);
            var plain = isText ? column.Type is ColumnType.String
                : column.Type is ColumnType.String or ColumnType.Int or ColumnType.Long or ColumnType.Bool or ColumnType.Date or ColumnType.Timestamp or ColumnType.Binary;
            if (!plain || column.Nulls == ValuePolicy.Replace)
            {
                return false;
            }
        }

        return true;
    }

    private SparkRelation Accumulators()
    {
        var rows = _source.Rows();
        var bound = _keyset.Give(new StageRequest
        {
            Step = StageStep.Bound,
            Spec = _spec,
            Bounded = _mode != RunMode.Raw,
            BoundKey = BoundKey.Derive(_key.Secret, _key.ReleaseId).ToBytes(),
        });
        if (_spec.UnitColumns.Count == 0)
        {
            return Step(rows, "dpspark_bound", _source.Schema, StageSchemas.Accumulators, bound with { Input = StageInput.Source });
        }

        if (UnitsAreTheirValues(_spec, _source.IsText))
        {
            var units = _spec.UnitColumns.Select(u => SparkColumn.Named(_spec.Columns.First(c => c.Name == u).SourceName)).ToArray();
            if (_addsUp && _mode != RunMode.Raw && SparkSums.Of(_spec, _source.Schema, _source.IsText) is { } sums)
            {
                return Step(sums.Of(rows).RepartitionBy(units, _slices.ByUnit), "dpspark_bound", sums.Columns, StageSchemas.Accumulators, bound with { Input = StageInput.Partial });
            }

            return Step(rows.RepartitionBy(units, _slices.ByUnit), "dpspark_bound", _source.Schema, StageSchemas.Accumulators, bound with { Input = StageInput.Source });
        }

        var projected = StageSchemas.Projected(_spec);
        var contributions = Step(rows, "dpspark_project", _source.Schema, projected, _keyset.Give(new StageRequest { Step = StageStep.Project, Spec = _spec }))
            .RepartitionBy([SparkColumn.Named(StageSchemas.Unit)], _slices.ByUnit);
        return Step(contributions, "dpspark_bound", projected, StageSchemas.Accumulators, bound with { Input = StageInput.Projected });
    }

    /// <summary>An accumulator of no units for every public key, so that each key is released whatever the data are.</summary>
    private SparkRelation Empty(IReadOnlyList<byte[]> keys)
    {
        var schema = new Schema([new Field(StageSchemas.Partition, ArrowType.Binary)]);
        using var batch = new RecordBatch(schema, [ArrowArrays.Binary(keys)], keys.Count);
        return SparkRelation.Local(schema, [batch]).Select(
            SparkColumn.Named(StageSchemas.Partition),
            SparkColumn.Literal(0L).As(StageSchemas.Units),
            SparkColumn.Literal(new byte[16 * (_spec.Accumulators.Count + _spec.Items.Count)].AsSpan()).As(StageSchemas.Sums),
            SparkColumn.Literal(Array.Empty<byte>().AsSpan()).As(StageSchemas.Items));
    }

    private static SparkRelation Step(SparkRelation rows, string name, Schema input, Schema output, StageRequest request) =>
        Step(rows, name, [.. input.Fields.Select(f => f.Name)], output, request);

    private static SparkRelation Step(SparkRelation rows, string name, IReadOnlyList<string> input, Schema output, StageRequest request) =>
        rows.MapPartitions(new WorkerFunction(name, request.ToBytes(), [.. output.Fields.Select(f => SparkTypes.FromArrow(f with { Nullable = true }))]), input);
}

/// <summary>Into how many slices rows are dealt. It changes no result.</summary>
/// <param name="ByUnit">Slices of the shuffle by unit.</param>
/// <param name="ByPartition">Slices of the shuffle by partition key.</param>
internal sealed record SparkSlices(int ByUnit, int ByPartition)
{
    private const long BytesPerSlice = 64L << 20;
    private const int Most = 20_000;

    /// <summary>A few slices per core, and none much larger than what a task should hold.</summary>
    /// <param name="cores">Tasks that the cluster runs at once.</param>
    /// <param name="bytes">Bytes of the source, or null.</param>
    /// <param name="asked">What <c>spark.sql.shuffle.partitions</c> was set to for this run, or null.</param>
    public static SparkSlices For(int cores, long? bytes, int? asked)
    {
        var byUnit = asked ?? (int)Math.Clamp(Math.Max(2L * cores, (bytes ?? 0) / BytesPerSlice), 1, Most);
        return new SparkSlices(byUnit, Math.Min(byUnit, Math.Max(1, cores)));
    }
}
