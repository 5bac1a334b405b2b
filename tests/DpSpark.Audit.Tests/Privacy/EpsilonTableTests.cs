using System.Globalization;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
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

    /// <summary>Epsilon 1 is that of the other audits, which the gate runs with their wrong doubles.</summary>
    private static readonly string[] s_epsilons = AuditRun.IsLong ? ["0.5", "1", "4"] : ["0.5", "4"];

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
            foreach (var name in s_rows.Keys)
            {
                foreach (var epsilon in s_epsilons)
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

    private static Neighbours Gaussian(Neighbours neighbours) => neighbours with { Request = neighbours.Request.Gaussian(GaussianDelta) };

    private static double OfGaussian(double epsilon) => AuditRun.IsLong || epsilon >= 4 ? epsilon / 2 : 0;

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
