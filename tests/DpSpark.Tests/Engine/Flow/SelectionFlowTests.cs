using System.Globalization;
using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Local;
using DpSpark.Engine.Planning;
using DpSpark.Testing;

namespace DpSpark.Tests.Engine.Flow;

/// <summary>Releases whose partitions are selected in rounds, through the local engine.</summary>
public sealed class SelectionFlowTests
{
    private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Run_KeysOfAHeavyTail_FindsMoreThanOneRoundOfTheSameBudget()
    {
        // 6000 units with about twenty draws each of 5000 keys, the i-th of them in proportion to i^-1.2.
        var rows = HeavyTail(6000, 20, 5000, 1.2);

        var inRounds = Keys(Plan(SelectionStrategy.Sips, 60, "3"), rows);
        var atOnce = Keys(Plan(SelectionStrategy.WeightedGaussian, 60, "3"), rows);

        Assert.InRange(atOnce.Count, 200, 320);
        Assert.True(inRounds.Count > 1.25 * atOnce.Count, $"{inRounds.Count} keys in rounds, {atOnce.Count} at once");
    }

    [Fact]
    public void Run_KeyThatEveryoneHas_LeavesItsWeightToTheOthers()
    {
        // Everyone has key 1 and the key of a group of forty: 1/sqrt(2) of a weight in each, and a whole one once key 1 is shown.
        List<(long, string)> rows = [.. Enumerable.Range(0, 400).SelectMany(u => new[] { ((long)u, "all"), (u, Invariant($"group {u / 40}")) })];
        var plan = Plan(SelectionStrategy.Sips, 2, "2.5");
        var last = plan.Rounds[^1].Selection!;
        var (threshold, sigma) = (last.NoiseGrid.ToDouble(last.Threshold), last.NoiseGrid.ToDouble(1) * Math.Sqrt((double)last.Noise!.Numerator / (double)last.Noise.Denominator));

        var shown = new List<(int, int)>();
        var keys = Keys(plan, rows, shown: shown);

        Assert.True(threshold + (4 * sigma) < 40 && 40 * Math.Sqrt(0.5) < 40 - (3 * sigma));
        Assert.Equal(11, keys.Count);
        Assert.Equal([1, 2, 3], shown.Select(s => s.Item1));
        Assert.Equal(11, shown.Sum(s => s.Item2));
    }

    [Fact]
    public void Run_WithoutNoise_ShowsWhatTheBoundsLeaveRoundByRoundAndCountsEachUnitAsOften()
    {
        // Fifty units in the same seven keys, two a round: six keys of each are seen, and it counts in two of all that were shown.
        List<(long, string)> rows = [.. from u in Enumerable.Range(0, 50) from k in Enumerable.Range(0, 7) select ((long)u, Invariant($"k{k}"))];

        using var table = Run(Plan(SelectionStrategy.Sips, 2, "1", new AggregateRequest { Kind = AggregateKind.PrivacyIdCount, Output = "n", Budget = new BudgetShare(ExactDecimal.One) }), rows, RunMode.Bounded, 2).Table;

        Assert.Equal(7, table.Length);
        Assert.Equal(100, table.Columns[1].ValuesAs<long>()[..7].ToArray().Sum());
    }

    [Fact]
    public void Run_AgainInAnotherOrderAndOnOtherThreads_GivesTheSame()
    {
        var rows = HeavyTail(2000, 12, 400, 1.1);
        var plan = Plan(SelectionStrategy.Sips, 12, "6", new AggregateRequest { Kind = AggregateKind.PrivacyIdCount, Output = "n", Budget = new BudgetShare(ExactDecimal.One) });

        using var one = Run(plan, rows, RunMode.Seeded, 1).Table;
        using var three = Run(plan, [.. rows.AsEnumerable().Reverse()], RunMode.Seeded, 3).Table;

        Assert.InRange(one.Length, 30, 300);
        Assert.Equal(Lines(one), Lines(three));
    }

    [Fact]
    public void Run_NothingIsShown_IsAnEmptyRelease()
    {
        using var table = Run(
            Plan(SelectionStrategy.Sips, 2, "0.1", new AggregateRequest { Kind = AggregateKind.PrivacyIdCount, Output = "n", Budget = new BudgetShare(ExactDecimal.One) }), [(1, "a"), (2, "b")], RunMode.Seeded, 1).Table;

        Assert.Equal((0, 2), (table.Length, table.Columns.Count));
    }

    [Fact]
    public void Run_RoundsAndRelease_GetTheKeysShownBeforeAndNothingElse()
    {
        var plan = Plan(SelectionStrategy.Sips, 12, "6", new AggregateRequest { Kind = AggregateKind.PrivacyIdCount, Output = "n", Budget = new BudgetShare(ExactDecimal.One) });
        var backend = new Recorded(Backend(1));

        var result = SelectionFlow.Run(backend, plan, Source(HeavyTail(2000, 12, 400, 1.1)), new RunKey(s_secret, "test"u8.ToArray()), RunMode.Seeded, null, null, CancellationToken.None);

        using var table = result.Table;
        Assert.Equal(4, backend.Plans.Count);
        Assert.Null(backend.Plans[0].Request.Keyset);
        for (var r = 1; r < 4; r++)
        {
            var before = backend.Shown.Take(r).SelectMany(k => k).Select(Convert.ToHexString).Order();
            Assert.Equal(before, backend.Plans[r].Request.Keyset!.Keys.Select(Convert.ToHexString).Order());
        }

        Assert.Same(plan.Spec, backend.Plans[3].Spec);
        Assert.Equal(backend.Plans[3].Request.Keyset!.Keys.Count, table.Length);
    }

    private static ReleasePlan Plan(SelectionStrategy strategy, int l0, string epsilon, params AggregateRequest[] aggregates) => Planner.Plan(new ReleaseRequest
    {
        Name = "searches",
        Columns =
        [
            new() { Name = "who", SourceName = "who", Type = ColumnType.Long },
            new() { Name = "query", SourceName = "query", Type = ColumnType.String },
        ],
        Unit = new PrivacyUnitRequest { IdColumns = ["who"], MaxPartitionsContributed = l0 },
        PartitionBy = [new PartitionColumnSpec { Name = "query", Column = "query", KeyType = ColumnType.String }],
        Selection = new SelectionRequest { Strategy = strategy, Budget = new BudgetShare(ExactDecimal.One) },
        Aggregates = aggregates,
        Epsilon = ExactDecimal.Parse(epsilon),
        Delta = ExactDecimal.Parse("1e-6"),
        Noise = NoiseChoice.Gaussian,
    });

    private static List<(long, string)> HeavyTail(int units, int draws, int keys, double exponent)
    {
        var random = new Random(20261122);
        var sums = new double[keys];
        for (var k = 0; k < keys; k++)
        {
            sums[k] = (k == 0 ? 0 : sums[k - 1]) + Math.Pow(k + 1, -exponent);
        }

        string Draw() => Invariant($"q{Math.Min(keys - 1, Math.Abs(~Array.BinarySearch(sums, random.NextDouble() * sums[^1])))}");
        return [.. Enumerable.Range(0, units).SelectMany(u => Enumerable.Range(0, draws).Select(_ => ((long)u, Draw())))];
    }

    private static IReadOnlyList<byte[]> Keys(ReleasePlan plan, List<(long, string)> rows, List<(int, int)>? shown = null)
    {
        var result = Run(plan, rows, RunMode.Seeded, 2, shown);
        using var table = result.Table;
        return result.Keys!;
    }

    private static ReleaseResult Run(ReleasePlan plan, List<(long, string)> rows, RunMode mode, int threads, List<(int, int)>? shown = null) => SelectionFlow.Run(
        Backend(threads), plan, Source(rows), new RunKey(s_secret, "test"u8.ToArray()), mode, null, (round, keys) => shown?.Add((round, keys)), CancellationToken.None);

    private static LocalBackend Backend(int threads) => new(new LocalOptions { MemoryBytes = LocalBackend.MinimumMemoryBytes, Threads = threads, SpillStore = new CountingSpillStore() });

    private static MemorySource Source(List<(long Who, string Query)> rows)
    {
        var schema = new Schema([new Field("who", ArrowType.Int64), new Field("query", ArrowType.Utf8)]);
        return new MemorySource(schema, [.. rows.Chunk(1 + (rows.Count / 5)).Select(c => (IReadOnlyList<RecordBatch>)
            [new RecordBatch(schema, [ArrowArrays.Int64([.. c.Select(r => r.Who)]), ArrowArrays.Utf8(c.Select(r => r.Query))], c.Length)])]);
    }

    private static string[] Lines(RecordBatch table) => [.. Enumerable.Range(0, table.Length).Select(r => Invariant($"{System.Text.Encoding.UTF8.GetString(table.Columns[0].BytesAt(r))} {table.Columns[1].ValuesAs<long>()[r]}"))];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a backend is asked, and the keys that it gives.</summary>
    private sealed class Recorded(IBackend inner) : IBackend
    {
        public List<ReleasePlan> Plans { get; } = [];

        public List<IReadOnlyList<byte[]>> Shown { get; } = [];

        public ReleaseResult Run(ReleasePlan plan, IRowSource source, RunKey key, RunMode mode, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
        {
            var result = inner.Run(plan, source, key, mode, progress, cancellationToken);
            Plans.Add(plan);
            Shown.Add(result.Keys!);
            return result;
        }
    }
}
