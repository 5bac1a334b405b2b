using System.Numerics;
using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

public sealed class SelectionPlanTests
{
    [Fact]
    public void Plan_TruncatedGeometric_BuildsTheTableOfItsShare()
    {
        var plan = Planner.Plan(Request(Count()).Bounded(1, 2, null).Private(Selection(SelectionStrategy.TruncatedGeometric)));

        var expected = TruncatedGeometricTable.Build(SelectionBudget.Basic(0.5, 1e-6, 1).Safely());
        Assert.Equal(expected, plan.Spec.Selection!.Table);
        Assert.Equal(("1", "1e-6"), (plan.Epsilon.ToString(), plan.Delta.ToString()));
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Fact]
    public void Plan_ManyPartitionsPerUnit_UsesOptimalComposition()
    {
        var plan = Planner.Plan(Request(Count("a", Own("0.0001"))).Bounded(100, 1, null).Private(Selection(SelectionStrategy.TruncatedGeometric, 1, Own("0.9"))));

        // dp-math 4.2: at L0 = 100 the basic split needs about twice the units.
        var half = plan.KeepChances.First(c => c.Probability >= 0.5).Units;
        Assert.True(half < 0.6 * new TruncatedGeometric(SelectionBudget.Basic(0.9, 1e-6, 100)).UnitsFor(0.5));
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Theory]
    [InlineData(SelectionStrategy.LaplaceThreshold, NoiseChoice.Laplace)]
    [InlineData(SelectionStrategy.GaussianThreshold, NoiseChoice.Gaussian)]
    public void Plan_ThresholdWithACountOfUnits_DrawsTheCountOnceForBothShares(SelectionStrategy strategy, NoiseChoice noise)
    {
        var request = Request(Units("people"), Sum("whole", "0", "9")).Bounded(3, 1, null).Noisy(noise);
        var plan = Planner.Plan(request.Private(Selection(strategy, 5)));

        var selection = plan.Spec.Selection!;
        var count = plan.Spec.Nodes[0].Draws[0];
        Assert.Equal("people", selection.SharedOutput);
        Assert.Equal(count.Noise, selection.Noise);
        Assert.Equal(count.Grid, selection.NoiseGrid);
        Assert.Equal(0, plan.KeepChances.First(c => c.Units == 1).Probability);
        Assert.True(PlanAudit.Recompute(plan).Holds);
        if (noise == NoiseChoice.Laplace)
        {
            Assert.Equal((9, 2), ((int)count.Noise.Numerator, (int)count.Noise.Denominator)); // 3 / (2/3)
        }
    }

    [Fact]
    public void Plan_ThresholdWithoutACount_PaysForItsOwn()
    {
        var plan = Planner.Plan(Request(Sum("whole", "0", "9")).Private(Selection(SelectionStrategy.LaplaceThreshold)));

        Assert.Null(plan.Spec.Selection!.SharedOutput);
        Assert.Equal(8, plan.Spec.Selection.Noise!.Numerator); // 4 / (1/2)
        Assert.Equal(RequestCheckName, plan.Mechanisms[0].Node);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Theory]
    [InlineData(SelectionStrategy.TruncatedGeometric)]
    [InlineData(SelectionStrategy.LaplaceThreshold)]
    [InlineData(SelectionStrategy.GaussianThreshold)]
    [InlineData(SelectionStrategy.WeightedGaussian)]
    [InlineData(SelectionStrategy.Sips)]
    public void Plan_SingleUnit_IsShownWithAtMostDelta(SelectionStrategy strategy)
    {
        foreach (var preThreshold in new[] { 1, 20 })
        {
            var plan = Planner.Plan(Request(Count()).Private(Selection(strategy, preThreshold)));

            var single = plan.KeepChances.First(c => c.Units == preThreshold).Probability;
            Assert.InRange(single, 1e-10, 1e-6 / 4 * 1.0001);
            Assert.True(PlanAudit.Recompute(plan).Holds);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(30)]
    [InlineData(300)]
    public void Plan_Auto_TakesTheRuleThatShowsPartitionsFirst(int l0)
    {
        var request = Request(Units(), Count()).Bounded(l0, 2, null);
        long Half(SelectionStrategy? strategy) => Planner.Plan(request.Private(Selection(strategy))).KeepChances.First(c => c.Probability >= 0.5).Units;

        var best = new[] { SelectionStrategy.TruncatedGeometric, SelectionStrategy.LaplaceThreshold, SelectionStrategy.GaussianThreshold, SelectionStrategy.WeightedGaussian }.Min(s => Half(s));

        Assert.Equal(best, Half(null));
    }

    [Fact]
    public void Plan_GaussianThreshold_UsesNearlyAllOfDeltaForTheKeysToo()
    {
        var plan = Planner.Plan(Request(Units()).Bounded(16, 1, null).Noisy(NoiseChoice.Gaussian).Private(Selection(SelectionStrategy.GaussianThreshold)));

        var spec = plan.Spec.Selection!;
        var units = BigInteger.One << -spec.NoiseGrid.BinaryExponent;
        var tail = DiscreteDistributions.GaussianUpperTail((double)spec.Noise!.Numerator, (double)(spec.Threshold - units));
        Assert.InRange(plan.Delta.ToDouble(), 1e-6, 1e-6);
        Assert.InRange(Elementary.OneMinusPower(tail, 16), 9e-7, 1e-6);
        Assert.InRange(GaussianPrivacy.Delta(1, Math.Sqrt(16) / plan.Spec.Nodes[0].Draws[0].StandardDeviation), 9.8e-7, 9.9e-7);
        Assert.Equal("gdp-v1", plan.Accountant);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(60)]
    [InlineData(300)]
    public void Plan_WeightedGaussian_IsTheCalibrationOfTheJointRule(int l0)
    {
        var plan = Planner.Plan(Request().Bounded(l0, null, null).Private(Selection(SelectionStrategy.WeightedGaussian, 1)) with { Noise = NoiseChoice.Gaussian });

        // Sigma from nearly all of delta, and the smallest threshold under which no (m, t) costs more: between the rule for the halves of delta and the same for all of it.
        var spec = plan.Spec.Selection!;
        var one = BigInteger.One << -spec.NoiseGrid.BinaryExponent;
        var sigma = Math.Sqrt((double)spec.Noise!.Numerator / (double)spec.Noise.Denominator) / (double)one;
        var threshold = (double)spec.Threshold / (double)one;
        Assert.Equal(GaussianPrivacy.Sigma(1, 0.99e-6, 1), sigma, 1e-3);
        var least = Enumerable.Range(1, l0).Max(m => (1 / Math.Sqrt(m)) + (sigma * Normal.UpperQuantile(Elementary.OneMinusPower(1e-6, 1.0 / m))));
        Assert.InRange(threshold, least, (least * 1.02) + 0.01);
        Assert.True(threshold < WeightedGaussian.Calibrate(1, 1e-6, l0).Threshold);
        Assert.True(PlanAudit.Recompute(plan).Holds);
        Assert.Single(plan.Spec.Accumulators, a => a.Kind == AccumulatorKind.Weight);
        Assert.Equal("weighted_gaussian", plan.Mechanisms[0].Mechanism);
        Assert.Equal(1, plan.Mechanisms[0].L2);
    }

    [Fact]
    public void Plan_WeightedGaussianWithAFloor_RaisesTheThresholdByItOnce()
    {
        SelectionSpec Spec(int floor) => Planner.Plan(Request(Units()).Bounded(9, 1, null).Private(Selection(SelectionStrategy.WeightedGaussian, floor))).Spec.Selection!;

        Assert.Equal(Spec(1).Threshold + (4 * (BigInteger.One << -Spec(1).NoiseGrid.BinaryExponent)), Spec(5).Threshold);
    }

    [Fact]
    public void Plan_AutoWithoutACountOfUnits_TakesWeights()
    {
        var plan = Planner.Plan(Request(Count()).Bounded(60, 1, null).Private(Selection()) with { Noise = NoiseChoice.Auto });

        Assert.Equal(SelectionStrategy.WeightedGaussian, plan.Spec.Selection!.Strategy);
        Assert.Contains("Units in a partition, each in 60 partitions -> chance it is shown\n", PlanText.Write(plan), StringComparison.Ordinal);
        Assert.True(PlanAudit.Recompute(plan).Holds);
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Plan_WeightedGaussianBesideOtherNoise_IsAudited(NoiseChoice noise)
    {
        var plan = Planner.Plan(Request(Units(), Sum("whole", "0", "9"), Mean("money", "0", "60")).Bounded(60, 2, null).Private(Selection(SelectionStrategy.WeightedGaussian, 3)) with { Noise = noise });

        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        Assert.Null(plan.Spec.Selection!.SharedOutput);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(60, 3)]
    [InlineData(300, 2)]
    [InlineData(8, 10)]
    public void Plan_Sips_DividesRhoAndDeltaByThreeFromRoundToRound(int l0, int rounds)
    {
        var plan = Planner.Plan(Request().Bounded(l0, null, null).Private(Selection(SelectionStrategy.Sips) with { Rounds = rounds }) with { Noise = NoiseChoice.Gaussian });

        var expected = SelectionRounds.Calibrate(1, 1e-6, l0, rounds).Rounds;
        Assert.Equal(rounds, plan.Rounds.Count);
        for (var r = 0; r < rounds; r++)
        {
            var selection = plan.Rounds[r].Selection!;
            var one = (double)(BigInteger.One << -selection.NoiseGrid.BinaryExponent);
            Assert.Equal(expected[r].Sigma, Math.Sqrt((double)selection.Noise!.Numerator / (double)selection.Noise.Denominator) / one, expected[r].Sigma * 1e-4);
            Assert.InRange((double)selection.Threshold / one, expected[r].Threshold, expected[r].Threshold * 1.003);
            Assert.Equal((r + 1, r > 0, l0), (selection.Round, plan.Rounds[r].LeavesOutKeys, plan.Rounds[r].MaxPartitionsContributed));
            Assert.Equal(($"round{r + 1}", "weighted_gaussian", 1.0), (plan.Mechanisms[r].Part, plan.Mechanisms[r].Mechanism, plan.Mechanisms[r].L2));
        }

        Assert.Null(plan.Spec.Selection);
        Assert.True(plan.Spec.PublicPartitions);
        Assert.Equal(("1", "1e-6", "gdp-v1"), (plan.Epsilon.ToString(), plan.Delta.ToString(), plan.Accountant));
        Assert.InRange(plan.Mechanisms.Sum(m => m.Epsilon.ToDouble()), 0.999_999, 1);
        Assert.Empty(PlanAudit.Recompute(plan).Findings);
        Assert.InRange(PlanAudit.Recompute(plan).Delta, 0.98e-6, 1e-6);
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace, AccountantChoice.Pld)]
    [InlineData(NoiseChoice.Gaussian, AccountantChoice.Pld)]
    [InlineData(NoiseChoice.Auto, AccountantChoice.Pld)]
    [InlineData(NoiseChoice.Gaussian, AccountantChoice.Zcdp)]
    [InlineData(NoiseChoice.Gaussian, AccountantChoice.Basic)]
    public void Plan_SipsBesideOtherNoise_IsAudited(NoiseChoice noise, AccountantChoice accountant)
    {
        var request = Request(Units(), Sum("whole", "0", "9"), Mean("money", "0", "60")).Bounded(60, 2, null).Private(Selection(SelectionStrategy.Sips, 3)) with { Noise = noise, Accountant = accountant };
        foreach (var asked in new[] { request, request with { Selection = request.Selection! with { Budget = Own("0.3", "4e-7") } } })
        {
            var plan = Planner.Plan(asked);

            Assert.Empty(PlanAudit.Recompute(plan).Findings);
            Assert.All(plan.Rounds, r => Assert.Equal(3, r.Selection!.PreThreshold));
            Assert.DoesNotContain(plan.Spec.Accumulators, a => a.Kind == AccumulatorKind.Weight);
        }
    }

    [Fact]
    public void Plan_SipsWithAFloor_RaisesEveryThresholdByItOnce()
    {
        IReadOnlyList<StageSpec> Rounds(int floor) => Planner.Plan(Request(Units()).Bounded(9, 1, null).Private(Selection(SelectionStrategy.Sips, floor))).Rounds;

        Assert.All(Rounds(1).Zip(Rounds(5)), r =>
            Assert.Equal(r.First.Selection!.Threshold + (4 * (BigInteger.One << -r.First.Selection.NoiseGrid.BinaryExponent)), r.Second.Selection!.Threshold));
    }

    [Fact]
    public void Plan_Sips_SaysItsRoundsAndTheChancesOfAllOfThem()
    {
        var plan = Planner.Plan(Request(Units()).Bounded(60, 1, null).Private(Selection(SelectionStrategy.Sips)));
        var text = PlanText.Write(plan);

        Assert.Contains("  +- select, round 1 of 3  ", text, StringComparison.Ordinal);
        Assert.Contains("  +- select, round 3 of 3: keys not shown before  ", text, StringComparison.Ordinal);
        Assert.Contains("  +- keep rows of the keys shown  ", text, StringComparison.Ordinal);
        Assert.Contains("partition_selection, round3: epsilon ", text, StringComparison.Ordinal);
        Assert.Contains("Units in a partition, each in 60 partitions -> chance it is shown\n", text, StringComparison.Ordinal);
        var units = plan.KeepChances.First(c => c.Probability > 0.3);
        var hidden = plan.Rounds.Aggregate(1.0, (h, r) =>
        {
            var one = (double)(BigInteger.One << -r.Selection!.NoiseGrid.BinaryExponent);
            var sigma = Math.Sqrt((double)r.Selection.Noise!.Numerator / (double)r.Selection.Noise.Denominator);
            return h * Normal.LowerTail(((double)r.Selection.Threshold - (units.Units * one / Math.Sqrt(60))) / sigma);
        });
        Assert.Equal(1 - hidden, units.Probability, 1e-3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    public void Plan_SipsWithAnOddNumberOfRounds_IsRefused(int rounds) =>
        Assert.Contains(
            Assert.Throws<PlanningException>(() => Planner.Plan(Request(Units()).Private(Selection(SelectionStrategy.Sips) with { Rounds = rounds }))).Faults,
            f => f is { Code: "DPS2516", Path: "partition_selection.rounds" });

    private const string RequestCheckName = "partition_selection";
}
