using DpSpark.Arrow;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;
using DpSpark.Tests.Engine.Planning;

namespace DpSpark.Tests.Engine.Local;

public sealed class EmptyBatchTests
{
    [Fact]
    public void Run_FirstBatchWithoutRows_ReleasesTheSumsOfTheOthers()
    {
        var schema = new Schema([new("id", ArrowType.Utf8), new("key", ArrowType.Int64), new("whole", ArrowType.Int64), new("money", ArrowType.Decimal128(9, 2)), new("real", ArrowType.Double)]);
        RecordBatch Rows(params long[] values) => new(
            schema,
            [
                ArrowArrays.Utf8(values.Select(v => "unit" + v)),
                ArrowArrays.Int64(values),
                ArrowArrays.Int64(values),
                ArrowArrays.Decimal128([.. values.Select(v => (Int128)v)], 9, 2),
                ArrowArrays.Double([.. values.Select(v => (double)v)]),
            ],
            values.Length);
        var source = new MemorySource(schema, [[Rows(), Rows(1, 2), Rows()]]);
        var plan = Planner.Plan(Requests.Request(Requests.Sum("real", "0", "9")).Private(Requests.Selection(SelectionStrategy.LaplaceThreshold)));
        var backend = new LocalBackend(new LocalOptions { MemoryBytes = LocalBackend.MinimumMemoryBytes, Threads = 1, SpillStore = new CountingSpillStore() });

        var table = backend.Run(plan, source, new RunKey(new byte[32], [1]), RunMode.Bounded, null, CancellationToken.None).Table;

        Assert.Equal([1.0, 2.0], table.Columns[1].ValuesAs<double>()[..table.Length].ToArray());
    }
}
