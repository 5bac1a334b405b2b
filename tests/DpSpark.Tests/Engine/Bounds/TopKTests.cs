using System.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Bounds;

public sealed class TopKTests
{
    private static readonly ReleasePlan s_sum = Planner.Plan(Request(Count(), Sum("money", "-5", "60")).Bounded(4, 3, null) with { TopK = new TopKRequest(2, "total", Weight("0.5")) });
    private static readonly ReleasePlan s_many = Planner.Plan(Request(Units()).Noisy(NoiseChoice.Laplace) with { Accountant = AccountantChoice.Basic, Keyset = Keys(200), TopK = new TopKRequest(100, "units", Own("0.5", "1e-7")) });
    private static readonly ReleasePlan s_rho = Planner.Plan(Concentrated(Request(Count()).Bounded(4, 3, null)) with { TopK = new TopKRequest(2, "rows", Weight("0.25")) });
    private static readonly ReleasePlan s_replaced = Planner.Plan(s_sum.Request with { Adjacency = NeighbouringRelation.ReplaceOne });
    private static readonly ReleasePlan s_composed = Planner.Plan(Request(Count()).Noisy(NoiseChoice.Gaussian) with { TopK = new TopKRequest(4, "rows", Weight("0.3")) });
    private static readonly ReleasePlan s_ranged = Planner.Plan(s_many.Request with { Accountant = AccountantChoice.Pld, Noise = NoiseChoice.Gaussian });

    public static TheoryData<string> Wrongs => ["epsilon", "no factor 2", "one round more", "linf", "upper", "exponential epsilon", "exponential rounds", "exponential delta", "permute charged as exponential",
        "rho, epsilon", "rho, rounds", "rho, permute-and-flip", "rho, another total", "replaced, width of one unit", "replaced, epsilon", "composed, epsilon", "composed, rounds", "ranged, rounds", "ranged, permute-and-flip"];

    [Fact]
    public void Plan_Shares_AreTakenFirstAndHold()
    {
        Assert.Equal((ExactDecimal.One, TopKMechanism.PermuteAndFlip), (s_sum.Epsilon, s_sum.Spec.TopK!.Mechanism));
        Assert.Equal(TopKMechanism.Exponential, s_many.Spec.TopK!.Mechanism);
        Assert.Equal((ExactDecimal.One, Of("1e-7")), (s_many.Epsilon, s_many.Delta));
        Assert.All(new[] { s_sum, s_many }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));

        // money has two digits: a unit changes a sum by -3 x 5.00 to 3 x 60.00: that width over epsilon 0.25 a round.
        Assert.Equal(new BigInteger(3 * 6500 * 4), s_sum.Spec.TopK.Numerator / s_sum.Spec.TopK.Denominator);
    }

    [Fact]
    public void Plan_UnderRho_TakesItsPartOfRhoByBoundedRange()
    {
        // A quarter of 0.02 over two rounds: e0²/8 = 0.0025, e0 = sqrt(0.02), 3 rows of change; the count has 0.015 = 36 / (2 sigma²), its one vector being four partitions of three rows.
        var top = s_rho.Spec.TopK!;
        Assert.Equal(TopKMechanism.Exponential, top.Mechanism);
        Assert.Equal(3 / Math.Sqrt(0.02), (double)top.Numerator / (double)top.Denominator, 1e-6);
        Assert.Equal(Math.Sqrt(36 / 0.03), s_rho.Spec.Nodes[0].Draws[0].StandardDeviation, 1e-3);
        Assert.Equal((s_rho.Request.Epsilon, s_rho.Request.Delta, Of("0.02")), (s_rho.Epsilon, s_rho.Delta, s_rho.Request.Rho));
        Assert.Empty(PlanAudit.Recompute(s_rho).Findings);
    }

    [Fact]
    public void Plan_EpsilonUnderZcdp_IsDividedAsRho()
    {
        var plan = Planner.Plan(s_rho.Request with { Rho = null, Epsilon = ExactDecimal.One });

        Assert.Equal((ExactDecimal.One, Of("1e-6")), (plan.Epsilon, plan.Delta));
        Assert.InRange(PlanAudit.Recompute(plan).Delta, 0.999e-6, 1e-6);
        Assert.False(PlanAudit.Recompute(plan with { Epsilon = Of("0.999") }).Holds);
    }

    [Fact]
    public void Plan_Replaced_NeedsTwiceTheWidth()
    {
        Assert.Equal(2 * s_sum.Spec.TopK!.Numerator * s_replaced.Spec.TopK!.Denominator, s_replaced.Spec.TopK.Numerator * s_sum.Spec.TopK.Denominator);
        Assert.Empty(PlanAudit.Recompute(s_replaced).Findings);
    }

    [Fact]
    public void Plan_Composed_LeavesTheRestMoreThanTheSumWould()
    {
        var added = Planner.Plan(s_composed.Request with { Accountant = AccountantChoice.Basic });

        // By an independent sum over the binomial law of four randomised responses of 0.075: mu 0.19592 beside them is (1, 1e-6); what the sum leaves is mu of (0.7, 1e-6).
        double Mu(ReleasePlan plan) => 2 / plan.Spec.Nodes[0].Draws[0].StandardDeviation;
        Assert.All(new[] { added, s_composed, s_ranged }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));
        Assert.Equal(added.Spec.TopK, s_composed.Spec.TopK);
        Assert.Equal(0.16988, Mu(added), 2e-5);
        Assert.Equal(0.19592, Mu(s_composed), 2e-5);
        Assert.Equal((ExactDecimal.One, Of("1e-6")), (s_composed.Epsilon, s_composed.Delta));
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public void Recompute_ChoiceThatIsWrongByOneStep_IsRejected(string wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        var plan = wrong switch
        {
            "epsilon" => With(s_sum, t => t with { Denominator = t.Denominator * 1_000_001, Numerator = t.Numerator * 1_000_000 }),
            "no factor 2" => With(s_sum, t => t with { Numerator = t.Numerator / 2 }),
            "one round more" => With(s_sum, t => t with { K = 3 }),
            "linf" => s_sum with { Spec = s_sum.Spec with { MaxContributionsPerPartition = 4 } },
            "upper" => s_sum with { Spec = s_sum.Spec with { Accumulators = [.. s_sum.Spec.Accumulators.Select((a, i) => i == s_sum.Spec.TopK!.Accumulator ? a with { Upper = a.Upper + 1 } : a)] } },
            "exponential epsilon" => With(s_many, t => t with { Denominator = t.Denominator * 1001, Numerator = t.Numerator * 1000 }),
            "exponential rounds" => With(s_many, t => t with { K = 101 }),
            "exponential delta" => s_many with { Delta = Of("0.999e-7") },
            "permute charged as exponential" => With(s_many, t => t with { Mechanism = TopKMechanism.PermuteAndFlip }),
            "rho, epsilon" => With(s_rho, t => t with { Denominator = t.Denominator * 10_001, Numerator = t.Numerator * 10_000 }),
            "rho, rounds" => With(s_rho, t => t with { K = 3 }),
            "rho, permute-and-flip" => With(s_rho, t => t with { Mechanism = TopKMechanism.PermuteAndFlip }),
            "rho, another total" => s_rho with { Request = s_rho.Request with { Rho = Of("0.01999") } },
            "replaced, width of one unit" => With(s_replaced, t => t with { Numerator = t.Numerator / 2 }),
            "replaced, epsilon" => With(s_replaced, t => t with { Denominator = t.Denominator * 1_000_001, Numerator = t.Numerator * 1_000_000 }),
            "composed, epsilon" => With(s_composed, t => t with { Denominator = t.Denominator * 101, Numerator = t.Numerator * 100 }),
            "composed, rounds" => With(s_composed, t => t with { K = 5 }),
            "ranged, rounds" => With(s_ranged, t => t with { K = 110 }),
            "ranged, permute-and-flip" => With(s_ranged, t => t with { Mechanism = TopKMechanism.PermuteAndFlip }),
            _ => throw new ArgumentOutOfRangeException(nameof(wrong)),
        };

        Assert.False(PlanAudit.Recompute(plan).Holds);

        static ReleasePlan With(ReleasePlan plan, Func<TopKSpec, TopKSpec> change) => plan with { Spec = plan.Spec with { TopK = change(plan.Spec.TopK!) } };
    }

    [Theory]
    [InlineData(TopKMechanism.PermuteAndFlip)]
    [InlineData(TopKMechanism.Exponential)]
    public void Choose_ManyRuns_FollowsTheExactLaw(TopKMechanism mechanism)
    {
        const int runs = 20_000;
        Int128[] scores = [10, 8, 7, 0];
        var counts = new int[scores.Length];
        var spec = s_sum.Spec with { TopK = new TopKSpec { K = 1, Mechanism = mechanism, Accumulator = -1, Numerator = 5, Denominator = 2 } };
        for (var run = 0; run < runs; run++)
        {
            using var keys = new ReleaseKeys(spec, new byte[32], BitConverter.GetBytes(run));
            counts[Assert.Single(TopKStage.Choose(keys, scores, noisy: true))]++;
        }

        // exp(-2/5 gap): epsilon 0.4 of monotone scores with sensitivity 1.
        double[] utilities = [10, 8, 7, 0];
        var law = mechanism == TopKMechanism.PermuteAndFlip ? PermuteAndFlip.Probabilities(utilities, 0.4, 1, monotone: true) : ExponentialSelection.Probabilities(utilities, 0.4, 1, monotone: true);
        for (var i = 0; i < counts.Length; i++)
        {
            // Five standard deviations: a false alarm in 10^6 runs of the test.
            Assert.InRange(counts[i], (runs * law[i]) - (5 * Math.Sqrt(runs * law[i] * (1 - law[i]))), (runs * law[i]) + (5 * Math.Sqrt(runs * law[i] * (1 - law[i]))));
        }
    }

    [Fact]
    public void Choose_SameSecret_DrawsTheSameDistinctKeysAndOthersWithAnother()
    {
        var scores = Enumerable.Range(0, 30).Select(i => (Int128)(i % 3)).ToArray();
        var spec = s_sum.Spec with { TopK = new TopKSpec { K = 10, Mechanism = TopKMechanism.PermuteAndFlip, Accumulator = -1, Numerator = 1, Denominator = 1 } };
        IReadOnlyList<int> Run(byte release)
        {
            using var keys = new ReleaseKeys(spec, new byte[32], [release]);
            return TopKStage.Choose(keys, scores, noisy: true);
        }

        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));
        Assert.Equal(10, Run(1).Distinct().Count());
        Assert.Equal(Run(1).Order(), Run(1));
    }

    [Theory]
    [InlineData("no keyset", "DPS2512")]
    [InlineData("k of all", "DPS2516")]
    [InlineData("by a mean", "DPS2516")]
    [InlineData("whole budget", "DPS2514")]
    [InlineData("epsilon of rho", "DPS2525")]
    [InlineData("aggregates of their own under zcdp", "DPS2525")]
    [InlineData("whole rho", "DPS2514")]
    public void Plan_ChoiceThatCannotBeMade_IsRefused(string what, string code)
    {
        var request = Request(Count(), Mean("whole", "0", "9"));
        request = what switch
        {
            "no keyset" => request.Private(Selection()) with { TopK = new TopKRequest(2, "rows", Weight("0.1")) },
            "k of all" => request with { TopK = new TopKRequest(7, "rows", Weight("0.1")) },
            "epsilon of rho" => Concentrated(request) with { TopK = new TopKRequest(2, "rows", Own("0.1")) },
            "aggregates of their own under zcdp" => Concentrated(request) with { Rho = null, Aggregates = [Count(share: Own("0.1"))], TopK = new TopKRequest(2, "rows", Weight("0.1")) },
            "whole rho" => Concentrated(request) with { Rho = null, Epsilon = ExactDecimal.One, TopK = new TopKRequest(2, "rows", Own("0.9")) },
            "by a mean" => request with { TopK = new TopKRequest(2, "average", Weight("0.1")) },
            _ => request with { TopK = new TopKRequest(2, "rows", Own("1")) },
        };

        Assert.Equal(code, Assert.Throws<PlanningException>(() => Planner.Plan(request)).Faults[0].Code);
    }

    /// <summary>Rho 0.02, which is 1.06 at 1e-6.</summary>
    private static ReleaseRequest Concentrated(ReleaseRequest request) => request.Noisy(NoiseChoice.Gaussian) with { Accountant = AccountantChoice.Zcdp, Rho = Of("0.02"), Epsilon = Of("1.06") };
}
