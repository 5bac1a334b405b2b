using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Tests.Engine.Planning;

/// <summary>Requests that the planner tests start from.</summary>
internal static class Requests
{
    internal static readonly BudgetShare Even = new(ExactDecimal.One);

    internal static ExactDecimal Of(string text) => ExactDecimal.Parse(text);

    internal static BudgetShare Weight(string weight) => new(Of(weight));

    internal static BudgetShare Own(string epsilon, string? delta = null) => new(ExactDecimal.One, Of(epsilon), delta is null ? null : Of(delta));

    internal static AggregateRequest Count(string name = "rows", BudgetShare? share = null) => new() { Kind = AggregateKind.Count, Output = name, Budget = share ?? Even };

    internal static AggregateRequest Units(string name = "units", BudgetShare? share = null) => new() { Kind = AggregateKind.PrivacyIdCount, Output = name, Budget = share ?? Even };

    internal static AggregateRequest Sum(string column, string low, string high, string name = "total", BudgetShare? share = null) =>
        new() { Kind = AggregateKind.Sum, Output = name, Column = column, MinValue = Of(low), MaxValue = Of(high), Budget = share ?? Even };

    internal static AggregateRequest PartitionSum(string column, string low, string high, string name = "total", BudgetShare? share = null) =>
        new() { Kind = AggregateKind.Sum, Output = name, Column = column, MinSumPerPartition = Of(low), MaxSumPerPartition = Of(high), Budget = share ?? Even };

    internal static AggregateRequest Mean(string column, string low, string high, string name = "average", BudgetShare? share = null) =>
        new() { Kind = AggregateKind.Mean, Output = name, Column = column, MinValue = Of(low), MaxValue = Of(high), Budget = share ?? Even };

    internal static PublicKeys Keys(int count) => new([.. Enumerable.Range(0, count).Select(i => BitConverter.GetBytes(i))], "calendar");

    internal static SelectionRequest Selection(SelectionStrategy? strategy = null, int preThreshold = 1, BudgetShare? share = null) =>
        new() { Strategy = strategy, PreThreshold = preThreshold, Budget = share ?? Even };

    internal static ReleaseRequest Request(params AggregateRequest[] aggregates) => new()
    {
        Name = "job",
        Columns =
        [
            Column("id", ColumnType.String),
            Column("key", ColumnType.Long),
            Column("whole", ColumnType.Long),
            Column("money", ColumnType.Decimal) with { Precision = 9, Scale = 2 },
            Column("real", ColumnType.Double),
        ],
        Unit = new PrivacyUnitRequest { IdColumns = ["id"], MaxPartitionsContributed = 4, MaxContributionsPerPartition = 1 },
        PartitionBy = [new PartitionColumnSpec { Name = "key", Column = "key", KeyType = ColumnType.Long }],
        Keyset = Keys(7),
        Aggregates = aggregates,
        Epsilon = ExactDecimal.One,
        Delta = ExactDecimal.Zero,
        Noise = NoiseChoice.Laplace,
    };

    /// <summary>Job A of the product description: units, rows and spend by weekday.</summary>
    internal static ReleaseRequest Restaurant() => Request(Units("visitors"), Count("visits"), Sum("money", "0", "60", "spend", Weight("2"))) with
    {
        Name = "restaurant-visits",
        ConfidenceLevel = Of("0.95"),
        NonNegative = true,
    };

    internal static ReleaseRequest Bounded(this ReleaseRequest request, int? l0, int? linf, int? l1) =>
        request with { Unit = request.Unit with { MaxPartitionsContributed = l0, MaxContributionsPerPartition = linf, MaxContributions = l1 } };

    internal static ReleaseRequest Private(this ReleaseRequest request, SelectionRequest selection, string delta = "1e-6") =>
        request with { Keyset = null, Selection = selection, Delta = Of(delta) };

    internal static ReleaseRequest Noisy(this ReleaseRequest request, NoiseChoice noise, string delta = "1e-6") => request with { Noise = noise, Delta = Of(delta) };

    private static ColumnSpec Column(string name, ColumnType type) => new() { Name = name, SourceName = name, Type = type };
}
