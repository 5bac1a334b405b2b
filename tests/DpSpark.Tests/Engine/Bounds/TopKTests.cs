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
    private static readonly ReleasePlan s_many = Planner.Plan(Request(Units()).Noisy(NoiseChoice.Laplace) with { Keyset = Keys(200), TopK = new TopKRequest(100, "units", Own("0.5", "1e-7")) });

    public static TheoryData<string> Wrongs => ["epsilon", "no factor 2", "one round more", "linf", "upper", "exponential epsilon", "exponential rounds", "exponential delta", "permute charged as exponential"];

    [Fact]
    public void Plan_Shares_AreTakenFirstAndHold()
    {
        Assert.Equal((ExactDecimal.One, TopKMechanism.PermuteAndFlip), (s_sum.Epsilon, s_sum.Spec.TopK!.Mechanism));
        Assert.Equal(TopKMechanism.Exponential, s_many.Spec.TopK!.Mechanism);
        Assert.Equal((ExactDecimal.One, Of("1e-7")), (s_many.Epsilon, s_many.Delta));
        Assert.All(new[] { s_sum, s_many }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));

        // money has two digits: a unit changes a sum by 3 x 60.00, of values with both signs: twice that over epsilon 0.25 a round.
        Assert.Equal(new BigInteger(2 * 3 * 6000 * 4), s_sum.Spec.TopK.Numerator / s_sum.Spec.TopK.Denominator);
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
            "exponential delta" => s_many with { Request = s_many.Request with { TopK = s_many.Request.TopK! with { Budget = Own("0.5", "0.9e-7") } } },
            "permute charged as exponential" => With(s_many, t => t with { Mechanism = TopKMechanism.PermuteAndFlip }),
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
    public void Plan_ChoiceThatCannotBeMade_IsRefused(string what, string code)
    {
        var request = Request(Count(), Mean("whole", "0", "9"));
        request = what switch
        {
            "no keyset" => request.Private(Selection()) with { TopK = new TopKRequest(2, "rows", Weight("0.1")) },
            "k of all" => request with { TopK = new TopKRequest(7, "rows", Weight("0.1")) },
            "by a mean" => request with { TopK = new TopKRequest(2, "average", Weight("0.1")) },
            _ => request with { TopK = new TopKRequest(2, "rows", Own("1")) },
        };

        Assert.Equal(code, Assert.Throws<PlanningException>(() => Planner.Plan(request)).Faults[0].Code);
    }
}
