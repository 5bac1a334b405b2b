using System.Globalization;
using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning;
using DpSpark.Testing.Statistics;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>
/// Every mechanism type and the whole of a release at epsilon 0.5, 1 and 4: what releases of neighbouring tables prove is never above the claim, and at least half of it where one mechanism
/// alone is looked at. A new aggregate is one more row. False-alarm rate: see <see cref="AuditRun"/>; the wrong doubles are those of the other audits.
/// </summary>
/// <remarks>
/// Pure mechanisms are held to half of the claim, whatever the number of releases. Where (epsilon, delta) is a point of a curve (Gaussian noise, thresholds, rounds of the exponential mechanism),
/// the events that reach epsilon are too rare to be counted: there <see cref="Half"/> asks for half of the claim if the optimal test of the ideal mechanism is sure to prove that with as
/// many releases, and else for half of what that test is expected to prove; both are computed from the law of the noise. A release of several outputs, and events whose chance is delta
/// itself, have nothing to be asked but that the claim holds. See docs/proofs/README.md.
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
        ["laplace mean"] = epsilon => new()
        {
            Name = "mean",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Mean, "x", "real", "0", "4")),
            Others = [.. Crowd(1, 100)],
            Unit = Added(1, 3, 1e9),
            Keys = Keys(1),
            Change = 4.0 / 101,
            Tight = epsilon / 2,
        },
        ["laplace variance"] = epsilon => Moments("variance", Spread) with { Tight = epsilon / 2 },
        ["laplace covariance"] = epsilon => Moments("covariance", Together) with { Tight = epsilon / 2 },
        ["gaussian covariance"] = epsilon => Gaussian(Moments("gaussian covariance", Together)) with { Tight = OfGaussian(epsilon) },
        ["laplace stddev"] = epsilon => Moments("stddev", Deviation) with { Tight = epsilon / 2 },
        ["gaussian stddev"] = epsilon => Gaussian(Moments("gaussian stddev", Deviation)) with { Tight = OfGaussian(epsilon) },
        ["laplace quantile, of a tree"] = epsilon => Ranked("quantile", Rank("1")) with { Tight = epsilon / 2 },
        ["gaussian quantile, of a prefix code"] = epsilon => Gaussian(Ranked("gaussian quantile", Rank("1"))) with { Tight = OfGaussian(epsilon) },
        // Levels of eight children take a millisecond a release: in the gate one of them.
        ["laplace quantile, of a deeper tree"] = _ => Ranked("deep quantile", Rank(AuditRun.IsLong ? "60" : "7")),
        ["laplace min"] = epsilon => Ranked("min", Aggregate(AggregateKind.Min, "x", "whole", "0", "1")) with { Tight = epsilon / 2 },
        ["gaussian max"] = epsilon => Gaussian(Ranked("max", Aggregate(AggregateKind.Max, "x", "whole", "0", "1"))) with
        {
            Others = [.. Crowd(1, 100)],
            Unit = Added(1, 3, 0, 9),
            Tight = OfGaussian(epsilon),
        },
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
            Tight = epsilon / 2,
        },
        ["top_k by exponential mechanisms"] = epsilon => new()
        {
            Name = "exponential top_k",
            Request = Request(20, 10, null, Aggregate(AggregateKind.PrivacyIdCount, "x")) with
            {
                Delta = ExactDecimal.Parse(SelectionDelta),
                TopK = new TopKRequest(10, "x", new BudgetShare(ExactDecimal.One, ExactDecimal.FromShortest(0.99 * epsilon), ExactDecimal.Parse("0.009"))),
            },
            Others = [.. Enumerable.Range(1, 20).SelectMany(k => Crowd(k, 5))],
            Unit = Added(10, 1),
            Output = null,
            Keys = Keys(10),
            Tight = Half(epsilon, 0.01, OfRounds(Math.Sqrt(8 * Zcdp.Rho(0.99 * epsilon, 0.009) / 10), 10)),
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
            Tight = epsilon / 2,
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
        ["keys alone"] = epsilon => Selecting("keys alone", SelectionStrategy.TruncatedGeometric, epsilon) is var selecting
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
            Tight = OfMu(epsilon, Math.Sqrt(2 * Zcdp.Rho(epsilon, 0.1))),
        },
        ["gaussian variance"] = epsilon => Gaussian(Moments("gaussian variance", Spread)) with { Tight = OfGaussian(epsilon) },
        ["gaussian count, mean and variance"] = _ => Gaussian(Moments(
            "gaussian moments", Aggregate(AggregateKind.Count, "n"), Aggregate(AggregateKind.Mean, "m", "real", "0", "4"), Spread) with
        { More = [("n", 200, 1), ("m", 0, 4.0 / 201)] }),
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
        ["gaussian mean"] = epsilon => new()
        {
            Name = "gaussian mean",
            Request = Request(2, 1, 1, Aggregate(AggregateKind.Mean, "x", "real", "0", "4")).Gaussian(GaussianDelta),
            Others = [.. Crowd(1, 200)],
            Unit = Added(1, 3, 1e9),
            Keys = Keys(1),
            Change = 4.0 / 201,
            Tight = OfGaussian(epsilon),
        },
        ["truncated geometric"] = epsilon => Selecting("truncated geometric", SelectionStrategy.TruncatedGeometric, epsilon),
        ["laplace threshold"] = epsilon => Selecting("laplace threshold", SelectionStrategy.LaplaceThreshold, epsilon),
        ["gaussian threshold"] = epsilon => Selecting("gaussian threshold", SelectionStrategy.GaussianThreshold, epsilon),
        ["weighted gaussian"] = epsilon => Selecting("weighted gaussian", SelectionStrategy.WeightedGaussian, epsilon),
        ["weighted gaussian, new keys of one unit"] = _ => NewKeys("weighted keys", SelectionStrategy.WeightedGaussian, 3),
        ["rounds of weights"] = epsilon => Selecting("rounds", SelectionStrategy.Sips, epsilon),

        // A key that everyone has, so that it is shown at once and the unit's whole weight goes to its new keys.
        ["rounds of weights, new keys of one unit beside a shared one"] = _ => NewKeys("rounds of keys", SelectionStrategy.Sips, 3) with { Others = [.. Crowd(4, 60)], Unit = Added(4, 3), Keys = Keys(3) },
        ["new key"] = _ => NewKeys("new key", SelectionStrategy.LaplaceThreshold, 1),
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

    private static AggregateRequest Deviation => Aggregate(AggregateKind.Stddev, "x", "real", "0", "4");

    private static AggregateRequest Together => Aggregate(AggregateKind.Covariance, "x") with
    {
        Columns = ["real", "whole"],
        MinValues = [ExactDecimal.Zero, ExactDecimal.Zero],
        MaxValueList = [ExactDecimal.Parse("4"), ExactDecimal.Parse("4")],
    };

    /// <summary>The value at 1.5 %: with a hundred units, where one and a half of them are not above.</summary>
    private static AggregateRequest Rank(string high) => Aggregate(AggregateKind.Quantile, "x", "whole", "0", high) with { Ranks = [ExactDecimal.Parse("0.015")] };

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

    /// <summary>Units at the lower bounds, and one at the upper ones beside them: to first order the number then moves by all that this unit moves in what is drawn.</summary>
    private static Neighbours Moments(string name, params AggregateRequest[] aggregates) => new()
    {
        Name = name,
        Request = Request(2, 1, 1, aggregates),
        Others = [.. Crowd(1, 200)],
        Unit = Added(1, 3, 1e9, 9),
        Keys = Keys(1),
        Change = 16 * 200 / (201.0 * 201),
    };

    /// <summary>A hundred units at the upper bound, and one far below the lower one beside them. The value and both ends of its interval compare one noisy count with three numbers.</summary>
    private static Neighbours Ranked(string name, AggregateRequest aggregate)
    {
        var output = aggregate.Ranks is not null ? "x_p1_5" : "x";
        return new()
        {
            Name = name,
            Request = Request(2, 1, 2, aggregate) with { ConfidenceLevel = ExactDecimal.Parse("0.95") },
            Others = [.. Crowd(1, 100, 0, 99)],
            Unit = Added(1, 3, 0, -9),
            Output = output,
            Keys = Keys(1),
            More = [(output + "_ci_low", 0, 1), (output + "_ci_high", 0, 1)],
        };
    }

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

    /// <summary>Half of the claim where the best attacker is sure to prove that (but for one audit in a million); else half of what he is expected to prove.</summary>
    private static double Half(double epsilon, double delta, IReadOnlyList<(double Likely, double Unlikely)> events)
    {
        var sure = EmpiricalEpsilon.Attainable(events, AuditRun.Counted, delta, isSure: true);
        var half = EmpiricalEpsilon.Attainable(events, AuditRun.Counted, delta) / 2;

        // The gate never differs from the run before. The long run has secrets of its own: it asks for no more than is sure.
        return sure >= epsilon / 2 ? epsilon / 2 : AuditRun.IsLong ? Math.Min(sure, half) : half;
    }

    private static double OfGaussian(double epsilon) => OfMu(epsilon, GaussianPrivacy.Mu(epsilon, 0.1));

    /// <summary>Two normal laws that are mu standard deviations apart: the events are half-lines.</summary>
    private static double OfMu(double epsilon, double mu) =>
        Half(epsilon, 0.1, [.. Enumerable.Range(-60, 160).Select(i => i / 20.0).Select(c => (Normal.UpperTail(c - mu), Normal.UpperTail(c)))]);

    /// <summary>A key that is shown, or is not.</summary>
    private static (double Likely, double Unlikely)[] OfBit(double with, double without) => [(with, without), (1 - without, 1 - with)];

    /// <summary>Of k draws without replacement among twenty keys that are alike but for the weight of ten: how many are of the ten. The set says no more, as keys of one kind are alike.</summary>
    private static (double Likely, double Unlikely)[] OfRounds(double each, int rounds)
    {
        var (with, without) = (Law(Math.Exp(each)), Law(1));
        return [.. Enumerable.Range(0, rounds + 1).Select(j => (with.Skip(j).Sum(), without.Skip(j).Sum())), .. Enumerable.Range(0, rounds + 1).Select(j => (without.Take(j).Sum(), with.Take(j).Sum()))];

        double[] Law(double weight)
        {
            double[] law = [1, .. new double[rounds]];
            for (var round = 0; round < rounds; round++)
            {
                var next = new double[rounds + 1];
                for (var j = 0; j <= round; j++)
                {
                    var (ten, others) = (weight * (10 - j), 10.0 - (round - j));
                    next[j + 1] += ten > 0 ? law[j] * ten / (ten + others) : 0;
                    next[j] += others > 0 ? law[j] * others / (ten + others) : 0;
                }

                law = next;
            }

            return law;
        }
    }

    /// <summary>A key with as many other units as show most of one unit more.</summary>
    private static Neighbours Selecting(string name, SelectionStrategy strategy, double epsilon)
    {
        var request = Request(0, 1, 1, s_faint).Private(strategy, SelectionDelta);
        var plan = Planner.Plan(request with { Epsilon = ExactDecimal.FromShortest(epsilon) });
        SelectionSpec[] rules = plan.Rounds.Count > 0 ? [.. plan.Rounds.Select(r => r.Selection!)] : [plan.Spec.Selection!];

        // A key is shown by the first round that does: their noises are independent.
        double Shown(int units) => 1 - rules.Aggregate(1.0, (hidden, rule) => hidden * (1 - Chance(rule, units)));
        var (units, events) = Enumerable.Range(1, 60).Select(n => (n, OfBit(Shown(n + 1), Shown(n)))).MaxBy(c => EmpiricalEpsilon.Attainable(c.Item2, AuditRun.Counted, 0.01));
        return new()
        {
            Name = name,
            Request = request,
            Others = [.. Crowd(1, units)],
            Unit = Added(1, 3),
            Output = null,
            Keys = Keys(1),
            Tight = Half(epsilon, 0.01, events),
        };
    }

    /// <summary>The chance that a key with so many units in one partition each is shown.</summary>
    private static double Chance(SelectionSpec rule, int units)
    {
        if (rule.Noise is not { } noise)
        {
            return units >= rule.Table.Count ? 1 : (double)rule.Table[units - 1] / (double)TruncatedGeometricTable.One;
        }

        var distance = (double)(rule.Threshold - (units * (BigInteger.One << -rule.NoiseGrid.BinaryExponent)));
        var spread = (double)noise.Numerator / (double)noise.Denominator;
        return noise.Kind == NoiseKind.DiscreteLaplace ? DiscreteDistributions.LaplaceUpperTail(spread, distance) : DiscreteDistributions.GaussianUpperTail(spread, distance);
    }

    /// <summary>Forty units in another key, and one unit whose keys are new.</summary>
    private static Neighbours NewKeys(string name, SelectionStrategy strategy, int keys) => new()
    {
        Name = name,
        Request = Request(0, keys, 1, s_faint).Private(strategy, SelectionDelta),
        Others = [.. Crowd(9, 40)],
        Unit = Added(keys + 1, 3),
        Output = null,
        Keys = Keys(keys + 1),
    };
}
