using System.Numerics;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Bounds;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Bounds;

public sealed class FirstPassTests
{
    private static readonly ReleasePlan s_plan = Planner.Plan(Asked() with { Epsilon = Of("2") });

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

    private static ReleaseRequest Asked() => Request(Count(), Sum("money", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Weight("0.1") },
        Mean("real", "0", "1") with { MinValue = null, MaxValue = null, AutoBounds = Own("0.1") }) with
    {
        Unit = new PrivacyUnitRequest { IdColumns = ["id"], AutoMaxPartitionsContributed = Weight("0.1"), AutoMaxContributionsPerPartition = Weight("0.1") },
    };

    /// <summary>All units in the bin of 5 (of counts) or of 40 units.</summary>
    private static RecordBatch Counts(ReleasePlan plan, long units)
    {
        var columns = new List<ArrowArray>();
        foreach (var profile in plan.Bounds!.Spec.Profile!)
        {
            var bins = new ProfileBins(profile.Octaves, profile.IsSigned);
            columns.AddRange(Enumerable.Range(0, bins.Count).Select(b => ArrowArrays.Int64([b == bins.Of(profile.IsSigned ? 40 : 5) ? units : 0])));
        }

        return new RecordBatch(new Schema([.. columns.Select((_, i) => new Field("c" + i, ArrowType.Int64))]), columns, 1);
    }
}
