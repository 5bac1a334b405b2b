using DpSpark.Arrow;
using DpSpark.Core.Keys;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;
using DpSpark.Tests.Engine.Planning;
using Xunit.Abstractions;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Coverage;

/// <summary>The same of whole releases: rows are bounded, added up, merged and released, every aggregate beside the others; the truth is the release of the same bounded rows without noise.</summary>
/// <remarks>Twenty partitions, 10 releases; 200 where DPSPARK_LONG is 1. All secrets are fixed.</remarks>
public sealed class PipelineCoverageTests(ITestOutputHelper output)
{
    private const int Partitions = 20;

    private static readonly bool s_long = Environment.GetEnvironmentVariable("DPSPARK_LONG") == "1";

    private static readonly string[] s_edges = ["0", "10", "20", "40", "60"];

    private static readonly LocalBackend s_backend = new(new LocalOptions { MemoryBytes = LocalBackend.MinimumMemoryBytes, Threads = 1, SpillStore = new CountingSpillStore() });

    private static int Releases => s_long ? 200 : 10;

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Release_EveryAggregateAtOnce_IntervalsCover(NoiseChoice noise)
    {
        ReleasePlan plan = Planner.Plan(Everything().Noisy(noise) with { Epsilon = Of("20"), ConfidenceLevel = Of("0.95"), Keyset = Keyset() });
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        MemorySource rows = Rows();
        var columns = plan.Spec.Nodes.ToDictionary(n => n.Output, _ => new IntervalCoverage());
        for (int i = 0; i < Releases; i++)
        {
            RunKey key = new([.. Enumerable.Repeat((byte)i, 32)], "coverage"u8.ToArray());
            RecordBatch released = s_backend.Run(plan, rows, key, RunMode.Seeded, null, CancellationToken.None).Table;
            RecordBatch bounded = s_backend.Run(plan, rows, key, RunMode.Bounded, null, CancellationToken.None).Table;
            foreach ((string name, IntervalCoverage coverage) in columns)
            {
                for (int row = 0; row < Partitions; row++)
                {
                    coverage.Add(Number(released, name, row), Number(released, name + "_ci_low", row), Number(released, name + "_ci_high", row), Number(bounded, name, row));
                }
            }
        }

        foreach ((string name, IntervalCoverage coverage) in columns)
        {
            output.WriteLine(coverage.Row($"{name} | {noise}"));
        }

        // Partitions of one release have noise of their own; rows that are left out differ with the secret. So every interval is a trial of its own.
        Assert.All(columns, c => Assert.True(c.Value.Share >= 0.943 - (c.Value.Slack / (s_long ? 2 : 1)), $"{c.Key}, {noise}: {c.Value.Share}"));
        Assert.All(columns, c => Assert.True(c.Value.Width <= 2 * c.Value.Shortest, $"{c.Key}, {noise}: {c.Value.Width} against {c.Value.Shortest}"));
    }

    private static ReleaseRequest Everything() => Request(
        Count("count"),
        Units("privacy_id_count"),
        Sum("real", "0", "60", "sum"),
        Mean("real", "0", "60", "mean"),
        Of(AggregateKind.Variance, "variance"),
        Of(AggregateKind.Stddev, "stddev"),
        Of(AggregateKind.Quantile, "quantile") with { Ranks = [Of("0.25"), Of("0.5")] },
        Of(AggregateKind.Min, "min"),
        Of(AggregateKind.Max, "max"),
        Of(AggregateKind.Histogram, "histogram") with { Edges = [.. s_edges.Select(Requests.Of)] },
        new AggregateRequest { Kind = AggregateKind.VectorSum, Output = "vector_sum", Columns = ["real", "whole"], Norm = VectorNorm.L2, MaxNorm = Of("60"), Budget = Even },
        new AggregateRequest { Kind = AggregateKind.CountDistinct, Output = "count_distinct", Column = "whole", MaxValues = 2, Budget = Even },
        new AggregateRequest { Kind = AggregateKind.Covariance, Output = "covariance", Columns = ["real", "whole"], MinValues = [Of("0"), Of("0")], MaxValueList = [Of("60"), Of("60")], Budget = Even })
        .Bounded(3, 2, null) with
    {
        Columns = [.. Request(Count()).Columns.Where(c => c.Name is "key" or "whole" or "real"), new ColumnSpec { Name = "id", SourceName = "id", Type = ColumnType.Long }],
    };

    private static AggregateRequest Of(AggregateKind kind, string name) => new() { Kind = kind, Output = name, Column = "real", MinValue = Of("0"), MaxValue = Of("60"), Budget = Even };

    private static ExactDecimal Of(string text) => Requests.Of(text);

    private static PublicKeys Keyset() => new(
        [
            .. Enumerable.Range(0, Partitions).Select(key =>
            {
                var writer = new KeyWriter();
                writer.WriteInt64(key);
                return writer.Written.ToArray();
            }),
        ],
        "coverage");

    /// <summary>Units with up to four rows in each of five partitions.</summary>
    private static MemorySource Rows()
    {
        var random = new Random(1);
        var rows = new List<(long Id, long Key, double Real, long Whole)>();
        for (int id = 0; id < 3000; id++)
        {
            for (int i = 0; i < 8; i++)
            {
                double value = 8 + (26 * Math.Pow(random.NextDouble(), 0.7)) + (18 * Math.Pow(random.NextDouble(), 4));
                rows.Add((id, (id + (i % 5 * 3)) % Partitions, value, (long)((value / 2) + (20 * random.NextDouble()))));
            }
        }

        var schema = new Schema([new("id", ArrowType.Int64), new("key", ArrowType.Int64), new("real", ArrowType.Double), new("whole", ArrowType.Int64)]);
        return new MemorySource(schema, [[new RecordBatch(
            schema,
            [ArrowArrays.Int64([.. rows.Select(r => r.Id)]), ArrowArrays.Int64([.. rows.Select(r => r.Key)]), ArrowArrays.Double([.. rows.Select(r => r.Real)]), ArrowArrays.Int64([.. rows.Select(r => r.Whole)])],
            rows.Count)]]);
    }

    private static double Number(RecordBatch table, string name, int row)
    {
        ArrowArray column = table.Columns[table.Schema.IndexOf(name)];
        return column.Type.Kind == TypeKind.Int ? column.ValuesAs<long>()[row] : column.ValuesAs<double>()[row];
    }
}
