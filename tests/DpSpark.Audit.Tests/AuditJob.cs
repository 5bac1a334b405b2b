using System.Buffers.Binary;
using System.Security.Cryptography;
using DpSpark.Arrow;
using DpSpark.Core.Keys;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;

namespace DpSpark.Audit.Tests;

/// <summary>One row of the audited tables.</summary>
/// <param name="Unit">Privacy unit.</param>
/// <param name="Key">Partition key.</param>
/// <param name="Real">A floating-point value.</param>
/// <param name="Whole">An integer value.</param>
internal readonly record struct AuditRow(long Unit, long Key, double Real = 0, long Whole = 0);

/// <summary>Requests, tables in memory and releases of them through the whole engine: planner, bounding, accumulation, selection, noise.</summary>
internal static class AuditJob
{
    internal static readonly BudgetShare Even = new(ExactDecimal.One);

    private static readonly byte[] s_release = "audit"u8.ToArray();

    private static readonly LocalBackend s_backend = new(new LocalOptions { MemoryBytes = LocalBackend.MinimumMemoryBytes, Threads = 1, SpillStore = new CountingSpillStore() });

    private static readonly Schema s_schema = new([new("id", ArrowType.Int64), new("key", ArrowType.Int64), new("real", ArrowType.Double), new("whole", ArrowType.Int64)]);

    internal static ReleaseRequest Request(int keys, int l0, int? lInf, params AggregateRequest[] aggregates) => new()
    {
        Name = "audit",
        Columns =
        [
            Column("id", ColumnType.Long),
            Column("key", ColumnType.Long),
            Column("real", ColumnType.Double),
            Column("whole", ColumnType.Long),
        ],
        Unit = new PrivacyUnitRequest { IdColumns = ["id"], MaxPartitionsContributed = l0, MaxContributionsPerPartition = lInf },
        PartitionBy = [new PartitionColumnSpec { Name = "key", Column = "key", KeyType = ColumnType.Long }],
        Keyset = Keys(keys),
        Aggregates = aggregates,
        Epsilon = ExactDecimal.One,
        Delta = ExactDecimal.Zero,
        Noise = NoiseChoice.Laplace,
    };

    internal static ReleaseRequest Private(this ReleaseRequest request, SelectionStrategy strategy, string delta, int preThreshold = 1) => request with
    {
        Keyset = null,
        Selection = new SelectionRequest { Strategy = strategy, PreThreshold = preThreshold, Budget = Even },
        Delta = ExactDecimal.Parse(delta),
    };

    internal static ReleaseRequest Gaussian(this ReleaseRequest request, string delta) => request with { Noise = NoiseChoice.Gaussian, Delta = ExactDecimal.Parse(delta) };

    internal static BudgetShare Own(string epsilon) => new(ExactDecimal.One, ExactDecimal.Parse(epsilon));

    internal static AggregateRequest Aggregate(AggregateKind kind, string output, string? column = null, string? low = null, string? high = null, BudgetShare? share = null) => new()
    {
        Kind = kind,
        Output = output,
        Column = column,
        MinValue = low is null ? null : ExactDecimal.Parse(low),
        MaxValue = high is null ? null : ExactDecimal.Parse(high),
        Budget = share ?? Even,
    };

    internal static AggregateRequest PartitionSum(string output, string column, string low, string high, BudgetShare? share = null) => new()
    {
        Kind = AggregateKind.Sum,
        Output = output,
        Column = column,
        MinSumPerPartition = ExactDecimal.Parse(low),
        MaxSumPerPartition = ExactDecimal.Parse(high),
        Budget = share ?? Even,
    };

    /// <summary>A secret for each release: as fresh as a counter under a seed can be.</summary>
    internal static RunKey Key(string seed, int release)
    {
        var material = new byte[32 + 4];
        SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(seed), material);
        BinaryPrimitives.WriteInt32LittleEndian(material.AsSpan(32), release);
        return new RunKey(SHA256.HashData(material), s_release);
    }

    internal static MemorySource Source(IReadOnlyList<AuditRow> rows)
    {
        var batch = new RecordBatch(
            s_schema,
            [
                ArrowArrays.Int64([.. rows.Select(r => r.Unit)]),
                ArrowArrays.Int64([.. rows.Select(r => r.Key)]),
                ArrowArrays.Double([.. rows.Select(r => r.Real)]),
                ArrowArrays.Int64([.. rows.Select(r => r.Whole)]),
            ],
            rows.Count);
        return new MemorySource(s_schema, [[batch]]);
    }

    internal static RecordBatch Release(ReleasePlan plan, IRowSource source, RunKey key, RunMode mode = RunMode.Release) =>
        SelectionFlow.Run(s_backend, plan, source, key, mode, null, null, CancellationToken.None).Table;

    /// <summary>Samplers of all noise of a plan. While they live, releases share their tables.</summary>
    internal static List<NoiseSampler> Tables(ReleasePlan plan) =>
        [.. plan.Spec.Nodes.SelectMany(n => n.Draws).Select(d => d.Noise).Append(plan.Spec.Selection?.Noise).Concat(plan.Rounds.Select(r => r.Selection?.Noise)).OfType<NoiseSpec>().Distinct().Select(n => new NoiseSampler(n))];

    /// <summary>The released number of a key, or minus infinity where the key is not released.</summary>
    internal static double ValueOf(RecordBatch table, string output, long key)
    {
        var row = table.Columns[0].ValuesAs<long>()[..table.Length].IndexOf(key);
        return row < 0 ? double.NegativeInfinity : output.Length == 0 ? 0 : ValueAt(table, output, row);
    }

    /// <summary>The released number of a row.</summary>
    internal static double ValueAt(RecordBatch table, string output, int row)
    {
        for (var c = 0; c < table.Columns.Count; c++)
        {
            if (table.Schema.Fields[c].Name == output)
            {
                var column = table.Columns[c];
                return column.Type.Kind == TypeKind.Int ? column.ValuesAs<long>()[row] : column.ValuesAs<double>()[row];
            }
        }

        throw new ArgumentOutOfRangeException(nameof(output));
    }

    private static ColumnSpec Column(string name, ColumnType type) => new() { Name = name, SourceName = name, Type = type };

    /// <summary>Rows of all other keys are gathered under the key of nulls, which comes first.</summary>
    internal static ReleaseRequest WithOther(this ReleaseRequest request) => request with
    {
        PartitionBy = [.. request.PartitionBy.Select(p => p with { NullIsKey = true })],
        Keyset = new PublicKeys([ProjectStage.NullKey(1), .. request.Keyset!.Keys], "audit") { HasOther = true },
    };

    private static PublicKeys Keys(int count) => new([.. Enumerable.Range(1, count).Select(KeyBytes)], "audit");

    private static byte[] KeyBytes(int key)
    {
        var writer = new KeyWriter();
        writer.WriteInt64(key);
        return writer.Written.ToArray();
    }
}
