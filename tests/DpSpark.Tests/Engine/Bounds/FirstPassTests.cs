using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Bounds;
using DpSpark.Core.Noise;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Bounds;

public sealed class FirstPassTests
{
    private static readonly ReleasePlan s_plan = Planner.Plan(Asked() with { Epsilon = Of("2") });

    public static TheoryData<NoiseChoice, AccountantChoice, NeighbouringRelation, bool> Definitions
    {
        get
        {
            var all = new TheoryData<NoiseChoice, AccountantChoice, NeighbouringRelation, bool>();
            foreach (var noise in Enum.GetValues<NoiseChoice>())
            {
                foreach (var relation in Enum.GetValues<NeighbouringRelation>())
                {
                    all.Add(noise, AccountantChoice.Pld, relation, false);
                    all.Add(noise, AccountantChoice.Basic, relation, false);
                    all.Add(noise, AccountantChoice.Zcdp, relation, false);
                    all.Add(noise, AccountantChoice.Zcdp, relation, true);
                }
            }

            return all;
        }
    }

    public static TheoryData<string> Wrongs => ["half the scale", "counted twice", "two bins in one draw", "another stream", "same bin twice", "charge without it", "gaussian"];

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    [InlineData(NoiseChoice.Auto)]
    public void Plan_BoundsToFind_TakesTheirEpsilonFirstAndHoldsBeforeAndAfter(NoiseChoice noise)
    {
        var plan = Planner.Plan(Asked().Noisy(noise));

        var resolved = FirstPass.Resolve(plan, Counts(plan, 100_000), noisy: true);

        Assert.Equal(Of("0.4"), plan.Bounds!.Epsilon);
        Assert.Equal((plan.Epsilon, plan.Delta), (resolved.Epsilon, resolved.Delta));
        Assert.True(plan.Epsilon <= ExactDecimal.One);
        Assert.All(new[] { plan, resolved }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));
        Assert.Equal(4, resolved.Bounds!.Found!.Count);
        Assert.Equal((int)resolved.Bounds.Found[0].Upper.Unscaled, resolved.Spec.MaxPartitionsContributed ?? 0);
        Assert.NotNull(resolved.Mechanisms.Single(m => m.Node == "total").Clamp);
    }

    [Theory]
    [InlineData(NoiseChoice.Auto, NeighbouringRelation.AddOrRemoveOne)]
    [InlineData(NoiseChoice.Laplace, NeighbouringRelation.AddOrRemoveOne)]
    [InlineData(NoiseChoice.Auto, NeighbouringRelation.ReplaceOne)]
    [InlineData(NoiseChoice.Laplace, NeighbouringRelation.ReplaceOne)]
    public void Plan_UnderRho_HasHistogramsOfThatRhoAndHoldsBeforeAndAfter(NoiseChoice noise, NeighbouringRelation relation)
    {
        var plan = Planner.Plan(Concentrated().Noisy(noise) with { Adjacency = relation });
        var resolved = FirstPass.Resolve(plan, Counts(plan, 100_000), noisy: true);

        // A tenth of 0.02 for one histogram of partitions: c / (2 spread²), c = 1 or 2 counts by one.
        var spread = NoiseCalibration.Spread(plan.Bounds!.Questions[0].Noise);
        Assert.Equal(0.002, (relation == NeighbouringRelation.ReplaceOne ? 2 : 1) / (2 * spread * spread), 1e-9);
        Assert.Equal(noise == NoiseChoice.Laplace ? NoiseKind.DiscreteLaplace : NoiseKind.DiscreteGaussian, plan.Bounds.Questions[0].Noise.Kind);
        Assert.Equal(Of("0.006"), plan.Bounds.Rho);
        Assert.All(new[] { plan, resolved }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));
        Assert.Equal((plan.Epsilon, plan.Delta, plan.Request.Rho), (resolved.Epsilon, resolved.Delta, resolved.Request.Rho));
        Assert.False(PlanAudit.Recompute(resolved with { Request = resolved.Request with { Rho = Of("0.01999") } }).Holds);
        Assert.Equal(relation == NeighbouringRelation.ReplaceOne, PlanAudit.Recompute(plan with { Request = plan.Request with { Adjacency = NeighbouringRelation.ReplaceOne } }).Holds);
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void Plan_BoundsAndKeysOfEveryDefinition_HoldsBeforeAndAfter(NoiseChoice noise, AccountantChoice accountant, NeighbouringRelation relation, bool isRho)
    {
        var request = Concentrated().Noisy(noise) with { Adjacency = relation, Accountant = accountant, TopK = new TopKRequest(3, "rows", Weight("0.15")) };
        var plan = Planner.Plan(isRho ? request : request with { Rho = null });
        var resolved = FirstPass.Resolve(plan, Counts(plan, 100_000), noisy: true);

        Assert.All(new[] { plan, resolved }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));
        Assert.Equal((plan.Epsilon, plan.Delta), (resolved.Epsilon, resolved.Delta));
        Assert.True(plan.Epsilon <= request.Epsilon && plan.Delta <= request.Delta);
        if (accountant != AccountantChoice.Basic)
        {
            // What is added leaves room that the audit sees.
            Assert.False(PlanAudit.Recompute(resolved with { Spec = resolved.Spec with { TopK = resolved.Spec.TopK! with { K = 5 } } }).Holds);
        }
    }

    [Fact]
    public void Plan_Replaced_HasTwiceTheScale()
    {
        var replaced = Planner.Plan(Asked() with { Adjacency = NeighbouringRelation.ReplaceOne });
        var added = Planner.Plan(Asked());

        Assert.All(added.Bounds!.Questions.Zip(replaced.Bounds!.Questions), q => Assert.Equal(2 * NoiseCalibration.Spread(q.First.Noise), NoiseCalibration.Spread(q.Second.Noise), 1e-9));
        Assert.Empty(PlanAudit.Recompute(replaced).Findings);
        Assert.False(PlanAudit.Recompute(replaced with { Bounds = added.Bounds }).Holds);
    }

    [Fact]
    public void Resolve_ComposedWithGaussianNoise_HasOneMuWhateverTheBounds()
    {
        var plan = Planner.Plan(Asked().Noisy(NoiseChoice.Gaussian));
        var few = FirstPass.Resolve(plan, Counts(plan, 100_000), noisy: true);
        var more = FirstPass.Resolve(plan, Counts(plan, 100_000, 3, 4000), noisy: true);
        var added = Planner.Plan(Asked().Noisy(NoiseChoice.Gaussian) with { Accountant = AccountantChoice.Basic });

        Assert.True(plan.Bounds!.IsComposed);
        Assert.False(added.Bounds!.IsComposed);
        Assert.NotEqual(few.Spec.MaxPartitionsContributed, more.Spec.MaxPartitionsContributed);
        Assert.Equal(MuSquared(few), MuSquared(more), 1e-3 * MuSquared(few));
        Assert.True(MuSquared(few) > 1.2 * MuSquared(Planner.Plan(Request(Count()).Noisy(NoiseChoice.Gaussian) with { Epsilon = Of("0.6") })));
        Assert.All(new[] { plan, few, more, added }, p => Assert.Empty(PlanAudit.Recompute(p).Findings));
        static double MuSquared(ReleasePlan plan) => plan.Mechanisms.Where(m => m is { Noise: not null, SharedWith: null }).Sum(m => m.L2 * m.L2 / (m.StandardDeviation * m.StandardDeviation));
    }

    [Theory]
    [InlineData("laplace after it")]
    [InlineData("louder rest")]
    [InlineData("half the scale")]
    [InlineData("keys selected after it")]
    public void Recompute_ComposedFirstPassThatIsWrong_IsRejected(string wrong)
    {
        var plan = Planner.Plan(Asked().Noisy(NoiseChoice.Gaussian));
        var laplace = Planner.Plan(Asked().Noisy(NoiseChoice.Laplace));
        plan = wrong switch
        {
            // The loss distributions of two noises that were chosen by the first pass have no common bound.
            "laplace after it" => laplace with { Bounds = laplace.Bounds! with { IsComposed = true } },
            "louder rest" => plan with { Spec = plan.Spec with { Nodes = [.. plan.Spec.Nodes.Select(n => n with { Draws = [.. n.Draws.Select(d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator * 101, Numerator = d.Noise.Numerator * 100 } })] })] } },
            "half the scale" => plan with { Bounds = plan.Bounds! with { Spec = plan.Bounds.Spec with { Nodes = [.. plan.Bounds.Spec.Nodes.Select(n => n with { Draws = [.. n.Draws.Select(d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator * 2 } })] })] } } },
            _ => Planner.Plan((Asked() with { Keyset = null, Selection = Selection() }).Noisy(NoiseChoice.Gaussian)) is var keys ? keys with { Bounds = keys.Bounds! with { IsComposed = true } } : null!,
        };

        Assert.False(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Significant_GaussianNoise_PassesNoEmptyBinAndFindsFewerUnits()
    {
        var bins = new ProfileBins(24, false);
        var empty = Enumerable.Range(0, bins.Count).Select(i => i % 2 == 0 ? 25.0 : -25.0).ToArray();
        var units = Enumerable.Range(0, bins.Count).Select(i => i == 3 ? 90.0 : 0).ToArray();

        // 7 sigma of 24 bins at 1e-9 is 69 for sigma 10; Laplace noise of the same variance needs 170.
        Assert.Null(ProfileDecision.Significant(bins, empty, 10, isGaussian: true));
        Assert.Equal((3, 3), ProfileDecision.Significant(bins, units, 10, isGaussian: true));
        Assert.Null(ProfileDecision.Significant(bins, units, 10 / Math.Sqrt(2)));
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public void Recompute_FirstPassThatIsWrongByOneStep_IsRejected(string wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        var plan = wrong switch
        {
            "half the scale" => Draw(d => d with { Noise = d.Noise with { Denominator = d.Noise.Denominator * 2 } }),
            "counted twice" => Draw(d => d with { Terms = [d.Terms[0] with { Coefficient = 2 }] }),
            "two bins in one draw" => Draw(d => d with { Terms = [d.Terms[0], new Term(1, BigInteger.One)] }),
            "another stream" => Draw(d => d with { Part = "count" }),
            "same bin twice" => Draw(d => d with { Terms = [new Term(1, BigInteger.One)] }),
            "charge without it" => s_plan with { Epsilon = s_plan.Epsilon - s_plan.Bounds!.Epsilon },
            "gaussian" => Draw(d => d with { Noise = d.Noise with { Kind = NoiseKind.DiscreteGaussian } }),
            _ => throw new ArgumentOutOfRangeException(nameof(wrong)),
        };

        Assert.False(PlanAudit.Recompute(plan).Holds);

        static ReleasePlan Draw(Func<DrawSpec, DrawSpec> change)
        {
            var bounds = s_plan.Bounds!;
            var first = bounds.Spec.Nodes[0];
            return s_plan with { Bounds = bounds with { Spec = bounds.Spec with { Nodes = [first with { Draws = [change(first.Draws[0])] }, .. bounds.Spec.Nodes.Skip(1)] } } };
        }
    }

    [Fact]
    public void Resolve_CountsWithoutUnits_EndsWithDps6110()
    {
        var fault = Assert.Throws<DpSparkException>(() => FirstPass.Resolve(s_plan, Counts(s_plan, 0), noisy: true));

        Assert.Equal(("DPS6110", 1), (fault.Code, fault.ExitCode));
    }

    [Fact]
    public void Streams_OfTheFirstPass_AreNoOtherDraws()
    {
        var first = s_plan.Bounds!.Spec.Nodes.SelectMany(n => n.Draws.Select(d => (n.Output, d.Part))).ToList();
        var rest = s_plan.Spec.Nodes.SelectMany(n => n.Draws.Select(d => (n.Output, d.Part)));

        Assert.Equal(first.Count, first.Distinct().Count());
        Assert.Empty(first.Intersect(rest));
        Assert.All(first, f => Assert.Equal("auto_bounds", f.Part));
    }

    [Fact]
    public void CanonicalText_ShareOfABound_IsPartOfTheRelease()
    {
        var other = Asked() with { Unit = Asked().Unit with { AutoMaxPartitionsContributed = Weight("0.11") } };

        Assert.NotEqual(Asked().ToCanonicalText(), other.ToCanonicalText());
    }

    [Fact]
    public void CanonicalText_RulesOfTheFirstPass_AreNamedOnlyWhereTheyChangedAPlan()
    {
        // What is paid by adding epsilons is as it was, so older releases of it are replayed.
        ReleaseRequest[] same = [Request(Count()), Asked(), Asked().Noisy(NoiseChoice.Gaussian) with { Accountant = AccountantChoice.Basic }, Asked().Noisy(NoiseChoice.Gaussian) with { Keyset = null, Selection = Selection() }];
        ReleaseRequest[] changed = [Request(Count()) with { TopK = new TopKRequest(2, "rows", Weight("0.1")) }, Asked().Noisy(NoiseChoice.Gaussian), Concentrated()];

        Assert.All(same, r => Assert.DoesNotContain("\"first_pass\":2", r.ToCanonicalText(), StringComparison.Ordinal));
        Assert.All(changed, r => Assert.Contains("\"first_pass\":2", r.ToCanonicalText(), StringComparison.Ordinal));
    }

    private static ReleaseRequest Asked() => Request(Count(), Sum("money", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Weight("0.1") },
        Mean("real", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Own("0.1") }) with
    {
        Unit = new PrivacyUnitRequest { IdColumns = ["id"], AutoMaxPartitionsContributed = Weight("0.1"), AutoMaxContributionsPerPartition = Weight("0.1") },
    };

    /// <summary>Rho 0.02, which is 1.06 at 1e-6.</summary>
    private static ReleaseRequest Concentrated() => Asked() with
    {
        Aggregates = [Count(), Sum("money", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Weight("0.1") }],
        Accountant = AccountantChoice.Zcdp,
        Rho = Of("0.02"),
        Epsilon = Of("1.06"),
    };

    /// <summary>All units in the bin of 5 (of counts) or of 40 units.</summary>
    private static RecordBatch Counts(ReleasePlan plan, long units, long count = 5, long value = 40)
    {
        var columns = new List<ArrowArray>();
        foreach (var profile in plan.Bounds!.Spec.Profile!)
        {
            var bins = new ProfileBins(profile.Octaves, profile.IsSigned);
            columns.AddRange(Enumerable.Range(0, bins.Count).Select(b => ArrowArrays.Int64([b == bins.Of(profile.IsSigned ? value : count) ? units : 0])));
        }

        return new RecordBatch(new Schema([.. columns.Select((_, i) => new Field("c" + i, ArrowType.Int64))]), columns, 1);
    }
}
