using System.Numerics;
using System.Text;
using DpSpark.Core;
using DpSpark.Core.Accounting;
using DpSpark.Core.Noise;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;
using NoiseChoice = DpSpark.Engine.Planning.NoiseChoice;

namespace DpSpark.Tests.Engine.Planning;

public sealed class PlannerTests
{
    [Fact]
    public void Plan_RestaurantJob_HasTheScalesOfPaper()
    {
        var plan = Planner.Plan(Restaurant());

        // One row per unit and weekday: visitors and visits are one number, drawn once at epsilon (1 + 1)/4; l1 = 4, scale 4 / (1/2) = 8.
        var visitors = Assert.Single(plan.Spec.Nodes[0].Draws);
        Assert.Equal(new NoiseSpec(NoiseKind.DiscreteLaplace, 8, 1, SamplerVersion.Table), visitors.Noise);
        Assert.Equal([new Term(-1, 1)], visitors.Terms);
        var visits = Assert.Single(plan.Spec.Nodes[1].Draws);
        Assert.Equal("visitors", visits.SharedWith);
        Assert.Equal(visitors.Noise, visits.Noise);

        // Cents: 0 to 6000, l1 = 4 · 6000 cents, scale 24000 / (2/4) = 48000 cents.
        var spend = Assert.Single(plan.Spec.Nodes[2].Draws);
        Assert.Equal(new NoiseSpec(NoiseKind.DiscreteLaplace, 48000, 1, SamplerVersion.Cks), spend.Noise);
        Assert.Equal(new GridUnit(0, 2), spend.Grid);
        var sums = plan.Spec.Accumulators.Single(a => a.Kind == AccumulatorKind.Sum);
        Assert.Equal((0, 6000), (sums.Lower, sums.Upper));
        Assert.Equal(480 * Math.Sqrt(2), spend.StandardDeviation, 3);
        Assert.Equal(("1", "0", "basic-v1"), (plan.Epsilon.ToString(), plan.Delta.ToString(), plan.Accountant));
        Assert.True(PlanAudit.Recompute(plan).Holds);
        Assert.Equal(1, PlanAudit.Recompute(plan).Epsilon);
    }

    [Fact]
    public void Plan_ThirdsOfEpsilon_AreExact()
    {
        var plan = Planner.Plan(Request(Units(), Count(), Sum("whole", "0", "10")).Bounded(4, 2, null));

        // 1/3 each, though no decimal and no double is a third: scales 4·3, 4·2·3 and 4·2·10·3.
        Assert.Equal([12, 24, 240], plan.Spec.Nodes.Select(n => n.Draws[0].Noise.Numerator));
        Assert.All(plan.Spec.Nodes, n => Assert.Equal(BigInteger.One, n.Draws[0].Noise.Denominator));
        Assert.Equal(1, PlanAudit.Recompute(plan).Epsilon);
    }

    [Theory]
    [InlineData(4, 3, null, 12, 3, 36)]
    [InlineData(null, null, 10, 10, 10, 100)]
    [InlineData(4, 3, 10, 10, 3, 28)]
    [InlineData(4, 3, 12, 12, 3, 36)]
    [InlineData(2, 3, 100, 6, 3, 18)]
    [InlineData(20, 3, null, 21, 3, 63)]
    public void Plan_BoundsOfEveryKind_GiveTheBestNorms(int? l0, int? linf, int? l1, int rowsL1, int linfReal, int l2Squared)
    {
        var plan = Planner.Plan(Request(Count()).Bounded(l0, linf, l1));

        var row = Assert.Single(plan.Mechanisms);
        Assert.Equal((rowsL1, l2Squared), ((int)row.L1Units, (int)row.L2SquaredUnits));
        Assert.Equal(linfReal, row.LInf);
        Assert.Equal(new NoiseSpec(NoiseKind.DiscreteLaplace, rowsL1, 1, SamplerVersion.Table), plan.Spec.Nodes[0].Draws[0].Noise);
    }

    [Fact]
    public void Plan_UnitsUnderL1Alone_MoveOnePartitionPerRow()
    {
        var row = Planner.Plan(Request(Units()).Bounded(null, null, 5)).Mechanisms[0];

        Assert.Equal((5, 5), ((int)row.L1Units, (int)row.L2SquaredUnits));
        Assert.Equal(Math.Sqrt(5), row.L2, 12);
    }

    [Fact]
    public void Plan_NoLInf_IsEnoughForUnitsAndClampedPartitionSums()
    {
        var plan = Planner.Plan(Request(Units(), PartitionSum("whole", "-3", "7")).Bounded(2, null, null));

        Assert.Equal([4, 28], plan.Spec.Nodes.Select(n => n.Draws[0].Noise.Numerator));
        Assert.Null(plan.Spec.MaxContributionsPerPartition);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_RowsAsUnits_NeedNoBounds()
    {
        var request = Request(Count(), Sum("whole", "0", "10"));
        var plan = Planner.Plan(request with { Unit = new PrivacyUnitRequest { IdColumns = [] } });

        Assert.Equal([2, 20], plan.Spec.Nodes.Select(n => n.Draws[0].Noise.Numerator));
        Assert.Null(plan.Spec.MaxPartitionsContributed);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_L0AboveKeyset_UsesTheKeyset()
    {
        var plan = Planner.Plan(Request(Count()).Bounded(20, 1, null));

        Assert.Equal(7, plan.Spec.MaxPartitionsContributed);
        Assert.Contains(plan.Diagnostics, d => d.Code == "DPS3104");
    }

    [Fact]
    public void Plan_DoubleColumn_IsSummedFortyBitsBelowItsNoise()
    {
        var plan = Planner.Plan(Request(Sum("real", "-1.5", "2.5")));

        var draw = plan.Spec.Nodes[0].Draws[0];
        var sums = Assert.Single(plan.Spec.Accumulators);
        Assert.Equal(3 - 40, sums.Grid.BinaryExponent); // b = 4 · 2.5 = 10
        Assert.Equal(sums.Grid, draw.Grid);
        Assert.Equal((-3L << 36, 5L << 36), (sums.Lower, sums.Upper));
        Assert.Equal(new BigInteger(10) << 37, draw.Noise.Numerator);
    }

    [Fact]
    public void Plan_SumAndMeanOfOneColumn_ShareAnAccumulator()
    {
        var plan = Planner.Plan(Request(Count(), Sum("real", "0", "10"), Mean("real", "0", "10")).Bounded(8, 4, null));

        Assert.Equal([AccumulatorKind.Count, AccumulatorKind.Sum], plan.Spec.Accumulators.Select(a => a.Kind));
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_LaplaceMean_DrawsTwoBinsAtTheFullShare()
    {
        var plan = Planner.Plan(Request(Mean("whole", "-2", "8")).Bounded(4, 3, null));

        var node = Assert.Single(plan.Spec.Nodes);
        Assert.Equal(MomentBasis.Bins2, node.Basis);
        Assert.All(node.Draws, d => Assert.Equal(new BigInteger(4 * 3 * 10), d.Noise.Numerator));
        Assert.All(node.Draws, d => Assert.Equal(0, d.Shift));
        Assert.Equal([8, -1, 1, 2], node.Draws.SelectMany(d => d.Terms).Select(t => (int)t.Coefficient));
        Assert.Equal(1, PlanAudit.Recompute(plan).Epsilon);
    }

    [Fact]
    public void Plan_GaussianCounts_ComposeBetterThanTheirShares()
    {
        var plan = Planner.Plan(Request(Units(), Count(), Sum("whole", "0", "10")).Bounded(7, 2, null).Noisy(NoiseChoice.Gaussian));

        // Three Gaussians at (1, 1e-6): mu_i = mu / sqrt 3.
        var sigma = Math.Sqrt(7 * 3) / GaussianPrivacy.Mu(1, 1e-6);
        Assert.Equal("gdp-v1", plan.Accountant);
        Assert.InRange(plan.Spec.Nodes[0].Draws[0].StandardDeviation / sigma, 1, 1.0001);
        Assert.InRange(plan.Spec.Nodes[1].Draws[0].StandardDeviation / (2 * sigma), 1, 1.0001);
        Assert.InRange(plan.Spec.Nodes[2].Draws[0].StandardDeviation / (20 * sigma), 1, 1.0001);
        Assert.All(plan.Spec.Nodes, n => Assert.True(n.Draws[0].Noise.Numerator >= 1 << 20));
        Assert.True(plan.Spec.Nodes[0].Draws[0].Noise.Sampler == SamplerVersion.Table);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_GaussianDoubleSum_IsRoundedOnceAfterSummation()
    {
        var plan = Planner.Plan(Request(Sum("real", "0", "10"), Mean("real", "0", "10")).Noisy(NoiseChoice.Gaussian));

        Assert.All(plan.Spec.Nodes.Select(n => n.Draws[0]), d => Assert.InRange(d.Shift, 1, 60));
        Assert.All(plan.Spec.Nodes.Select(n => n.Draws[0]), d => Assert.InRange((double)d.Noise.Numerator, Math.ScaleB(1, 20), Math.ScaleB(1, 48)));
        Assert.Equal(MomentBasis.Split1, plan.Spec.Nodes[1].Basis);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_GaussianDoubleSumUnderL1Alone_IsNeverRoundedAfterSummation()
    {
        var plan = Planner.Plan(Request(Sum("real", "0", "10"), Mean("real", "0", "10")).Bounded(null, null, 6).Noisy(NoiseChoice.Gaussian));

        Assert.All(plan.Spec.Nodes.SelectMany(n => n.Draws), d => Assert.Equal(0, d.Shift));
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_HugeEpsilon_StillHasNoise()
    {
        foreach (var noise in new[] { NoiseChoice.Laplace, NoiseChoice.Gaussian, NoiseChoice.Auto })
        {
            var request = Request(Units(), Count(), Sum("money", "0", "60"), Sum("real", "0", "60", "reals"), Mean("real", "0", "60")).Bounded(7, 5, null).Noisy(noise);
            var plan = Planner.Plan(request with { Epsilon = Of("1e9") });

            Assert.True(PlanAudit.Recompute(plan).Holds);
            Assert.All(plan.Spec.Nodes.SelectMany(n => n.Draws), d => Assert.InRange(d.StandardDeviation, 0, 0.1));
            Assert.Contains(plan.Diagnostics, d => d.Code == "DPS3101");
        }
    }

    [Fact]
    public void Plan_Auto_PicksTheFamilyWithLessNoise()
    {
        var narrow = Planner.Plan(Request(Count()).Bounded(1, 1, null).Noisy(NoiseChoice.Auto));
        var wide = Planner.Plan((Request(Count()) with { Keyset = Keys(100) }).Bounded(50, 1, null).Noisy(NoiseChoice.Auto));

        Assert.Equal(NoiseKind.DiscreteLaplace, narrow.Spec.Nodes[0].Draws[0].Noise.Kind);
        Assert.Equal(NoiseKind.DiscreteGaussian, wide.Spec.Nodes[0].Draws[0].Noise.Kind);
    }

    [Fact]
    public void Plan_AutoWithoutDelta_IsLaplace()
    {
        var plan = Planner.Plan((Request(Count()) with { Keyset = Keys(100), Noise = NoiseChoice.Auto }).Bounded(50, 1, null));

        Assert.Equal(NoiseKind.DiscreteLaplace, plan.Spec.Nodes[0].Draws[0].Noise.Kind);
    }

    [Fact]
    public void Plan_OwnBudgets_AreTakenOutFirst()
    {
        var plan = Planner.Plan(Request(Units("a", Own("0.5")), Count("b"), Sum("whole", "0", "1", "c", Weight("3"))).Bounded(1, 2, null));

        // 0.5 to a; of the other half a quarter to b and three to c.
        Assert.Equal([(2, 1), (16, 1), (16, 3)], plan.Spec.Nodes.Select(n => ((int)n.Draws[0].Noise.Numerator, (int)n.Draws[0].Noise.Denominator)));
        Assert.Equal("1", plan.Epsilon.ToString());
    }

    [Fact]
    public void Plan_OwnBudgetsAlone_ChargeTheirSum()
    {
        var plan = Planner.Plan(Request(Units("a", Own("0.25")), Count("b", Own("0.5"))).Bounded(1, 2, null));

        Assert.Equal("0.75", plan.Epsilon.ToString());
        Assert.Equal(0.75, PlanAudit.Recompute(plan).Epsilon);
    }

    [Fact]
    public void Plan_EqualBounds_MeanIsPublicAndFree()
    {
        var plan = Planner.Plan(Request(Mean("real", "0.1", "0.1"), Count()).Bounded(4, 1, null));

        var node = plan.Spec.Nodes[0];
        Assert.Equal(NodeForm.Constant, node.Form);
        Assert.Equal(0.1, node.Grid.ToDouble(node.Lower), 15);
        Assert.Equal(4, plan.Spec.Nodes[1].Draws[0].Noise.Numerator);
        Assert.Contains(plan.Diagnostics, d => d.Code == "DPS3108");
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_EqualBounds_SumIsThatValueTimesANoisyCount()
    {
        var plan = Planner.Plan(Request(Sum("whole", "5", "5")));

        Assert.Equal(20, plan.Spec.Nodes[0].Draws[0].Noise.Numerator);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Theory]
    [InlineData("1e-15")]
    [InlineData("1e-9")]
    [InlineData("50")]
    [InlineData("1073741824")]
    public void Plan_EpsilonAtTheEdges_HoldsItsClaim(string epsilon)
    {
        foreach (var noise in new[] { NoiseChoice.Laplace, NoiseChoice.Gaussian })
        {
            var request = Request(Count(), Sum("real", "-1", "1"), Mean("real", "-1", "1")).Bounded(3, 2, null).Noisy(noise, "0.01");

            Assert.True(PlanAudit.Recompute(Planner.Plan(request with { Epsilon = Of(epsilon) })).Holds);
        }
    }

    [Fact]
    public void Plan_Twice_GivesTheSameBytes()
    {
        var request = Request(Units(), Sum("real", "0", "10"), Mean("money", "0", "10")).Bounded(8, 4, null).Private(Selection()).Noisy(NoiseChoice.Auto);

        var first = Planner.Plan(request);
        var second = Planner.Plan(request with { });

        Assert.Equal(PlanJson.Write(first), PlanJson.Write(second));
        Assert.Equal(PlanText.Write(first), PlanText.Write(second));
    }

    [Fact]
    public void StageSpec_ThroughJson_ComesBackTheSame()
    {
        var plan = Planner.Plan(Request(Units(), Sum("real", "0", "10"), Mean("money", "0", "10")).Bounded(8, 4, null).Private(Selection(SelectionStrategy.TruncatedGeometric)));

        var json = plan.Spec.ToJson();
        var back = StageSpec.FromJson(json);

        Assert.Equal(json, back.ToJson());
        Assert.Equal(plan.Spec.Selection!.Table, back.Selection!.Table);
        Assert.Equal(plan.Spec.Nodes.SelectMany(n => n.Draws).Select(d => d.Noise), back.Nodes.SelectMany(n => n.Draws).Select(d => d.Noise));
        Assert.Equal(plan.Spec.Accumulators, back.Accumulators);
        Assert.Equal(plan.Spec.Columns, back.Columns);
    }

    [Fact]
    public void StageSpec_DamagedJson_IsRefused()
    {
        var json = Encoding.UTF8.GetString(Planner.Plan(Restaurant()).Spec.ToJson());

        Assert.Equal("DPS9005", Assert.Throws<DpSparkException>(() => StageSpec.FromJson(Encoding.UTF8.GetBytes(json[..^2]))).Code);
        Assert.Equal("DPS7005", Assert.Throws<DpSparkException>(() => StageSpec.FromJson(Encoding.UTF8.GetBytes(json.Replace("\"version\":2", "\"version\":9", StringComparison.Ordinal)))).Code);
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace, false)]
    [InlineData(NoiseChoice.Gaussian, false)]
    [InlineData(NoiseChoice.Laplace, true)]
    public void Plan_SumOfOneValueBesideACount_IsReadOffItAndCostsNothing(NoiseChoice noise, bool first)
    {
        AggregateRequest[] aggregates = first ? [Sum("money", "2.5", "2.5"), Count()] : [Count(), Sum("money", "2.5", "2.5")];
        var plan = Planner.Plan(Request(aggregates).Bounded(4, 3, null).Noisy(noise));
        var alone = Planner.Plan(Request(Count()).Bounded(4, 3, null).Noisy(noise));

        var sum = plan.Spec.Nodes.Single(n => n.Output == "total");
        var count = plan.Spec.Nodes.Single(n => n.Output == "rows");
        Assert.Equal((NodeForm.Scaled, 250L, "rows"), (sum.Form, sum.Lower, Assert.Single(sum.Draws).SharedWith));
        Assert.Null(count.Draws[0].SharedWith);
        Assert.Equal(alone.Spec.Nodes[0].Draws[0].Noise, count.Draws[0].Noise);
        Assert.Equal(2.5 * count.Draws[0].StandardDeviation, plan.Mechanisms.Single(m => m.Node == "total").StandardDeviation, 9);
        Assert.Contains(plan.Diagnostics, d => d.Code == "DPS3108");
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
    }

    [Fact]
    public void Plan_UnitsSumsOfOneValueBesideUnits_AreReadOffThem()
    {
        var plan = Planner.Plan(Request(PartitionSum("whole", "-3", "-3"), Units(), Count()).Bounded(4, 3, null));

        Assert.Equal((NodeForm.Scaled, "units", -1), (plan.Spec.Nodes[0].Form, plan.Spec.Nodes[0].Draws[0].SharedWith, plan.Spec.Nodes[0].Draws[0].Terms[0].Accumulator));
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
    }

    [Fact]
    public void Plan_SumOfOneValueWithoutACount_DrawsItsOwn()
    {
        var plan = Planner.Plan(Request(Units(), Sum("money", "2.5", "2.5")).Bounded(4, 3, null));

        Assert.Equal(NodeForm.Direct, plan.Spec.Nodes[1].Form);
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
    }
}
