using DpSpark.Arrow;
using DpSpark.Core.Bounding;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Testing;
using DpSpark.Tests.Engine.Local;

namespace DpSpark.Tests.Core.Stages.Hosting;

/// <summary>A release through the steps as a cluster runs them: each on slices, with shuffles between.</summary>
internal sealed class HostedRun
{
    private readonly EngineCase _case;
    private readonly StageSpec _spec;
    private readonly Random _random;
    private readonly bool _littleMemory;

    public HostedRun(EngineCase test, int seed, bool littleMemory)
    {
        _case = test;
        _spec = test.Spec();
        _random = new Random(seed);
        _littleMemory = littleMemory;
    }

    public CountingSpillStore Store { get; } = new();

    public RecordBatch Release(StageInput input, bool noisy)
    {
        var (source, batches) = _case.Batches(4, _random.Next());
        var rows = batches.ToList();
        var schema = source;
        if (input == StageInput.Projected)
        {
            rows = [.. Slices.Shuffle(source, rows, 3, null, _random).SelectMany(slice => Run(Project(), source, slice))];
            schema = StageSchemas.Projected(_spec);
        }

        if (input == StageInput.Partial)
        {
            rows = [.. Slices.Shuffle(source, rows, 3, null, _random).Select(slice => AddUp(slice, source))];
            schema = PartialSchema(source);
        }

        var bound = new StageRequest
        {
            Step = StageStep.Bound,
            Input = input,
            Spec = _spec,
            Keyset = _case.KeysetKeys(),
            BoundKey = BoundKey.Derive(_case.Secret, _case.ReleaseId).ToBytes(),
        };
        var sums = Slices.Shuffle(schema, rows, 1 + _random.Next(5), 0, _random).SelectMany(slice => Run(bound, schema, slice)).ToList();
        if (_spec.PublicPartitions && _case.KeysetKeys() is { } keys)
        {
            var empty = new byte[16 * (_spec.Accumulators.Count + _spec.Items.Count)];
            sums.Add(Slices.Batch(StageSchemas.Accumulators, [.. keys.Select(k => new object[] { k, 0L, empty, Array.Empty<byte>() })]));
        }

        var release = new StageRequest { Step = StageStep.Release, Spec = _spec, Noisy = noisy, EmitKey = true, Secret = _case.Secret, ReleaseId = _case.ReleaseId };
        var released = Slices.Shuffle(StageSchemas.Accumulators, sums, 1 + _random.Next(4), 0, _random).SelectMany(slice => Run(release, StageSchemas.Accumulators, slice)).ToList();
        var codec = new PartitionKeyCodec(_spec.PartitionBy);
        var all = released.SelectMany(Slices.Rows).ToList();
        all.Sort((a, b) => codec.Compare((byte[])a[^1], (byte[])b[^1]));
        return Slices.Batch(new Schema([.. StageSchemas.Released(_spec, false).Fields]), [.. all.Select(row => row[..^1])]);
    }

    private StageRequest Project() => new() { Step = StageStep.Project, Spec = _spec, Keyset = _case.KeysetKeys() };

    private List<RecordBatch> Run(StageRequest request, Schema schema, List<RecordBatch> slice)
    {
        var read = StageRequest.FromBytes(request.ToBytes());
        using var task = StageTask.Open(read, schema, new StageResources
        {
            SpillStore = Store,
            MemoryBytes = 64 << 20,
            Keyset = read.Keyset is { } keys ? new KeysetIndex(keys) : null,
            RowBytes = _littleMemory ? 1 : null,
            BucketBytes = _littleMemory ? 2000 : null,
            TableBytes = _littleMemory ? 1 : null,
        });
        return [.. task.Run(slice, CancellationToken.None).Select(b => Slices.Batch(task.Output, [.. Slices.Rows(b)]))];
    }

    private Schema PartialSchema(Schema source) => new([.. source.Fields.Take(2), .. _spec.Accumulators.Select((_, i) => new Field(StageSchemas.PartialSum(i), ArrowType.Int64))]);

    /// <summary>What an engine of its own would do before the shuffle: integer sums by the source's columns of unit and partition, of any part of the rows.</summary>
    private RecordBatch AddUp(List<RecordBatch> slice, Schema source)
    {
        var groups = slice.SelectMany(Slices.Rows).GroupBy(r => string.Join('|', r[..2].Select(k => k is byte[] bytes ? Convert.ToHexString(bytes) : k)));
        return Slices.Batch(PartialSchema(source), [.. groups.Select(g => (object[])[.. g.First()[..2], .. _spec.Accumulators.Select(a => (object)g.Sum(r => UnitsOf(a, r)))])]);
    }

    private static long UnitsOf(AccumulatorSpec accumulator, object[] row)
    {
        if (accumulator.Kind == AccumulatorKind.Count)
        {
            return 1;
        }

        var units = accumulator.Column == "value" ? (long)Math.Round(Math.ScaleB((double)row[2], -accumulator.Grid.BinaryExponent)) : (long)row[3];
        return accumulator.Kind == AccumulatorKind.Sum ? Math.Clamp(units, accumulator.Lower, accumulator.Upper) : units;
    }
}
