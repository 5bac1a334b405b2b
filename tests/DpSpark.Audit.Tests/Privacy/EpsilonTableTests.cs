using System.Globalization;
using DpSpark.Core.Accounting;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// Every mechanism type and the whole of a release at epsilon 0.5, 1 and 4: what releases of neighbouring tables prove is never above the claim, and at least half of it where one mechanism
/// alone is looked at. A new aggregate is one more row. False-alarm rate: see <see cref="AuditRun"/>; the wrong doubles are those of the other audits.
/// </summary>
/// <remarks>
/// Half of a Gaussian's epsilon below 4, at delta 0.1, and of a selection's 0.5 cannot be told from 10^4 releases; the long run, with 10^5, asks for it. Several outputs share one epsilon, and
/// an attacker who looks at one statistic sees a part of it: there nothing is asked but that the claim holds.
/// </remarks>
public sealed class EpsilonTableTests(ITestOutputHelper output)
{
    private const string GaussianDelta = "0.1";
    private const string SelectionDelta = "0.01";

    /// <summary>Epsilon 1 is that of the other audits, which the gate runs with their wrong doubles; it takes 0.5 and 4 of every other row each, the long run all of every row.</summary>
    private static readonly string[] s_epsilons = ["0.5", "1", "4"];

    /// <summary>The bin of three rows.</summary>
    private const string EarlierBin = "0/2/max_contributions_per_partition";

    /// <summary>The bin of 33 to 40 rows.</summary>
    private const string FirstPassBin = "0/16/max_contributions_per_partition";

    /// <summary>A count that takes almost nothing of the budget, so that nearly all of the loss is the selection's.</summary>
    private static readonly AggregateRequest s_faint = Aggregate(AggregateKind.Count, "n", share: Own("0.001"));

    private static readonly Dictionary<string, Func<double, Neighbours>> s_rows = new()
    {
        ["laplace count"] = epsilon => new()
        {
            Name = "count",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.Count, "x")),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = epsilon / 2,
        },
        ["laplace privacy_id_count"] = epsilon => new()
        {
            Name = "units",
            Request = Request(3, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 4),
            Keys = Keys(1),
            Base = 5,
            Tight = epsilon / 2,
        },
        ["laplace sum by value"] = epsilon => new()
        {
            Name = "sum",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5")),
            Others = [.. Crowd(1, 4, 0.25)],
            Unit = Added(1, 2, 1e300),
            Keys = Keys(1),
            Base = 1,
            Change = 5,
            Tight = epsilon / 2,
        },
        ["laplace sum by partition"] = epsilon => new()
        {
            Name = "partition sum",
            Request = Request(2, 1, null, PartitionSum("x", "real", "-3", "5")),
            Others = [],
            Unit = Added(1, 3, double.PositiveInfinity),
            Keys = Keys(1),
            Change = 5,
            Tight = epsilon / 2,
        },
        ["laplace mean"] = _ => new()
        {
            Name = "mean",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Mean, "x", "real", "0", "4")),
            Others = [.. Crowd(1, 40)],
            Unit = Added(1, 3, 1e9),
            Keys = Keys(1),
            Change = 4.0 / 41,
        },
        ["laplace variance"] = _ => Moments("variance", Spread),
        ["laplace covariance"] = _ => Moments("covariance", Together),
        ["gaussian covariance"] = _ => Gaussian(Moments("gaussian covariance", Together)),
        ["laplace stddev"] = _ => Moments("stddev", Aggregate(AggregateKind.Stddev, "x", "real", "0", "4")),
        ["gaussian stddev"] = _ => Gaussian(Moments("gaussian stddev", Aggregate(AggregateKind.Stddev, "x", "real", "0", "4"))),
        // Two levels of eight children take a millisecond a release: in the gate the leaves alone.
        ["laplace quantile, of a tree"] = _ =>
            Ranked("quantile", Aggregate(AggregateKind.Quantile, "x", "whole", "0", AuditRun.IsLong ? "60" : "7") with { Ranks = [ExactDecimal.Parse("0.5")] }) with { Output = "x_p50" },
        ["gaussian quantile, of a prefix code"] = _ =>
            Gaussian(Ranked("gaussian quantile", Aggregate(AggregateKind.Quantile, "x", "whole", "0", "7") with { Ranks = [ExactDecimal.Parse("0.5")] }) with { Output = "x_p50" }),
        ["laplace min"] = _ => Ranked("min", Aggregate(AggregateKind.Min, "x", "whole", "0", "7")) with { Unit = Added(1, 3, 0, -9), Base = 7, Change = -7 },
        ["gaussian max"] = _ => Gaussian(Ranked("max", Aggregate(AggregateKind.Max, "x", "whole", "0", "7"))),
        ["laplace count_distinct"] = Distinct,
        ["gaussian count_distinct"] = epsilon => Gaussian(Distinct(epsilon) with { Name = "gaussian distinct", Tight = OfGaussian(epsilon) }),
        ["gaussian histogram"] = epsilon => Gaussian(new()
        {
            Name = "gaussian histogram",
            Request = Request(2, 1, 2, Aggregate(AggregateKind.Histogram, "x", "real") with { Edges = [ExactDecimal.Zero, ExactDecimal.One, ExactDecimal.Parse("2")] }),
            Others = [.. Crowd(1, 5, 0.5)],
            Unit = Added(1, 3, 0.5),
            Output = "x_0",
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = OfGaussian(epsilon),
        }),
        ["gaussian vector sum"] = epsilon => Gaussian(new()
        {
            Name = "gaussian vector sum",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.VectorSum, "x") with { Columns = ["real", "whole"], Norm = VectorNorm.L2, MaxNorm = ExactDecimal.Parse("5") }),
            Others = [.. Crowd(1, 4, 0.25)],
            Unit = Added(1, 2, 50),
            Output = "x_real",
            Keys = Keys(1),
            Base = 1,
            Change = 5,
            Tight = OfGaussian(epsilon),
        }),
        ["top_k by permute-and-flip"] = epsilon => new()
        {
            Name = "top_k",
            Request = Request(2, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")) with { TopK = new TopKRequest(1, "x", new BudgetShare(ExactDecimal.Parse("0.99"))) },
            Others = [.. Crowd(1, 6), .. Crowd(2, 6)],
            Unit = [new AuditRow(1_000_000, 2)],
            Output = null,
            Keys = [1],
            Tight = AuditRun.IsLong || epsilon >= 1 ? epsilon / 2 : 0,
        },
        ["top_k by exponential mechanisms"] = epsilon => new()
        {
            Name = "exponential top_k",
            Request = Request(20, 5, null, Aggregate(AggregateKind.PrivacyIdCount, "x")) with
            {
                Delta = ExactDecimal.Parse(SelectionDelta),
                TopK = new TopKRequest(10, "x", new BudgetShare(ExactDecimal.One, ExactDecimal.FromShortest(0.99 * epsilon), ExactDecimal.Parse("0.009"))),
            },
            Others = [.. Enumerable.Range(1, 20).SelectMany(k => Crowd(k, 5))],
            Unit = Added(5, 1),
            Output = null,
            Keys = Keys(5),
        },
        ["bounds found by a first pass"] = epsilon => new()
        {
            Name = "first pass",
            Request = Request(2, 1, null, Aggregate(AggregateKind.Count, "x")) with
            {
                Unit = new PrivacyUnitRequest { IdColumns = ["id"], MaxPartitionsContributed = 1, AutoMaxContributionsPerPartition = new BudgetShare(ExactDecimal.Parse("0.9")) },
            },
            Others = [.. Crowd(1, 9)],
            Unit = Added(2, 40),
            Pass = FirstPass.PlanOf,
            Output = FirstPassBin,
            IsFirstRow = true,
            Keys = Keys(1),
            Tight = AuditRun.IsLong || epsilon >= 1 ? epsilon / 2 : 0,
        },
        ["key of all others"] = epsilon => new()
        {
            Name = "other",
            Request = Request(2, 1, 2, Aggregate(AggregateKind.Count, "x")).WithOther(),
            Others = [.. Crowd(77, 5)],
            Unit = [.. Enumerable.Range(50, 9).Select(k => new AuditRow(1_000_000, k))],
            IsFirstRow = true,
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = epsilon / 2,
        },
        ["keys alone"] = epsilon => Selecting("keys alone", SelectionStrategy.TruncatedGeometric, epsilon, epsilon switch { < 1 => 6, < 4 => 3, _ => 1 }) is var selecting
            ? selecting with { Request = selecting.Request with { Aggregates = [] } } : null!,
        ["laplace sum, a unit replaced"] = epsilon => Replaced("replaced sum") with { Tight = epsilon / 2 },
        ["gaussian sum, a unit replaced"] = epsilon => Gaussian(Replaced("replaced gaussian sum")) with { Tight = OfGaussian(epsilon) },
        ["gaussian count under rho"] = epsilon => new()
        {
            Name = "rho",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.Count, "x")).Gaussian(GaussianDelta) with
            {
                Accountant = AccountantChoice.Zcdp,
                Rho = ExactDecimal.FromShortest(Math.Round(Zcdp.Rho(epsilon, 0.1) * (1 - 1e-6), 8)),
            },
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 5,
            Change = 2,
        },
        ["gaussian variance"] = _ => Gaussian(Moments("gaussian variance", Spread)),
        ["gaussian count, mean and variance"] = _ => Gaussian(Moments(
            "gaussian moments", Aggregate(AggregateKind.Count, "n"), Aggregate(AggregateKind.Mean, "m", "real", "0", "4"), Spread) with
        { More = [("n", 40, 1), ("m", 1, 3.0 / 41)] }),
        ["laplace histogram"] = epsilon => new()
        {
            Name = "histogram",
            Request = Request(2, 1, 2, Aggregate(AggregateKind.Histogram, "x", "real") with { Edges = [ExactDecimal.Zero, ExactDecimal.One, ExactDecimal.Parse("2"), ExactDecimal.Parse("3")] }),
            Others = [.. Crowd(1, 5, 0.5)],
            Unit = Added(1, 3, 0.5),
            Output = "x_0",
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = epsilon / 2,
        },
        ["laplace vector sum"] = epsilon => new()
        {
            Name = "vector sum",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.VectorSum, "x") with { Columns = ["real", "whole"], Norm = VectorNorm.L1, MaxNorm = ExactDecimal.Parse("5") }),
            Others = [.. Crowd(1, 4, 0.25)],
            Unit = Added(1, 2, 50),
            Output = "x_real",
            Keys = Keys(1),
            Base = 1,
            Change = 5,
            Tight = epsilon / 2,
        },
        ["gaussian count"] = epsilon => new()
        {
            Name = "gaussian count",
            Request = Request(3, 1, 2, Aggregate(AggregateKind.Count, "x")).Gaussian(GaussianDelta),
            Others = [.. Crowd(1, 5)],
            Unit = Added(1, 3),
            Keys = Keys(1),
            Base = 5,
            Change = 2,
            Tight = OfGaussian(epsilon),
        },
        ["gaussian sum"] = epsilon => new()
        {
            Name = "gaussian sum",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5")).Gaussian(GaussianDelta),
            Others = [.. Crowd(1, 4, 0.3)],
            Unit = Added(1, 2, 1e300),
            Keys = Keys(1),
            Base = 1.2,
            Change = 5,
            Tight = OfGaussian(epsilon),
        },
        ["gaussian mean"] = _ => new()
        {
            Name = "gaussian mean",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Mean, "x", "real", "0", "4")).Gaussian(GaussianDelta),
            Others = [.. Crowd(1, 40)],
            Unit = Added(1, 3, 1e9),
            Keys = Keys(1),
            Change = 4.0 / 41,
        },
        ["truncated geometric"] = epsilon => Selecting("truncated geometric", SelectionStrategy.TruncatedGeometric, epsilon, epsilon switch { < 1 => 6, < 4 => 3, _ => 1 }),
        ["laplace threshold"] = epsilon => Selecting("laplace threshold", SelectionStrategy.LaplaceThreshold, epsilon, epsilon switch { < 1 => 7, < 4 => 5, _ => 2 }),
        ["gaussian threshold"] = epsilon => Selecting("gaussian threshold", SelectionStrategy.GaussianThreshold, epsilon, epsilon switch { < 1 => 12, < 4 => 6, _ => 2 }) with { Tight = 0 },
        ["weighted gaussian"] = epsilon => Selecting("weighted gaussian", SelectionStrategy.WeightedGaussian, epsilon, 0) is var selecting
            ? selecting with { Others = [.. Crowd(1, HalfShown(selecting.Request with { Epsilon = ExactDecimal.FromShortest(epsilon) }))], Tight = 0 } : null!,
        ["weighted gaussian, new keys of one unit"] = _ => Selecting("weighted keys", SelectionStrategy.WeightedGaussian, 0, 0) is var selecting
            ? selecting with { Request = selecting.Request with { Unit = selecting.Request.Unit with { MaxPartitionsContributed = 3 } }, Others = [.. Crowd(9, 40)], Unit = Added(3, 3), Keys = Keys(3), Tight = 0 } : null!,
        ["rounds of weights"] = epsilon => Selecting("rounds", SelectionStrategy.Sips, epsilon, 0) is var selecting
            ? selecting with { Others = [.. Crowd(1, HalfShown(selecting.Request with { Epsilon = ExactDecimal.FromShortest(epsilon) }))], Tight = 0 } : null!,
        // A key that everyone has, so that it is shown at once and the unit's whole weight goes to its new keys.
        ["rounds of weights, new keys of one unit beside a shared one"] = _ => Selecting("rounds of keys", SelectionStrategy.Sips, 0, 0) is var selecting
            ? selecting with { Request = selecting.Request with { Unit = selecting.Request.Unit with { MaxPartitionsContributed = 3 } }, Others = [.. Crowd(4, 60)], Unit = Added(4, 3), Keys = Keys(3), Tight = 0 } : null!,
        ["new key"] = _ => Selecting("new key", SelectionStrategy.LaplaceThreshold, 0, 0) with { Others = [.. Crowd(9, 40)], Unit = Added(2, 3), Keys = Keys(2), Tight = 0 },
        ["a whole release"] = _ => new()
        {
            Name = "whole",
            Request = Request(0, 1, 2, Aggregate(AggregateKind.PrivacyIdCount, "units"), Aggregate(AggregateKind.Count, "x"), Aggregate(AggregateKind.Sum, "y", "whole", "0", "10"))
                .Private(SelectionStrategy.LaplaceThreshold, SelectionDelta),
            Others = [.. Crowd(1, 30, 0, 5)],
            Unit = Added(1, 3, 0, 10),
            Keys = Keys(1),
            Base = 30,
            Change = 2,
            More = [("y", 150, 20), ("units", 30, 1)],
        },
        ["top_k under rho"] = epsilon => new()
        {
            Name = "top_k under rho",
            Request = Request(2, 1, null, Aggregate(AggregateKind.PrivacyIdCount, "x")).Gaussian(GaussianDelta) with
            {
                Accountant = AccountantChoice.Zcdp,
                Rho = ExactDecimal.FromShortest(Math.Round(Zcdp.Rho(epsilon, 0.1) * (1 - 1e-6), 8)),
                TopK = new TopKRequest(1, "x", new BudgetShare(ExactDecimal.Parse("0.99"))),
            },
            Others = [.. Crowd(1, 6), .. Crowd(2, 6)],
            Unit = [new AuditRow(1_000_000, 2)],
            Output = null,
            Keys = [1],
        },
        ["bounds found by a first pass, a unit replaced"] = epsilon => new()
        {
            Name = "replaced first pass",
            Request = Request(2, 1, null, Aggregate(AggregateKind.Count, "x")) with
            {
                Adjacency = NeighbouringRelation.ReplaceOne,
                Unit = new PrivacyUnitRequest { IdColumns = ["id"], MaxPartitionsContributed = 1, AutoMaxContributionsPerPartition = new BudgetShare(ExactDecimal.Parse("0.9")) },
            },
            Others = [.. Crowd(1, 9)],
            Unit = Added(2, 40),
            Instead = Added(2, 3),
            Pass = FirstPass.PlanOf,
            Output = FirstPassBin,
            More = [(EarlierBin, 1, -1)],
            IsFirstRow = true,
            Keys = Keys(1),
            Tight = AuditRun.IsLong || epsilon >= 4 ? epsilon / 2 : 0,
        },
    };

    private static AggregateRequest Spread => Aggregate(AggregateKind.Variance, "x", "real", "0", "4");

    private static AggregateRequest Together => Aggregate(AggregateKind.Covariance, "x") with
    {
        Columns = ["real", "whole"],
        MinValues = [ExactDecimal.Zero, ExactDecimal.Zero],
        MaxValueList = [ExactDecimal.Parse("4"), ExactDecimal.Parse("4")],
    };

    public static TheoryData<string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var (index, name) in s_rows.Keys.Index())
            {
                foreach (var epsilon in AuditRun.IsLong ? s_epsilons : [s_epsilons[index % 2 * 2]])
                {
                    rows.Add(name, epsilon);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Release_NeighbouringInputs_ProvesNoMoreThanTheClaimAndHalfOfItWhereOneMechanismIsSeen(string name, string epsilon)
    {
        var neighbours = s_rows[name](double.Parse(epsilon, CultureInfo.InvariantCulture));

        AuditRun.CheckAll(neighbours with { Name = $"{neighbours.Name}, epsilon {epsilon}", Request = neighbours.Request with { Epsilon = ExactDecimal.Parse(epsilon) } }, output);
    }

    /// <summary>Forty units at 1, and one at 4 beside them.</summary>
    private static Neighbours Moments(string name, params AggregateRequest[] aggregates) => new()
    {
        Name = name,
        Request = Request(2, 1, 1, aggregates),
        Others = [.. Crowd(1, 40, 1, 1)],
        Unit = Added(1, 3, 1e9, 9),
        Keys = Keys(1),
        Change = 9 * 40 / (41.0 * 41),
    };

    /// <summary>Four units at the lower bound, and one far above the upper one beside them.</summary>
    private static Neighbours Ranked(string name, AggregateRequest aggregate) => new()
    {
        Name = name,
        Request = Request(2, 1, 2, aggregate),
        Others = [.. Crowd(1, 2)],
        Unit = Added(1, 3, 1e9, 99),
        Keys = Keys(1),
        Change = aggregate.MaxValue!.Value.ToDouble(),
    };

    /// <summary>A unit with four values that no other has, of which two count.</summary>
    private static Neighbours Distinct(double epsilon) => new()
    {
        Name = "distinct",
        Request = Request(2, 1, null, Aggregate(AggregateKind.CountDistinct, "x", "whole") with { MaxValues = 2 }),
        Others = [.. Crowd(1, 5, 0, 7)],
        Unit = [.. Enumerable.Range(10, 4).Select(v => new AuditRow(1_000_000, 1, 0, v))],
        Keys = Keys(1),
        Base = 1,
        Change = 2,
        Tight = epsilon / 2,
    };

    /// <summary>A unit at the lower bound in one table, at the upper bound in the other.</summary>
    private static Neighbours Replaced(string name) => new()
    {
        Name = name,
        Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-5", "5")) with { Adjacency = NeighbouringRelation.ReplaceOne },
        Others = [.. Crowd(1, 4, 0.25)],
        Instead = Added(1, 1, -50),
        Unit = Added(1, 1, 50),
        Keys = Keys(1),
        Base = -4,
        Change = 10,
    };

    private static Neighbours Gaussian(Neighbours neighbours) => neighbours with { Request = neighbours.Request.Gaussian(GaussianDelta) };

    private static double OfGaussian(double epsilon) => AuditRun.IsLong || epsilon >= 4 ? epsilon / 2 : 0;

    /// <summary>Units of a key that is shown about every other time.</summary>
    private static int HalfShown(ReleaseRequest request) => (int)Planner.Plan(request).KeepChances.First(c => c.Probability >= 0.3).Units;

    private static Neighbours Selecting(string name, SelectionStrategy strategy, double epsilon, int units) => new()
    {
        Name = name,
        Request = Request(0, 1, 1, s_faint).Private(strategy, SelectionDelta),
        Others = [.. Crowd(1, units)],
        Unit = Added(1, 3),
        Output = null,
        Keys = Keys(1),
        Tight = AuditRun.IsLong || epsilon >= 1 ? epsilon / 2 : 0,
    };
}
